/** The command line: help, exit codes, and the validation of settings. */
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { loadCommandConfig } from "../../src/cli/command-config.ts";
import { describeSettings, loadConfig } from "../../src/config.ts";
import { runCommand } from "../support/command.ts";
import { temporaryFolder } from "../support/temporary.ts";

const operatingGuide = readFileSync(join(import.meta.dir, "../../docs/operating.md"), "utf8");

test("Every setting is described in a sentence", () => {
  for (const { name, description } of describeSettings()) {
    expect(name).toMatch(/^[A-Z][A-Z_]+$/);
    expect(description).toMatch(/^[A-Z].{15,200}\.$/);
  }
});

test("The help names every command and every setting, and docs/operating.md every command", async () => {
  const { exitCode, printed } = await runCommand(["--help"]);
  expect(exitCode).toBe(0);
  for (const command of ["serve", "check", "doctor", "grants", "rotate-key", "backup", "version"]) {
    expect(printed).toContain(`  ${command} `);
    expect(operatingGuide).toMatch(new RegExp(`\\| .*\`${command}[ \`]`));
  }
  for (const { name } of describeSettings()) expect(printed).toContain(name);
});

test("version prints the version", async () => {
  expect(await runCommand(["version"])).toEqual({ exitCode: 0, printed: `${version}\n`, printedErrors: "" });
});

test("An unknown command, a missing argument and an unknown option exit with 2 and refer to the help", async () => {
  for (const argv of [["frobnicate"], ["backup"], ["serve", "--fast"], ["grants", "revoke"]]) {
    const { exitCode, printedErrors } = await runCommand(argv);
    expect(exitCode).toBe(2);
    expect(printedErrors).toContain("--help");
  }
});

test("A variable near a setting's name is refused with the nearest name, and other programs' variables are not", async () => {
  const near = { ALLOWED_EMAIL: "ALLOWED_EMAILS", PUBLIC_URI: "PUBLIC_URL" };
  const env = { ALLOWED_EMAIL: "@example.org", PUBLIC_URI: "x" };
  const { exitCode, printedErrors } = await runCommand(["serve"], env);
  expect(exitCode).toBe(2);
  for (const name of Object.keys(env) as (keyof typeof env)[])
    expect(printedErrors).toContain(`${name}: there is no such setting; did you mean ${near[name]}?`);
  const foreign = {
    HOME: "/root",
    HOSTNAME: "a",
    HTTP_PROXY: "b",
    HTTPS_PROXY: "c",
    XDG_DATA_DIRS: "d",
    PORTS: "1",
  };
  expect(loadConfig({ ...foreign, ALLOWED_EMAIL: " " }).unknownSettings).toEqual([]);
});

test("An unknown name that begins like a setting is warned of", () => {
  const { unknownSettings } = loadConfig({ ACME_PROFILE: "x", ALLOWED_COUNTRIES: "y", DATA_SOURCE: "z" });
  expect(unknownSettings).toEqual(["ACME_PROFILE", "ALLOWED_COUNTRIES"]);
});

test("Commands read the settings of the service on this machine; the environment is stronger", async () => {
  const folder = temporaryFolder("service");
  writeFileSync(
    join(folder, "settings"),
    '# comment\nPUBLIC_URL="https://mail.example.org"\nDATA_DIR=/nowhere/data\n\nTRUSTED_PROXIES=127.0.0.1,::1\n',
  );
  const config = loadCommandConfig({ env: { LOG_LEVEL: "error" }, serviceFolder: folder });
  expect(config).toMatchObject({
    publicUrl: "https://mail.example.org",
    dataDir: "/nowhere/data",
    encryptionKeyFile: `${folder}/server.key`,
    trustedProxies: ["127.0.0.1", "::1"],
    logLevel: "error",
  });
  // Another server than the service.
  const other = loadCommandConfig({ env: { DATA_DIR: "/elsewhere" }, serviceFolder: folder });
  expect(other).toMatchObject({ dataDir: "/elsewhere", encryptionKeyFile: undefined });
  const without = loadCommandConfig({ env: {}, serviceFolder: join(folder, "none") });
  expect(without.dataDir).toBe("./data");
  expect(() => loadCommandConfig({ env: {}, serviceFolder: join(folder, "settings") })).toThrow(
    "cannot be read by this user: run the command with sudo.",
  );
});

