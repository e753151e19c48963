/** Startup of the server: the files it creates, and the conditions under which it refuses to start. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startBinary } from "../support/binary.ts";
import { runCommand } from "../support/command.ts";
import { freePort } from "../support/ports.ts";
import { startProduct, testSettings, withProduct } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Creates a data folder with a key file of the given content. */
function withKey(content: string, mode = 0o600): { DATA_DIR: string; PORT: string } {
  const dataDir = join(temporaryFolder("key"), "data");
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, "server.key"), content);
  chmodSync(join(dataDir, "server.key"), mode);
  return { DATA_DIR: dataDir, PORT: "0" };
}

const modeOf = (...path: string[]) => statSync(join(...path)).mode & 0o777;
const hasKeyWarning = (logged: readonly string[]) =>
  logged.some((line) => line.includes("key_file_readable_by_others"));

test("Without settings it creates DATA_DIR, database, key and client for its user alone, and prints the settings for Claude", async () => {
  const port = String(await freePort());
  const first = await startBinary({ PORT: port, OAUTH_CLIENT_ID: "", OAUTH_CLIENT_SECRET: "" });
  expect(modeOf(first.dataDir)).toBe(0o700);
  for (const file of ["email-connector.db", "server.key", "client.json", "server.lock"])
    expect([file, modeOf(first.dataDir, file)]).toEqual([file, 0o600]);
  const client: unknown = JSON.parse(readFileSync(join(first.dataDir, "client.json"), "utf8"));
  const { id, secret } = client as { id: string; secret: string };
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  const printed = first.stdout();
  for (const text of [
    `URL            http://localhost:${port}/mcp`,
    `Client ID      ${id}`,
    `Client secret  ${secret}`,
    `claude mcp add --transport http email http://localhost:${port}/mcp`,
    "Anyone who reaches this address may connect their own mailbox",
  ])
    expect(printed).toContain(text);
  expect(first.stderr()).not.toContain(secret);
  expect(await first.stop()).toBe(0);

  const second = await startBinary({
    PORT: port,
    DATA_DIR: first.dataDir,
    OAUTH_CLIENT_ID: "",
    OAUTH_CLIENT_SECRET: "",
    ALLOWED_EMAILS: "@example.org",
  });
  expect(second.stdout()).toContain(`Client secret  ${secret}`);
  expect(second.stdout()).not.toContain("Anyone who reaches");
  expect(await second.stop()).toBe(0);
});

test("The executable reads neither .env nor bunfig.toml of its working directory", async () => {
  const product = await startBinary(
    {},
    {
      ".env": "OAUTH_CLIENT_ID=from-dot-env\nNODE_TLS_REJECT_UNAUTHORIZED=0\n",
      "bunfig.toml": 'preload = ["./evil.ts"]\n',
      "evil.ts": 'require("node:fs").writeFileSync("ran", "");',
    },
  );
  expect(product.stdout()).toContain("Client ID      test-client");
  expect(await Bun.file(join(product.folder, "ran")).exists()).toBe(false);
  expect(await product.stop()).toBe(0);
});

