/** deploy/install.sh, with DESTDIR instead of the root of this machine. */
import { expect, test } from "bun:test";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";

const deploy = join(import.meta.dir, "../../deploy");

/** Creates a copy of deploy/ next to an executable, as on a server, and an empty root to install into. */
function prepare(): {
  install(...args: string[]): Bun.SyncSubprocess;
  at(path: string): string;
  replaceExecutable(text: string): void;
} {
  const [folder, machine] = [temporaryFolder("copied"), temporaryFolder("machine")];
  cpSync(deploy, join(folder, "deploy"), { recursive: true });
  const replaceExecutable = (text: string) =>
    writeFileSync(join(folder, "email-connector"), text, { mode: 0o755 });
  replaceExecutable("#!/bin/sh\n");
  return {
    install: (...args) =>
      Bun.spawnSync(["sh", "deploy/install.sh", ...args], {
        cwd: folder,
        env: { PATH: process.env.PATH ?? "", DESTDIR: machine },
      }),
    at: (path) => join(machine, path),
    replaceExecutable,
  };
}

test("It installs executable, key, settings and units with the host name in them, for a certificate of its own", () => {
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
  for (const line of ["LimitCORE=0", "AmbientCapabilities=CAP_NET_BIND_SERVICE"])
    expect(unit).toContain(`\n${line}\n`);
  expect(unit).toContain("net.ipv4.tcp_migrate_req=1");
  expect(existsSync(at("etc/systemd/system/email-connector-backup.timer"))).toBe(true);
  expect(existsSync(at("etc/systemd/system/email-connector.service.d"))).toBe(false);
  const settings = readFileSync(at("etc/email-connector/settings"), "utf8");
  expect(settings).toContain("\nPUBLIC_URL=https://post.example.net\n");
  expect(settings).toContain("\nHTTPS=acme\n");
  expect(settings).not.toContain("\nTRUSTED_PROXIES=");
  expect(statSync(at("etc/email-connector/settings")).mode & 0o777).toBe(0o600);
  expect(existsSync(at("etc/caddy"))).toBe(false);
  expect(settings + unit).not.toContain("mail.example.org");
});

test.each(["caddy", "nginx"])("With --%s it sits behind that proxy, and has no capability", (proxy) => {
  const { install, at } = prepare();
  expect(String(install(`--${proxy}`, "post.example.net").stderr)).toBe("");
  const settings = readFileSync(at("etc/email-connector/settings"), "utf8");
  expect(settings).toContain("\nTRUSTED_PROXIES=127.0.0.1,::1\n");
  expect(settings).not.toContain("\nHTTPS=acme\n");
  const dropin = readFileSync(at("etc/systemd/system/email-connector.service.d/proxy.conf"), "utf8");
  expect(dropin).toContain("\nAmbientCapabilities=\n");
  expect(dropin).toContain("\nPrivateUsers=yes\n");
  const file = proxy === "caddy" ? "etc/caddy/Caddyfile" : "etc/nginx/conf.d/email-connector.conf";
  expect(readFileSync(at(file), "utf8")).toContain("post.example.net");
});

test("A second run keeps the key, the settings, additions to the Caddyfile, and the first Caddyfile", () => {
  const { install, at } = prepare();
  mkdirSync(at("etc/caddy"), { recursive: true });
  writeFileSync(at("etc/caddy/Caddyfile"), "other.example.net {\n}\n");
  install("--caddy", "post.example.net");
  appendFileSync(at("etc/email-connector/settings"), "ALLOWED_EMAILS=@example.net\n");
  appendFileSync(at("etc/caddy/Caddyfile"), "other.example.net {\n}\n");
  const kept = ["etc/email-connector/server.key", "etc/email-connector/settings", "etc/caddy/Caddyfile"];
  const before = kept.map((path) => readFileSync(at(path), "utf8"));
  expect(String(install("--caddy", "post.example.net").stderr)).toBe("");
  expect(kept.map((path) => readFileSync(at(path), "utf8"))).toEqual(before);
  expect(readFileSync(at("etc/caddy/Caddyfile.before"), "utf8")).toStartWith("other.example.net");
});

test("Empty files of an interrupted run are written anew", () => {
  const { install, at } = prepare();
  mkdirSync(at("etc/email-connector"), { recursive: true });
  for (const name of ["settings", "server.key"]) writeFileSync(at(`etc/email-connector/${name}`), "");
  expect(install("post.example.net").exitCode).toBe(0);
  expect(statSync(at("etc/email-connector/settings")).size).toBeGreaterThan(100);
  expect(statSync(at("etc/email-connector/server.key")).size).toBe(64);
});

test("A second run for another host reports that the settings still name the first", () => {
  const { install } = prepare();
  install("post.example.net");
  expect(String(install("mail.example.net").stderr)).toContain(
    "another PUBLIC_URL than https://mail.example.net",
  );
});

test.each(["https://post.example.net", "https://post.example.net/", "POST.example.net", "post.example.net/"])(
  "The host may be given as %s",
  (given) => {
    const { install, at } = prepare();
    expect(String(install(given).stderr)).toBe("");
    const settings = readFileSync(at("etc/email-connector/settings"), "utf8");
    expect(settings).toContain("\nPUBLIC_URL=https://post.example.net\n");
  },
);

test.each([
  ["nothing", []],
  ["an http address", ["http://post.example.net"]],
  ["a path", ["https://post.example.net/mcp"]],
  ["a port", ["post.example.net:8443"]],
  ["an IP address", ["203.0.113.7"]],
  ["one word", ["mailserver"]],
  ["an underscore", ["my_mail.example.net"]],
  ["a name that begins with a dash", ["-post.example.net"]],
  ["code for sed", ["a/;s/x/y/.example.net"]],
  ["two lines", ["a.example.net\nb.example.net"]],
  ["an unknown option", ["--apache", "post.example.net"]],
])("%s is refused, and nothing is installed", (_, args) => {
  const { install, at } = prepare();
  const run = install(...args);
  expect(run.exitCode).toBe(1);
  expect(String(run.stderr)).not.toBe("");
  expect(readdirSync(at("."))).toEqual([]);
});

test("An executable that does not run on this machine replaces nothing", () => {
  const { install, at, replaceExecutable } = prepare();
  replaceExecutable("#!/bin/sh\nexit 126\n");
  const run = install("post.example.net");
  expect(run.exitCode).toBe(1);
  expect(String(run.stderr)).toContain("does not run on this machine");
  expect(readdirSync(at("."))).toEqual([]);
});
