/** deploy/install.sh, with DESTDIR instead of the root of this machine. */
import { expect, test } from "bun:test";
import { appendFileSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";

const deploy = join(import.meta.dir, "../../deploy");

/** Creates a copy of deploy/ next to an executable, as on a server, and an empty root to install into. */
function prepare(): { install(...args: string[]): Bun.SyncSubprocess; at(path: string): string } {
  const [folder, machine] = [temporaryFolder("copied"), temporaryFolder("machine")];
  cpSync(deploy, join(folder, "deploy"), { recursive: true });
  writeFileSync(join(folder, "email-connector"), "#!/bin/sh\n");
  return {
    install: (...args) =>
      Bun.spawnSync(["sh", "deploy/install.sh", ...args], {
        cwd: folder,
        env: { PATH: process.env.PATH ?? "", DESTDIR: machine },
      }),
    at: (path) => join(machine, path),
  };
}

test("It installs executable, key, settings, unit and Caddyfile with the host name in them", () => {
  const { install, at } = prepare();
  const run = install("post.example.net");
  expect([run.exitCode, String(run.stderr)]).toEqual([0, ""]);
  expect(statSync(at("usr/local/bin/email-connector")).mode & 0o777).toBe(0o755);
  expect(statSync(at("etc/email-connector")).mode & 0o777).toBe(0o700);
  expect(statSync(at("etc/email-connector/server.key")).mode & 0o777).toBe(0o600);
  expect(readFileSync(at("etc/email-connector/server.key"), "utf8")).toMatch(/^[0-9a-f]{64}$/);
  const unit = readFileSync(at("etc/systemd/system/email-connector.service"), "utf8");
  expect(unit).toContain("\nEnvironmentFile=/etc/email-connector/settings\n");
  expect(unit).toContain("\nLoadCredential=server.key:/etc/email-connector/server.key\n");
  const settings = readFileSync(at("etc/email-connector/settings"), "utf8");
  expect(settings).toContain("\nPUBLIC_URL=https://post.example.net\n");
  expect(statSync(at("etc/email-connector/settings")).mode & 0o777).toBe(0o600);
  const caddyfile = readFileSync(at("etc/caddy/Caddyfile"), "utf8");
  expect(caddyfile).toContain("\npost.example.net {\n");
  expect(settings + unit + caddyfile).not.toContain("mail.example.org");
});

test("A second run keeps the key, the settings, additions to the Caddyfile, and the first Caddyfile", () => {
  const { install, at } = prepare();
  mkdirSync(at("etc/caddy"), { recursive: true });
  writeFileSync(at("etc/caddy/Caddyfile"), "other.example.net {\n}\n");
  install("post.example.net");
  appendFileSync(at("etc/email-connector/settings"), "ALLOWED_EMAILS=@example.net\n");
  appendFileSync(at("etc/caddy/Caddyfile"), "other.example.net {\n}\n");
  const kept = ["etc/email-connector/server.key", "etc/email-connector/settings", "etc/caddy/Caddyfile"];
  const before = kept.map((path) => readFileSync(at(path), "utf8"));
  expect(String(install("post.example.net").stderr)).toBe("");
  expect(kept.map((path) => readFileSync(at(path), "utf8"))).toEqual(before);
  expect(readFileSync(at("etc/caddy/Caddyfile.before"), "utf8")).toStartWith("other.example.net");
});

test("A second run for another host reports that the settings still name the first", () => {
  const { install } = prepare();
  install("post.example.net");
  expect(String(install("mail.example.net").stderr)).toContain(
    "another PUBLIC_URL than https://mail.example.net",
  );
});

test("Without a host name it installs nothing and reports what is missing", () => {
  const run = prepare().install();
  expect(run.exitCode).not.toBe(0);
  expect(String(run.stderr)).toContain("name the host, such as mail.example.org");
});
