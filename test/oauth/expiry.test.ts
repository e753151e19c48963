/** The lifetimes of requests, codes, tokens and grants, with a test clock and no server. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openStore } from "../../src/db/open.ts";
import * as tables from "../../src/db/schema.ts";
import { AppError } from "../../src/errors.ts";
import type { Level } from "../../src/grant.ts";
import { createLog } from "../../src/log.ts";
import { listGrants } from "../../src/oauth/grant-admin.ts";
import { createGrants, type Grants } from "../../src/oauth/grants.ts";
import { createSecrets, newKey, newToken, toCodeChallenge } from "../../src/secrets.ts";
import { toStorageError } from "../../src/storage-error.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

const minute = 60_000;
const day = 86_400_000;
const clock = createTestClock();
const config = { accessTokenLifetimeSeconds: 2_592_000, authorizationCodeLifetimeSeconds: 300 };
const verifier = "v".repeat(43);
const redirectUri = "https://claude.ai/api/mcp/auth_callback";

let database: Awaited<ReturnType<typeof openStore>>;
let grants: Grants;
let ended: string[];
const secrets = createSecrets([newKey()]);
beforeEach(async () => {
  database = await openStore({ dataDir: temporaryFolder("expiry") });
  ended = [];
  grants = createGrantsWith(config);
});
afterEach(() => database.close());

function createGrantsWith(settings: typeof config): Grants {
  const { db } = database;
  const log = createLog("silent");
  return createGrants({
    db,
    secrets,
    clock,
    config: settings,
    log,
    onEnd: (grantId) => ended.push(grantId),
  });
}

const newRequest = () => ({
  secret: newToken(),
  clientId: "test",
  redirectUri,
  redirectHost: "claude.ai",
  browserHash: "",
  codeChallenge: toCodeChallenge(verifier),
});

const keepLevel = async (_: unknown, { level }: { level: Level }) => level;

/** Adds an account with arbitrary bytes as credentials to the request's pending grant. */
async function attachAccount(request = newRequest()) {
  const pending = await grants.authorizationFlow.attachAccount(request, "send", async (tx, { grantId }) => {
    const credentials = Buffer.from("sealed");
    await tx
      .insert(tables.accounts)
      .values({ id: `acc_${newToken(4)}`, grantId, position: 0, credentials, createdAt: clock.now() })
      .run();
  });
  if (!pending) throw new Error("the request was finished");
  return { request, grantId: pending.grantId };
}

function redeem(code: string | undefined) {
  return grants.redeemCode({ code: code ?? "", clientId: "test", redirectUri, codeVerifier: verifier });
}

async function countRows(name: string): Promise<number> {
  const [row] = await database.db.values<[number]>(`SELECT count(*) FROM ${name}`);
  return row?.[0] ?? -1;
}

describe("The sweep deletes, with its credentials,", () => {
  test("a pending grant, an hour after its last login", async () => {
    const { grantId } = await attachAccount();
    clock.advance(60 * minute - 1);
    await grants.sweep();
    expect(await countRows("accounts")).toBe(1);
    clock.advance(1);
    await grants.sweep();
    expect(ended).toEqual([grantId]);
    expect([
      await countRows("grants"),
      await countRows("accounts"),
      await countRows("authorization_requests"),
    ]).toEqual([0, 0, 0]);
  });

  test("a grant whose code was not redeemed, and the code", async () => {
    const { request, grantId } = await attachAccount();
    await grants.authorizationFlow.issueCode(request, keepLevel);
    clock.advance(5 * minute);
    await grants.sweep();
    expect(ended).toEqual([grantId]);
    expect([
      await countRows("grants"),
      await countRows("accounts"),
      await countRows("authorization_codes"),
    ]).toEqual([0, 0, 0]);
  });

  test("a finished request, once every form of it has expired", async () => {
    const { request } = await attachAccount();
    await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
    clock.advance(60 * minute - 1);
    await grants.sweep();
    // The request, and what recognizes a browser that opens it again.
    expect(await countRows("authorization_requests")).toBe(2);
    clock.advance(1);
    await grants.sweep();
    expect([await countRows("authorization_requests"), await countRows("grants")]).toEqual([0, 1]);
  });

  test("a grant that was not refreshed for 180 days; a refresh extends it", async () => {
    const { request } = await attachAccount();
    const first = await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
    clock.advance(179 * day);
    await grants.sweep();
    // The access token has expired and is deleted; the refresh token is not.
    expect(await countRows("tokens")).toBe(1);
    const second = await grants.refresh({ refreshToken: first.refresh_token, clientId: "test" });
    clock.advance(179 * day);
    await grants.sweep();
    expect(ended).toEqual([]);
    expect(await grants.refresh({ refreshToken: second.refresh_token, clientId: "test" })).toBeDefined();
    clock.advance(180 * day);
    await grants.sweep();
    expect([await countRows("grants"), await countRows("accounts"), await countRows("tokens")]).toEqual([
      0, 0, 0,
    ]);
  });
});

test("A spent code is kept to detect a replay, without its wrapped key", async () => {
  const { request } = await attachAccount();
  await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
  const codes = await database.db.select().from(tables.authorizationCodes).all();
  expect(codes.map(({ wrappedKey }) => wrappedKey.length)).toEqual([0]);
});

