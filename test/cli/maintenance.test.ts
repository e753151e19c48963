/** The maintenance commands: grants, backup and rotate-key, with a running and a stopped server. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chownSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../src/db/open.ts";
import { saveKeyRing } from "../../src/key-ring.ts";
import { rotateWrappedKeys } from "../../src/oauth/rotate-wrapped-keys.ts";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { createSecrets } from "../../src/secrets.ts";
import {
  beginAuthorization,
  connectMailbox,
  formFields,
  redirectUri,
  requestToken,
  submitForm,
} from "../support/authorize.ts";
import { type CommandResult, runCommand } from "../support/command.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { connectPerson } from "../support/person.ts";
import { startProduct, withProduct } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

const grantOf = ({ printed }: CommandResult) => /grt_[0-9a-f]+/.exec(printed)?.[0] ?? "none";
const countOf = (file: string, table: string) => {
  const db = new Database(file, { readonly: true });
  const row = db.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`).get();
  db.close();
  return row?.count;
};

/** Counts the wrapped keys in all tables, including tables added later. */
function countWrapped(dataDir: string): number {
  const db = new Database(join(dataDir, "email-connector.db"), { readonly: true });
  const tables = db
    .query<{ name: string }, []>(
      "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'wrapped_key'",
    )
    .all();
  const counts = tables.map(
    ({ name }) =>
      db
        .query<{ count: number }, []>(`SELECT count(*) AS count FROM ${name} WHERE length(wrapped_key) > 0`)
        .get()?.count ?? 0,
  );
  db.close();
  expect(tables.length).toBeGreaterThanOrEqual(4);
  return counts.reduce((sum, count) => sum + count, 0);
}

