import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { toDatabaseFile } from "../../src/db/open.ts";
import { toWrapContext } from "../../src/oauth/wrap-context.ts";
import { createSecrets, unseal } from "../../src/secrets.ts";
import {
  beginAuthorization,
  formFields,
  redeemCode,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { type TestProduct, withProduct } from "../support/product.ts";

/** Encodes a secret in every way in which a file may contain it: plain, hex, base64 and base64url at three alignments. */
function toNeedles(secret: string): string[] {
  const bytes = Buffer.from(secret, "utf8");
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Without the first and last group, which depend on the neighboring bytes.
    const whole = shifted.toString("base64").replace(/=+$/, "").slice(4, -4);
    return [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });
  return [secret, hex, hex.toUpperCase(), ...base64].filter((needle) => needle.length >= 8);
}

/** Lists the named secrets that the files of the database contain. */
function findLeaks(product: TestProduct, secrets: Readonly<Record<string, string>>): string[] {
  const file = toDatabaseFile(product.dataDir);
  return ["", "-wal", "-shm"].flatMap((suffix) => {
    if (!existsSync(`${file}${suffix}`)) return [];
    const content = readFileSync(`${file}${suffix}`).toString("latin1");
    return Object.entries(secrets).flatMap(([name, secret]) =>
      toNeedles(secret)
        .filter((needle) => content.includes(needle))
        .map((needle) => `${name} in ${suffix || "the database"} as ${needle.slice(0, 6)}…`),
    );
  });
}

/** Connects an account and calls a tool. Returns every secret that the files must not contain. */
async function connectAndCall(product: TestProduct) {
  const kit = await mailServer();
  const user = await kit.newUser();
  const authorization = await beginAuthorization(product);
  const answer = await requireCode(await submitForm(product, authorization, formFields(user, kit)));
  const code = answer.get("code") ?? "";
  const { accessToken, refreshToken } = await redeemCode(product, code, authorization.verifier);
  const client = await openClient(product, accessToken);
  await client.call("list_mailboxes");
  const sessionId = client.transport.sessionId ?? "";
  await client.close();
  return {
    user,
    accessToken,
    refreshToken,
    secrets: {
      password: user.password,
      address: user.address,
      "local part": user.address.split("@")[0] ?? "",
      code,
      verifier: authorization.verifier,
      state: authorization.state,
      "access token": accessToken,
      "refresh token": refreshToken,
      "session id": sessionId,
      "client secret": product.clientSecret,
    },
  };
}

describeMail("Data at rest", () => {
  test("A11: the database files contain no token, code, verifier, password or address, before and after a revocation", async () => {
    await withProduct({ settings: { LOG_LEVEL: "debug" } }, async (product) => {
      const { secrets, accessToken, refreshToken } = await connectAndCall(product);
      expect(Object.values(secrets).every((secret) => secret.length >= 8)).toBe(true);
      expect(findLeaks(product, secrets)).toEqual([]);
      // The search itself works: it finds the client id, and a planted secret in base64.
      expect(findLeaks(product, { client: product.clientId })).not.toEqual([]);
      const planted = Buffer.from(`xx${secrets.password}yyyy`).toString("base64");
      expect(toNeedles(secrets.password).some((needle) => planted.includes(needle))).toBe(true);

      await requestToken(product, { grant_type: "refresh_token", refresh_token: refreshToken });
      expect(findLeaks(product, secrets)).toEqual([]);
      await fetch(`${product.url}/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({ token: accessToken }),
      });
      expect(findLeaks(product, secrets)).toEqual([]);

      const log = product.logged.join("");
      expect(log).toContain("mailbox_connected");
      const logged = Object.entries(secrets).filter(([, secret]) =>
        toNeedles(secret).some((needle) => log.includes(needle)),
      );
      expect(logged).toEqual([]);
    });
  });

  test("A11: after a revocation no file contains the sealed credentials or the wrapped keys", async () => {
    await withProduct({}, async (product) => {
      const { accessToken } = await connectAndCall(product);
      const file = toDatabaseFile(product.dataDir);
      const reader = new Database(file, { readonly: true });
      const rows = reader
        .query<{ sealed: Uint8Array }, []>(
          "SELECT credentials AS sealed FROM accounts UNION ALL SELECT wrapped_key FROM tokens",
        )
        .all();
      reader.close();
      expect(rows.length).toBeGreaterThanOrEqual(3);
      const holds = (sealed: Uint8Array) =>
        ["", "-wal"].some(
          (suffix) => existsSync(`${file}${suffix}`) && readFileSync(`${file}${suffix}`).includes(sealed),
        );
      expect(rows.filter(({ sealed }) => holds(sealed))).toHaveLength(rows.length);
      await fetch(`${product.url}/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({ token: accessToken }),
      });
      expect(rows.filter(({ sealed }) => holds(sealed))).toHaveLength(0);
    });
  });

  test("the database and the server key do not open the credentials without a live token", async () => {
    await withProduct({}, async (product) => {
      const { accessToken, user } = await connectAndCall(product);
      const key = Buffer.from(readFileSync(join(product.dataDir, "server.key"), "utf8").trim(), "hex");
      const secrets = createSecrets([key]);
      const reader = new Database(toDatabaseFile(product.dataDir), { readonly: true });
      const tokens = reader
        .query<{ hash: string; kind: "access" | "refresh"; grant_id: string; wrapped_key: Uint8Array }, []>(
          "SELECT hash, kind, grant_id, wrapped_key FROM tokens",
        )
        .all();
      const account = reader
        .query<{ id: string; grant_id: string; credentials: Uint8Array }, []>("SELECT * FROM accounts")
        .get();
      reader.close();
      if (!account) throw new Error("no account was saved");
      const stolen = [key.toString("hex"), key.toString("base64"), "", ...tokens.map(({ hash }) => hash)];
      for (const { kind, grant_id, wrapped_key } of tokens)
        for (const guess of stolen)
          expect(() => secrets.unwrapKey(wrapped_key, guess, toWrapContext(kind, grant_id))).toThrow();
      expect(() => unseal(key, account.credentials, "")).toThrow();

      const opened = tokens.flatMap(({ kind, grant_id, wrapped_key }) => {
        try {
          return [secrets.unwrapKey(wrapped_key, accessToken, toWrapContext(kind, grant_id))];
        } catch {
          return [];
        }
      });
      const [dataKey] = opened;
      if (!dataKey) throw new Error("the token unwraps no key");
      const context = `v1 credentials ${account.grant_id} ${account.id}`;
      expect(unseal(dataKey, account.credentials, context).toString()).toContain(user.password);
      // The additional data binds the ciphertext to its account and version.
      for (const other of [`v1 credentials ${account.grant_id} acc_other`, context.replace("v1", "v2")])
        expect(() => unseal(dataKey, account.credentials, other)).toThrow();
    });
  });

  test("the data folder has mode 0700, and the database files have 0600", async () => {
    await withProduct({}, async (product) => {
      await connectAndCall(product);
      const mode = (path: string) => statSync(path).mode & 0o777;
      expect(mode(product.dataDir)).toBe(0o700);
      for (const suffix of ["", "-wal", "-shm"])
        expect(mode(`${toDatabaseFile(product.dataDir)}${suffix}`)).toBe(0o600);
    });
  });
});
