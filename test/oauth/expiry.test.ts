/** The lifetimes of requests, codes, tokens and grants, with a test clock and no server. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open.ts";
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

let database: ReturnType<typeof openDatabase>;
let grants: Grants;
let ended: string[];
const secrets = createSecrets([newKey()]);
beforeEach(() => {
  database = openDatabase({ dataDir: temporaryFolder("expiry") });
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

const keepLevel = ({ level }: { level: Level }) => level;

/** Adds an account with arbitrary bytes as credentials to the request's pending grant. */
function attachAccount(request = newRequest()) {
  const pending = grants.authorizationFlow.attachAccount(request, "send", ({ grantId }) => {
    const credentials = Buffer.from("sealed");
    database.db
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

function countRows(name: string): number {
  return database.db.all<{ n: number }>(`SELECT count(*) AS n FROM ${name}`)[0]?.n ?? -1;
}

describe("The sweep deletes, with its credentials,", () => {
  test("a pending grant, an hour after its last login", () => {
    const { grantId } = attachAccount();
    clock.advance(60 * minute - 1);
    grants.sweep();
    expect(countRows("accounts")).toBe(1);
    clock.advance(1);
    grants.sweep();
    expect(ended).toEqual([grantId]);
    expect([countRows("grants"), countRows("accounts"), countRows("authorization_requests")]).toEqual([
      0, 0, 0,
    ]);
  });

  test("a grant whose code was not redeemed, and the code", () => {
    const { request, grantId } = attachAccount();
    grants.authorizationFlow.issueCode(request, keepLevel);
    clock.advance(5 * minute);
    grants.sweep();
    expect(ended).toEqual([grantId]);
    expect([countRows("grants"), countRows("accounts"), countRows("authorization_codes")]).toEqual([0, 0, 0]);
  });

  test("a finished request, once every form of it has expired", () => {
    const { request } = attachAccount();
    redeem(grants.authorizationFlow.issueCode(request, keepLevel));
    clock.advance(60 * minute - 1);
    grants.sweep();
    // The request, and what recognizes a browser that opens it again.
    expect(countRows("authorization_requests")).toBe(2);
    clock.advance(1);
    grants.sweep();
    expect([countRows("authorization_requests"), countRows("grants")]).toEqual([0, 1]);
  });

  test("a grant that was not refreshed for 180 days; a refresh extends it", () => {
    const { request } = attachAccount();
    const first = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
    clock.advance(179 * day);
    grants.sweep();
    // The access token has expired and is deleted; the refresh token is not.
    expect(countRows("tokens")).toBe(1);
    const second = grants.refresh({ refreshToken: first.refresh_token, clientId: "test" });
    clock.advance(179 * day);
    grants.sweep();
    expect(ended).toEqual([]);
    expect(() => grants.refresh({ refreshToken: second.refresh_token, clientId: "test" })).not.toThrow();
    clock.advance(180 * day);
    grants.sweep();
    expect([countRows("grants"), countRows("accounts"), countRows("tokens")]).toEqual([0, 0, 0]);
  });
});

test("A spent code is kept to detect a replay, without its wrapped key", () => {
  const { request } = attachAccount();
  redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  const codes = database.db.select().from(tables.authorizationCodes).all();
  expect(codes.map(({ wrappedKey }) => wrappedKey.length)).toEqual([0]);
});

test("RFC 7636 section 4.6: a wrong code verifier spends the code and ends its grant", () => {
  const { request, grantId } = attachAccount();
  const code = grants.authorizationFlow.issueCode(request, keepLevel) ?? "";
  const codeVerifier = "w".repeat(43);
  expect(() => grants.redeemCode({ code, clientId: "test", redirectUri, codeVerifier })).toThrow("verifier");
  expect([ended, countRows("accounts")]).toEqual([[grantId], 0]);
});

test("A second account extends the request by an hour, and a pending grant is not listed", () => {
  const { request } = attachAccount();
  clock.advance(59 * minute);
  attachAccount(request);
  clock.advance(59 * minute);
  grants.sweep();
  expect(countRows("accounts")).toBe(2);
  expect(listGrants(database.db, clock.now())).toEqual([]);
  expect(grants.authorizationFlow.issueCode(request, keepLevel)).toBeString();
  expect(listGrants(database.db, clock.now())).toMatchObject([{ accounts: 2 }]);
});

test("A refresh token outlives its access token, whatever lifetime that has", () => {
  const accessTokenLifetimeSeconds = 31_536_000;
  const { request } = attachAccount();
  const longLived = createGrantsWith({ ...config, accessTokenLifetimeSeconds });
  const code = grants.authorizationFlow.issueCode(request, keepLevel) ?? "";
  const { refresh_token } = longLived.redeemCode({
    code,
    clientId: "test",
    redirectUri,
    codeVerifier: verifier,
  });
  clock.advance(400 * day);
  grants.sweep();
  expect(() => grants.refresh({ refreshToken: refresh_token, clientId: "test" })).not.toThrow();
});

test("A refresh token expires after 180 days, also before the sweep", () => {
  const { request } = attachAccount();
  const { refresh_token } = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  clock.advance(180 * day);
  expect(() => grants.refresh({ refreshToken: refresh_token, clientId: "test" })).toThrow(
    "unknown or has expired",
  );
  expect(ended).toEqual([]);
});

test("The time of the last use is written at most once a minute", () => {
  const { request } = attachAccount();
  const { access_token } = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  const createdAt = clock.now();
  const lastUsedAt = () => listGrants(database.db, clock.now())[0]?.lastUsedAt;
  clock.advance(minute - 1);
  grants.findLive(access_token);
  expect(lastUsedAt()).toBe(createdAt);
  clock.advance(1);
  grants.findLive(access_token);
  expect(lastUsedAt()).toBe(createdAt + minute);
});

test("A form drawn before its request was finished does not reopen the request, also after the sweep", () => {
  const { request } = attachAccount();
  clock.advance(9 * minute);
  expect(grants.authorizationFlow.issueCode(request, keepLevel)).toBeString();
  // The last form was sealed at that moment and is valid for an hour.
  clock.advance(60 * minute - 1);
  grants.sweep();
  expect(grants.authorizationFlow.stateOf(request)).toBe("connected");
  expect(grants.authorizationFlow.attachAccount(request, "send", () => {})).toBeUndefined();
});

test("A form that fails after its request was finished does not shorten the lifetime of the grant", () => {
  const { request, grantId } = attachAccount();
  redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  grants.authorizationFlow.extend(request, grantId);
  clock.advance(day);
  grants.sweep();
  expect(ended).toEqual([]);
});

test("A client that refreshes in a loop keeps the newest 500 tokens of each kind", () => {
  const { request } = attachAccount();
  let pair = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  const first = pair;
  for (let count = 0; count < 520; count++)
    pair = grants.refresh({ refreshToken: pair.refresh_token, clientId: "test" });
  expect(countRows("tokens")).toBe(1_000);
  expect(grants.findLive(pair.access_token)).toBeDefined();
  expect(grants.findLive(first.access_token)).toBeUndefined();
});

test("A full disk fails with storage_full, issues no token, and does not spend the code", () => {
  const { request } = attachAccount();
  const code = grants.authorizationFlow.issueCode(request, keepLevel);
  const pages = database.db.all<{ page_count: number }>("PRAGMA page_count")[0]?.page_count ?? 0;
  database.db.run(`PRAGMA max_page_count = ${pages}`);
  // Fills the current page until SQLite needs another one.
  const fill = () => {
    for (;;) attachAccount();
  };
  const full = (() => {
    try {
      return fill();
    } catch (error) {
      return toStorageError(error);
    }
  })();
  expect(full).toBeInstanceOf(AppError);
  expect(full).toMatchObject({ code: "storage_full", status: 503 });
  const before = countRows("tokens");
  try {
    redeem(code);
  } catch (error) {
    expect(toStorageError(error)).toMatchObject({ code: "storage_full" });
    expect(countRows("tokens")).toBe(before);
  }
  database.db.run("PRAGMA max_page_count = 1000000");
  expect(countRows("tokens") > before || redeem(code).access_token.length === 64).toBe(true);
});