describeMail("The operator's commands", () => {
  test("grants list shows id, client, redirect host, level and times, and no address", async () => {
    await withProduct({}, async (product) => {
      const env = { DATA_DIR: product.dataDir };
      expect((await runCommand(["grants", "list"], env)).printed).toBe("Nobody has connected yet.\n");
      const { user, client } = await connectPerson(product, { level: "organise" });
      const { exitCode, printed } = await runCommand(["grants", "list"], env);
      expect(exitCode).toBe(0);
      expect(printed.split("\n")[1]).toMatch(
        /^grt_[0-9a-f]{32} +test-client +claude\.ai +organise +1 +0 +\d{4}-\d\d-\d\d \d\d:\d\d +\d{4}-\d\d-\d\d \d\d:\d\d$/,
      );
      expect(printed).not.toContain(user.address);
      await client.close();
    });
  });

  test("grants list shows the calls of a week and the operator's note", async () => {
    const clock = createTestClock();
    await withProduct({ clock }, async (product) => {
      const env = { DATA_DIR: product.dataDir };
      const { client } = await connectPerson(product);
      await client.call("list_providers");
      clock.advance(61_000);
      await client.call("list_providers");
      const listed = await runCommand(["grants", "list"], env);
      expect(listed.printed.split("\n")[1]).toMatch(/ send +1 +2 +\d{4}-/);
      const id = grantOf(listed);
      const noted = await runCommand(["grants", "note", id, "Ann,", "\u001b[31moffice"], env);
      expect(noted.printed).toBe(`${id}: Ann,  [31moffice\n`);
      expect((await runCommand(["grants", "list"], env)).printed.split("\n")[1]).toEndWith(
        "  Ann,  [31moffice",
      );
      expect((await runCommand(["grants", "note", id], env)).printed).toBe(`The note of ${id} is removed.\n`);
      expect((await runCommand(["grants", "list"], env)).printed).not.toContain("office");
      expect((await runCommand(["grants", "note", "grt_none", "x"], env)).exitCode).toBe(1);
      // Calls older than a week are neither counted nor kept.
      const db = new Database(join(product.dataDir, "email-connector.db"));
      db.run("UPDATE call_counts SET day = day - 8");
      db.close();
      expect((await runCommand(["grants", "list"], env)).printed.split("\n")[1]).toMatch(
        / send +1 +0 +\d{4}-/,
      );
      clock.advance(61_000);
      await client.call("list_providers");
      expect(countOf(join(product.dataDir, "email-connector.db"), "call_counts")).toBe(1);
      await client.close();
    });
  });

  test("grants revoke ends a connection of a running server (token, streams, pooled connections) within a second", async () => {
    await withProduct({}, async (product) => {
      const kit = await mailServer();
      const env = { DATA_DIR: product.dataDir };
      const { user, tokens, client } = await connectPerson(product);
      await client.call("list_mailboxes");
      const stream = await fetch(`${product.url}/mcp`, {
        headers: {
          Authorization: `Bearer ${tokens.accessToken}`,
          "Mcp-Session-Id": client.transport.sessionId ?? "",
          Accept: "text/event-stream",
        },
      });
      const isLoggedIn = async () => (await kit.dovecot.doveadm("who", user.address)).includes(user.address);
      expect(await isLoggedIn()).toBe(true);

      const id = grantOf(await runCommand(["grants", "list"], env));
      expect((await runCommand(["grants", "revoke", id], env)).exitCode).toBe(0);
      await Promise.race([
        stream.text(),
        eventually(() => false, { withinMs: 1_000, what: "the stream to end" }),
      ]);
      await eventually(async () => !(await isLoggedIn()), { withinMs: 2_000, what: "the logout" });
      const call = await fetch(`${product.url}/mcp`, {
        method: "POST",
        headers: { Authorization: `Bearer ${tokens.accessToken}` },
        body: "{}",
      });
      expect(call.status).toBe(401);
      expect(countOf(join(product.dataDir, "email-connector.db"), "accounts")).toBe(0);
      expect(await runCommand(["grants", "revoke", id], env)).toMatchObject({ exitCode: 1, printed: "" });
      await client.close();
    });
  });

  test("backup copies the database of a running server with mode 0600, and overwrites no file", async () => {
    await withProduct({}, async (product) => {
      const env = { DATA_DIR: product.dataDir };
      const { client } = await connectPerson(product);
      await client.close();
      const file = join(temporaryFolder("backup"), "copy.db");
      expect((await runCommand(["backup", file], env)).exitCode).toBe(0);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(countOf(file, "accounts")).toBe(1);
      expect(await runCommand(["backup", file], env)).toMatchObject({
        exitCode: 1,
        printedErrors: `${file} exists already; name a new file.\n`,
      });
    });
  });

  test("A19: after rotate-key existing grants work with the new key alone, and the old key unseals nothing", async () => {
    const kit = await mailServer();
    const first = await startProduct();
    const env = { DATA_DIR: first.dataDir };
    const user = await kit.newUser();
    const tokens = await connectMailbox(first, user);
    // The id of a dynamically registered client is its sealed registration.
    const registration = await fetch(`${first.url}/oauth/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ redirect_uris: [redirectUri] }),
    });
    const registered = (await registration.json()) as { client_id: string; client_secret: string };
    const itself = { clientId: registered.client_id, clientSecret: registered.client_secret };
    const itsTokens = await connectMailbox({ url: first.url, ...itself }, user);
    const before = await openClient(first, tokens.accessToken);
    const email = { to: [user.address], subject: "Hello", body: "Hi", idempotency_key: "one" };
    await before.call("send_email", email);
    const uploadPage = /http\S+/.exec((await before.call("request_upload")).text)?.[0] ?? "";
    await before.close();
    // A form is open.
    const begun = await beginAuthorization(first);
    await submitForm(first, begun, { ...formFields(user, kit), [fieldNames.next]: "ask" });
    // The id of a registered client is long; its beginning identifies it.
    expect((await runCommand(["grants", "list"], env)).printed).toMatch(/ reg_[\w-]{35}… /);
    expect((await runCommand(["rotate-key"], env)).printedErrors).toContain(
      "is in use by another email-connector",
    );
    await first.stop();

    const keyFile = join(first.dataDir, "server.key");
    const oldKey = readFileSync(keyFile, "utf8").trim();
    const rotated = await runCommand(["rotate-key"], env);
    expect(rotated).toMatchObject({ exitCode: 0, printedErrors: "" });
    const newKey = readFileSync(keyFile, "utf8").trim();
    expect(newKey).toMatch(/^[0-9a-f]{64}$/);
    expect(newKey).not.toBe(oldKey);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);

    // The new key alone unseals every wrapped key of every table.
    const { db, close } = await openStore({ dataDir: first.dataDir });
    expect(await rotateWrappedKeys(db, createSecrets([Buffer.from(newKey, "hex")]))).toBe(
      countWrapped(first.dataDir),
    );
    await close();

    await expect(startProduct({ settings: { ...env, ENCRYPTION_KEY: oldKey } })).rejects.toThrow(
      "The server key is not the one this database was sealed with.",
    );
    await withProduct({ settings: env }, async (product) => {
      const { pathname } = new URL(uploadPage);
      expect((await fetch(`${product.url}${pathname}`)).status).toBe(200);
      const client = await openClient(product, tokens.accessToken);
      expect((await client.call("list_mailboxes")).text).toContain("INBOX");
      // The send log still works: the email is not sent again.
      expect((await client.call("send_email", email)).data.sent_before_at).toBeString();
      await client.close();
      for (const [who, { refreshToken }] of [
        [product, tokens],
        [{ url: product.url, ...itself }, itsTokens],
      ] as const) {
        const fields = { grant_type: "refresh_token", refresh_token: refreshToken };
        expect((await requestToken(who, fields)).status).toBe(200);
      }
    });
  });

  test("A19: with the keys in ENCRYPTION_KEY the operator adds the new key in front, rotates, and removes the old one", async () => {
    const [oldKey, newKey] = ["11".repeat(32), "22".repeat(32)];
    const first = await startProduct({ settings: { ENCRYPTION_KEY: oldKey } });
    const tokens = await connectMailbox(first, await (await mailServer()).newUser());
    await first.stop();
    const settings = { DATA_DIR: first.dataDir, ENCRYPTION_KEY: `${newKey},${oldKey}` };
    const rotated = await runCommand(["rotate-key"], settings);
    expect(rotated.printed).toContain("The other keys are no longer needed");
    await withProduct({ settings: { ...settings, ENCRYPTION_KEY: newKey } }, async (product) => {
      const client = await openClient(product, tokens.accessToken);
      expect((await client.call("list_mailboxes")).text).toContain("INBOX");
      await client.close();
    });
  });
});

test("grants, backup and rotate-key report a missing database and create none", async () => {
  const env = { DATA_DIR: join(temporaryFolder("none"), "data") };
  for (const argv of [["grants", "list"], ["backup", "/tmp/never"], ["rotate-key"]]) {
    const { exitCode, printedErrors } = await runCommand(argv, env);
    expect(exitCode).toBe(1);
    expect(printedErrors).toMatch(/no database/);
  }
});

test("A failed backup leaves no file", async () => {
  const dataDir = temporaryFolder("backup");
  const whole = await openStore({ dataDir });
  await whole.close();
  const file = join(dataDir, "email-connector.db");
  truncateSync(file, 8_192);
  const target = join(dataDir, "copy.db");
  expect(await runCommand(["backup", target], { DATA_DIR: dataDir })).toMatchObject({
    exitCode: 1,
    printedErrors: `${file} could not be copied. Is there free space, and is it undamaged and readable?\n`,
  });
  expect(existsSync(target)).toBe(false);
  const nowhere = join(dataDir, "no", "copy.db");
  expect((await runCommand(["backup", nowhere], { DATA_DIR: dataDir })).printedErrors).toBe(
    `${nowhere} cannot be created. Does its folder exist, and is it writable?\n`,
  );
});

test("A key file that root rotates keeps its owner", () => {
  const file = join(temporaryFolder("owner"), "server.key");
  writeFileSync(file, "");
  // Only root can change the owner of a file.
  const owner = process.getuid?.() === 0 ? 65_534 : statSync(file).uid;
  chownSync(file, owner, statSync(file).gid);
  saveKeyRing(file, [Buffer.alloc(32, 7)]);
  expect([statSync(file).uid, statSync(file).mode & 0o777]).toEqual([owner, 0o600]);
  expect(readFileSync(file, "utf8")).toBe(`${"07".repeat(32)}\n`);
});