test("R07: A missing key is created with mode 0600, but not next to an existing database", async () => {
  const first = await startProduct();
  const file = join(first.dataDir, "server.key");
  expect(readFileSync(file, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
  expect(modeOf(file)).toBe(0o600);
  await first.stop();
  await Bun.file(file).delete();
  const again = await runCommand(["serve"], testSettings({ DATA_DIR: first.dataDir }));
  expect(again.exitCode).toBe(1);
  expect(again.printedErrors).toBe(
    `${file} is missing, but there is a database that was sealed with it. Put the key back from your backup.\n`,
  );
  expect(await Bun.file(file).exists()).toBe(false);
});

test("R07: An invalid key and a file without a key are refused, and their content is not printed", async () => {
  for (const content of ["abcdef0123", "not a key at all!", "", "\n\n"]) {
    const { exitCode, printedErrors } = await runCommand(["serve"], withKey(content));
    expect(exitCode).toBe(1);
    expect(printedErrors).toMatch(/server\.key: .*32/);
    if (content.trim() !== "") expect(printedErrors).not.toContain(content.trim());
  }
});

test("R07: White space around the key is ignored, and the key may be in base64 or hex", async () => {
  const bytes = Buffer.alloc(32, 7);
  const settings = withKey(`  ${bytes.toString("hex")}\r\n\n`);
  await withProduct({ settings }, async ({ url }) => expect((await fetch(`${url}/ready`)).status).toBe(200));
  const other = { DATA_DIR: settings.DATA_DIR, PORT: "0", ENCRYPTION_KEY: bytes.toString("base64") };
  await withProduct({ settings: other }, async ({ url }) =>
    expect((await fetch(`${url}/ready`)).status).toBe(200),
  );
});

test.each([
  ["server.key", 0o600, false],
  ["server.key", 0o640, true],
  ["server.key", 0o644, true],
  // The modes that systemd and Docker set.
  ["ENCRYPTION_KEY_FILE", 0o440, false],
  ["ENCRYPTION_KEY_FILE", 0o444, true],
])(
  "R07: A key in %s with mode %i causes a warning when others can read it: %p",
  async (where, mode, isWarned) => {
    const given = withKey("33".repeat(32), mode);
    const file = join(given.DATA_DIR, "server.key");
    const settings = where === "server.key" ? given : { PORT: "0", ENCRYPTION_KEY_FILE: file };
    await withProduct({ settings }, async ({ logged }) => expect(hasKeyWarning(logged)).toBe(isWarned));
  },
);

test("R07: A key or client file that cannot be read or written is reported in one line", async () => {
  const folder = temporaryFolder("unreadable");
  const given = await runCommand(["serve"], testSettings({ ENCRYPTION_KEY_FILE: folder }));
  expect([given.exitCode, given.printedErrors]).toEqual([
    1,
    `${folder} cannot be read by this user. Change its owner to the user the server runs as.\n`,
  ]);
  const withFolder = (name: string) => {
    const dataDir = join(temporaryFolder("unwritable"), "data");
    mkdirSync(join(dataDir, name), { recursive: true });
    return { DATA_DIR: dataDir, PORT: "0" };
  };
  const settings = withFolder("server.key.next");
  expect((await runCommand(["serve"], settings)).printedErrors).toStartWith(
    `${join(settings.DATA_DIR, "server.key")} cannot be written. `,
  );
  const unreadable = withFolder("client.json");
  expect((await runCommand(["serve"], unreadable)).printedErrors).toBe(
    `${join(unreadable.DATA_DIR, "client.json")} cannot be read by this user. Change its owner to the user the server runs as.\n`,
  );
  const nowhere = withFolder("empty");
  symlinkSync(join(nowhere.DATA_DIR, "no", "folder"), join(nowhere.DATA_DIR, "client.json"));
  expect(await runCommand(["serve"], nowhere)).toMatchObject({
    exitCode: 1,
    printedErrors: `${join(nowhere.DATA_DIR, "client.json")} cannot be created. DATA_DIR must be writable for this user, and have free space.\n`,
  });
});

test("A server key that does not match the database is a startup error that says what to do", async () => {
  const first = await startProduct({ settings: { ENCRYPTION_KEY: "44".repeat(32) } });
  await first.stop();
  const settings = testSettings({ DATA_DIR: first.dataDir, ENCRYPTION_KEY: "55".repeat(32) });
  const { exitCode, printedErrors } = await runCommand(["serve"], settings);
  expect(exitCode).toBe(1);
  expect(printedErrors).toContain(
    "The server key is not the one this database was sealed with. Put the old key back",
  );
});

test("A second process on the same database is refused while the first runs, and accepted after it", async () => {
  const first = await startProduct();
  const settings = testSettings({ DATA_DIR: first.dataDir });
  const { exitCode, printedErrors } = await runCommand(["serve"], settings);
  expect(exitCode).toBe(1);
  expect(printedErrors).toBe(`${first.dataDir} is in use by another email-connector. Stop it first.\n`);
  await first.stop();
  await withProduct({ settings }, async ({ url }) => expect((await fetch(`${url}/health`)).status).toBe(200));
});

test("A port in use and a DATA_DIR that cannot be created are reported in one line each", async () => {
  await withProduct({}, async ({ url }) => {
    const { port } = new URL(url);
    const taken = await runCommand(["serve"], testSettings({ PORT: port }));
    expect(taken).toMatchObject({ exitCode: 1, printed: "" });
    expect(taken.printedErrors).toBe(
      `Cannot listen on 127.0.0.1:${port}: the port is in use or not permitted. Set HOST or PORT.\n`,
    );
  });
  const file = join(temporaryFolder("file"), "data");
  writeFileSync(file, "");
  const blocked = await runCommand(["serve"], testSettings({ DATA_DIR: file }));
  expect(blocked.exitCode).toBe(1);
  expect(blocked.printedErrors).toContain(`DATA_DIR: ${file} cannot be created or belongs to another user.`);
});

test("The source runs from a working directory without tsconfig.json", async () => {
  const app = join(import.meta.dir, "../../src/app.ts");
  const run = Bun.spawn([process.execPath, "-e", `await import(${JSON.stringify(app)})`], {
    cwd: temporaryFolder("elsewhere"),
    stderr: "pipe",
  });
  const printed = await new Response(run.stderr).text();
  expect({ exitCode: await run.exited, printed }).toEqual({ exitCode: 0, printed: "" });
});