test("Spaces around a setting are ignored, and an empty setting counts as unset", () => {
  const config = loadConfig({
    PORT: " 3001 ",
    PUBLIC_URL: "https://mail.example.org/ ",
    OAUTH_CLIENT_ID: " ",
  });
  expect(config).toMatchObject({
    port: 3001,
    publicUrl: "https://mail.example.org",
    oauthClientId: undefined,
  });
});

test("The error for an invalid PUBLIC_URL names the probable intention", async () => {
  for (const [typed, problem] of [
    ["https://mail.example.org/mcp", "must be an origin and nothing else: https://mail.example.org"],
    ["https://Mail.Example.org", "must be an origin and nothing else: https://mail.example.org"],
    ["https://mail.example.org:443/", "must be an origin and nothing else: https://mail.example.org"],
    ["https://you:word@mail.example.org", "must be an origin and nothing else: https://mail.example.org"],
    ["mail.example.org", "must be an origin such as https://mail.example.org, without a path"],
    ["http://mail.example.org", "must be https unless it is localhost"],
  ] as const) {
    const { exitCode, printedErrors } = await runCommand(["serve"], { PUBLIC_URL: typed });
    expect([exitCode, printedErrors]).toEqual([2, `These settings are invalid:\n  PUBLIC_URL: ${problem}\n`]);
  }
});

test.each([
  "127.1",
  "10/8",
  "10.0.0.256",
  "0x7f000001",
  "10.0.0.0/33",
  "fd00::/129",
  "fe80::1%eth0",
  "a..b",
  "[::1]",
])("%s matches nothing and is refused in a list of hosts", async (entry) => {
  const settings = { ALLOW_PRIVATE_HOSTS: `nas.home,${entry}`, TRUSTED_PROXIES: entry };
  const { exitCode, printedErrors } = await runCommand(["serve"], settings);
  expect(exitCode).toBe(2);
  expect(printedErrors).toContain("ALLOW_PRIVATE_HOSTS: each must be a name, an address or a CIDR");
  expect(printedErrors).toContain("TRUSTED_PROXIES: each must be an address or a CIDR");
});

test("All invalid settings are reported at once, with the expected form, and the exit code is 2", async () => {
  const { exitCode, printedErrors } = await runCommand(["serve"], {
    PUBLIC_URL: "http://mail.example.org/path",
    PORT: "eighty",
    LOG_LEVEL: "loud",
    OAUTH_CLIENT_ID: "only-half",
    METRICS_TOKEN: "short",
    SESSION_IDLE_SECONDS: "0",
    ENCRYPTION_KEY: "a",
    TRUSTED_PROXIES: "127.0.0.1, my-proxy",
    ALLOWED_EMAILS: "@example.org, anna",
    ALLOWED_ORIGINS: "https://app.example.org/path",
    ALLOWED_REDIRECT_URIS: "callback",
    ALLOW_PRIVATE_HOSTS: "mail home",
    ENCRYPTION_KEY_FILE: "b",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  });
  expect(exitCode).toBe(2);
  for (const line of [
    "PUBLIC_URL: must be an origin and nothing else: http://mail.example.org",
    "PORT: must be a port, 0 to 65535",
    "LOG_LEVEL: must be debug, info, warn, error or silent",
    "METRICS_TOKEN: must have at least 16 characters",
    "SESSION_IDLE_SECONDS: must be at least 1",
    "OAUTH_CLIENT_ID: set it together with OAUTH_CLIENT_SECRET, or neither",
    "ENCRYPTION_KEY: must be 32 bytes in hex or base64: openssl rand -hex 32",
    "TRUSTED_PROXIES: each must be an address or a CIDR such as 127.0.0.1 or 10.0.0.0/8",
    "ALLOWED_EMAILS: each must be an address or @domain",
    "ALLOWED_ORIGINS: each must be an origin such as https://app.example.org",
    "ALLOWED_REDIRECT_URIS: must be absolute URIs without a fragment",
    "ALLOW_PRIVATE_HOSTS: each must be a name, an address or a CIDR",
    "ENCRYPTION_KEY: set either this or ENCRYPTION_KEY_FILE, not both",
    "NODE_TLS_REJECT_UNAUTHORIZED: must not be 0",
  ])
    expect(printedErrors).toContain(line);
});