test("RFC 7636 section 4.6: a wrong code verifier spends the code and ends its grant", async () => {
  const { request, grantId } = await attachAccount();
  const code = (await grants.authorizationFlow.issueCode(request, keepLevel)) ?? "";
  const codeVerifier = "w".repeat(43);
  await expect(grants.redeemCode({ code, clientId: "test", redirectUri, codeVerifier })).rejects.toThrow(
    "verifier",
  );
  expect([ended, await countRows("accounts")]).toEqual([[grantId], 0]);
});

test("A second account extends the request by an hour, and a pending grant is not listed", async () => {
  const { request } = await attachAccount();
  clock.advance(59 * minute);
  await attachAccount(request);
  clock.advance(59 * minute);
  await grants.sweep();
  expect(await countRows("accounts")).toBe(2);
  expect(await listGrants(database.db, clock.now())).toEqual([]);
  expect(await grants.authorizationFlow.issueCode(request, keepLevel)).toBeString();
  expect(await listGrants(database.db, clock.now())).toMatchObject([{ accounts: 2 }]);
});

test("A refresh token outlives its access token, whatever lifetime that has", async () => {
  const accessTokenLifetimeSeconds = 31_536_000;
  const { request } = await attachAccount();
  const longLived = createGrantsWith({ ...config, accessTokenLifetimeSeconds });
  const code = (await grants.authorizationFlow.issueCode(request, keepLevel)) ?? "";
  const { refresh_token } = await longLived.redeemCode({
    code,
    clientId: "test",
    redirectUri,
    codeVerifier: verifier,
  });
  clock.advance(400 * day);
  await grants.sweep();
  expect(await grants.refresh({ refreshToken: refresh_token, clientId: "test" })).toBeDefined();
});

test("A refresh token expires after 180 days, also before the sweep", async () => {
  const { request } = await attachAccount();
  const { refresh_token } = await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
  clock.advance(180 * day);
  await expect(grants.refresh({ refreshToken: refresh_token, clientId: "test" })).rejects.toThrow(
    "unknown or has expired",
  );
  expect(ended).toEqual([]);
});

test("The time of the last use is written at most once a minute", async () => {
  const { request } = await attachAccount();
  const { access_token } = await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
  const createdAt = clock.now();
  const lastUsedAt = async () => (await listGrants(database.db, clock.now()))[0]?.lastUsedAt;
  clock.advance(minute - 1);
  await grants.findLive(access_token);
  expect(await lastUsedAt()).toBe(createdAt);
  clock.advance(1);
  await grants.findLive(access_token);
  expect(await lastUsedAt()).toBe(createdAt + minute);
});

test("A form drawn before its request was finished does not reopen the request, also after the sweep", async () => {
  const { request } = await attachAccount();
  clock.advance(9 * minute);
  expect(await grants.authorizationFlow.issueCode(request, keepLevel)).toBeString();
  // The last form was sealed at that moment and is valid for an hour.
  clock.advance(60 * minute - 1);
  await grants.sweep();
  expect(await grants.authorizationFlow.stateOf(request)).toBe("connected");
  expect(await grants.authorizationFlow.attachAccount(request, "send", async () => {})).toBeUndefined();
});

test("A form that fails after its request was finished does not shorten the lifetime of the grant", async () => {
  const { request, grantId } = await attachAccount();
  await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
  await grants.authorizationFlow.extend(request, grantId);
  clock.advance(day);
  await grants.sweep();
  expect(ended).toEqual([]);
});

test("A client that refreshes in a loop keeps the newest 500 tokens of each kind", async () => {
  const { request } = await attachAccount();
  let pair = await redeem(await grants.authorizationFlow.issueCode(request, keepLevel));
  const first = pair;
  for (let count = 0; count < 520; count++) {
    clock.advance(1);
    pair = await grants.refresh({ refreshToken: pair.refresh_token, clientId: "test" });
  }
  expect(await countRows("tokens")).toBe(1_000);
  expect(await grants.findLive(pair.access_token)).toBeDefined();
  expect(await grants.findLive(first.access_token)).toBeUndefined();
});

test("A full disk fails with storage_full, issues no token, and does not spend the code", async () => {
  const { request } = await attachAccount();
  const code = await grants.authorizationFlow.issueCode(request, keepLevel);
  const [[pages = 0] = []] = await database.db.values<[number]>("PRAGMA page_count");
  await database.db.run(`PRAGMA max_page_count = ${pages}`);
  // Fills the current page until SQLite needs another one.
  const fill = async () => {
    for (;;) await attachAccount();
  };
  const full = await fill().catch(toStorageError);
  expect(full).toBeInstanceOf(AppError);
  expect(full).toMatchObject({ code: "storage_full", status: 503 });
  const before = await countRows("tokens");
  try {
    await redeem(code);
  } catch (error) {
    expect(toStorageError(error)).toMatchObject({ code: "storage_full" });
    expect(await countRows("tokens")).toBe(before);
  }
  await database.db.run("PRAGMA max_page_count = 1000000");
  expect((await countRows("tokens")) > before || (await redeem(code)).access_token.length === 64).toBe(true);
});
