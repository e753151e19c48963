/**
 * An attack with the whole database and the server key, but without a token, on the sealed passwords: every sealed
 * value is tried with every possible key in the data folder.
 */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { toDatabaseFile } from "../../src/db/open.ts";
import { toWrapContext } from "../../src/oauth/wrap-context.ts";
import { createSecrets, unseal } from "../../src/secrets.ts";
import { beginAuthorization, formFields, submitForm } from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { connectPersonByForm } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

type Row = Record<string, string | number | Uint8Array | null>;

/** Reads all rows of all tables. */
function readAll(file: string): Record<string, Row[]> {
  const db = new Database(file, { readonly: true });
  const tables = db.query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const all = tables.map(({ name }) => [name, db.query<Row, []>(`SELECT * FROM "${name}"`).all()] as const);
  db.close();
  return Object.fromEntries(all);
}

const bytesOf = (value: unknown): Uint8Array | undefined => (value instanceof Uint8Array ? value : undefined);

/** Returns undefined when `work` throws. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

describeMail("A stolen disk", () => {
  test("with the server key unseals no wrapped key, no credentials, no undo log, no answer and no upload", async () => {
    const kit = await mailServer();
    await withProduct({}, async (product) => {
      // A typical database: one person has used several tools, another has an open form.
      const person = await connectPersonByForm(product);
      await kit.deliver(person.user, "From: a@example.test\r\nSubject: one\r\n\r\nx\r\n");
      const { data } = await person.client.call("get_recent_emails", {});
      const id = (data.emails as { id: string }[])[0]?.id ?? "";
      await person.client.call("flag_email", { ids: [id], flagged: true });
      await person.client.call("send_email", { to: [person.user.address], subject: "two", body: "three" });
      const half = await kit.newUser();
      const begun = await beginAuthorization(product);
      await submitForm(product, begun, { ...formFields(half, kit), next: "more" });

      const tables = readAll(toDatabaseFile(product.dataDir));
      const key = Buffer.from(readFileSync(join(product.dataDir, "server.key"), "utf8").trim(), "hex");
      const secrets = createSecrets([key]);
      const rows = Object.values(tables).flat();
      expect(Object.values(tables).filter((table) => table.length > 0).length).toBeGreaterThanOrEqual(7);

      // All possible secrets on the disk: each value as it is, and each blob in hex and base64.
      const words = new Set<string>([key.toString("hex"), key.toString("base64"), ""]);
      const blobs: Uint8Array[] = [];
      for (const value of rows.flatMap((row) => Object.values(row))) {
        if (typeof value === "string") words.add(value);
        const bytes = bytesOf(value);
        if (!bytes) continue;
        blobs.push(bytes);
        for (const form of ["hex", "base64", "base64url"] as const)
          words.add(Buffer.from(bytes).toString(form));
      }

      // The intended way: a wrapped key, its context and a live secret. No value on the disk is a live secret.
      const kinds = ["access", "refresh", "code", "request", "link"] as const;
      const grantIds = (tables.grants ?? []).map((row) => String(row.id));
      let tried = 0;
      for (const wrapped of rows
        .map((row) => bytesOf(row.wrapped_key))
        .filter((bytes) => bytes !== undefined))
        for (const grantId of grantIds)
          for (const kind of kinds)
            for (const word of words) {
              tried += 1;
              expect(
                attempt(() => secrets.unwrapKey(wrapped, word, toWrapContext(kind, grantId))),
              ).toBeUndefined();
            }
      expect(tried).toBeGreaterThan(1_000);
      // The same attempt succeeds with a token that is not on the disk, which proves that the attack works.
      const opened = (tables.tokens ?? []).filter(({ wrapped_key, grant_id }) => {
        const wrapped = bytesOf(wrapped_key);
        const context = toWrapContext("access", String(grant_id));
        return wrapped && attempt(() => secrets.unwrapKey(wrapped, person.tokens.accessToken, context));
      });
      expect(opened.length).toBe(1);

      // The direct way: each sealed value with each 32 bytes on the disk, and with the server key itself.
      const keys = [
        key,
        ...blobs.filter(({ length }) => length === 32),
        ...blobs.map((bytes) => bytes.subarray(-32)),
      ];
      const accounts = tables.accounts ?? [];
      expect(accounts.length).toBe(2);
      for (const { id: accountId, grant_id, credentials } of accounts) {
        const sealed = bytesOf(credentials);
        if (!sealed) throw new Error("credentials are no blob");
        for (const candidate of keys.filter(({ length }) => length === 32))
          for (const context of [`v1 credentials ${grant_id} ${accountId}`, "", String(grant_id)])
            expect(attempt(() => unseal(candidate, sealed, context))).toBeUndefined();
      }

      // No password, address or server is readable in any file of the folder.
      const plain = ["", "-wal"].map(
        (suffix) =>
          attempt(() => readFileSync(`${toDatabaseFile(product.dataDir)}${suffix}`).toString("latin1")) ?? "",
      );
      for (const secret of [person.user.password, half.password, person.user.address, half.address])
        expect(plain.some((text) => text.includes(secret))).toBe(false);
      await person.client.close();
    });
  });
});
