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
  database = openDatabase({ dataDir: temporaryFolder("sweep") });
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
  codeChallenge: toCodeChallenge(verifier),
});

const keepLevel = ({ level }: { level: Level }) => level;

/** A grant with one account whose credentials are some bytes. */
function attach(request = newRequest()) {
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

function countOf(name: string): number {
  return database.db.all<{ n: number }>(`SELECT count(*) AS n FROM ${name}`)[0]?.n ?? -1;
}

describe("What has expired is swept, and its credentials with it:", () => {
  test("a passage nobody finished, ten minutes after its last login", () => {
    const { grantId } = attach();
    clock.advance(10 * minute - 1);
    grants.sweep();
    expect(countOf("accounts")).toBe(1);
    clock.advance(1);
    grants.sweep();
    expect(ended).toEqual([grantId]);
    expect([countOf("grants"), countOf("accounts"), countOf("authorization_requests")]).toEqual([0, 0, 0]);
  });

  test("a grant whose code nobody redeemed, with the code", () => {
    const { request, grantId } = attach();
    grants.authorizationFlow.issueCode(request, keepLevel);
    clock.advance(5 * minute);
    grants.sweep();
    expect(ended).toEqual([grantId]);
    expect([countOf("grants"), countOf("accounts"), countOf("authorization_codes")]).toEqual([0, 0, 0]);
  });

  test("a finished passage, once no form of it can come any more", () => {
    const { request } = attach();
    redeem(grants.authorizationFlow.issueCode(request, keepLevel));
    clock.advance(10 * minute - 1);
    grants.sweep();
    expect(countOf("authorization_requests")).toBe(1);
    clock.advance(1);
    grants.sweep();
    expect([countOf("authorization_requests"), countOf("grants")]).toEqual([0, 1]);
  });

  test("a grant nobody refreshed for 180 days; a refresh moves that on", () => {
    const { request } = attach();
    const first = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
    clock.advance(179 * day);
    grants.sweep();
    // Its access token is over and gone, its refresh token is not.
    expect(countOf("tokens")).toBe(1);
    const second = grants.refresh({ refreshToken: first.refresh_token, clientId: "test" });
    clock.advance(179 * day);
    grants.sweep();
    expect(ended).toEqual([]);
    expect(() => grants.refresh({ refreshToken: second.refresh_token, clientId: "test" })).not.toThrow();
    clock.advance(180 * day);
    grants.sweep();
    expect([countOf("grants"), countOf("accounts"), countOf("tokens")]).toEqual([0, 0, 0]);
  });
});

test("A spent code opens nothing any more, and is kept to know a replay by", () => {
  const { request } = attach();
  redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  const codes = database.db.select().from(tables.authorizationCodes).all();
  expect(codes.map(({ wrappedKey }) => wrappedKey.length)).toEqual([0]);
});

test("A code with a wrong verifier ends its grant: nobody could ever use it", () => {
  const { request, grantId } = attach();
  const code = grants.authorizationFlow.issueCode(request, keepLevel) ?? "";
  const codeVerifier = "w".repeat(43);
  expect(() => grants.redeemCode({ code, clientId: "test", redirectUri, codeVerifier })).toThrow("verifier");
  expect([ended, countOf("accounts")]).toEqual([[grantId], 0]);
});

test("A passage that goes on to a second mailbox has ten more minutes, and is on no list before its end", () => {
  const { request } = attach();
  clock.advance(9 * minute);
  attach(request);
  clock.advance(9 * minute);
  grants.sweep();
  expect(countOf("accounts")).toBe(2);
  expect(listGrants(database.db)).toEqual([]);
  expect(grants.authorizationFlow.issueCode(request, keepLevel)).toBeString();
  expect(listGrants(database.db)).toMatchObject([{ accounts: 2 }]);
});

test("A refresh token outlives its access token, however long that is", () => {
  const accessTokenLifetimeSeconds = 31_536_000;
  const { request } = attach();
  const patient = createGrantsWith({ ...config, accessTokenLifetimeSeconds });
  const code = grants.authorizationFlow.issueCode(request, keepLevel) ?? "";
  const { refresh_token } = patient.redeemCode({
    code,
    clientId: "test",
    redirectUri,
    codeVerifier: verifier,
  });
  clock.advance(400 * day);
  grants.sweep();
  expect(() => grants.refresh({ refreshToken: refresh_token, clientId: "test" })).not.toThrow();
});

test("A swept refresh token is one that was used before, also when the clock is set back", () => {
  const { request, grantId } = attach();
  const { refresh_token } = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  grants.refresh({ refreshToken: refresh_token, clientId: "test" });
  clock.advance(2 * minute);
  grants.sweep();
  clock.advance(-2 * minute);
  expect(() => grants.refresh({ refreshToken: refresh_token, clientId: "test" })).toThrow("was used before");
  expect(ended).toEqual([grantId]);
});

test("A refresh token is over after 180 days also before the sweep", () => {
  const { request } = attach();
  const { refresh_token } = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  clock.advance(180 * day);
  expect(() => grants.refresh({ refreshToken: refresh_token, clientId: "test" })).toThrow(
    "unknown or has expired",
  );
  expect(ended).toEqual([]);
});

test("The operator's list says when a grant was last used, to the minute", () => {
  const { request } = attach();
  const { access_token } = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  const madeAt = clock.now();
  const lastUsedAt = () => listGrants(database.db)[0]?.lastUsedAt;
  clock.advance(minute - 1);
  grants.findLive(access_token);
  expect(lastUsedAt()).toBe(madeAt);
  clock.advance(1);
  grants.findLive(access_token);
  expect(lastUsedAt()).toBe(madeAt + minute);
});

test("A rotated refresh token is still known for a thief's after its key was deleted", () => {
  const { request, grantId } = attach();
  const { refresh_token } = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  grants.refresh({ refreshToken: refresh_token, clientId: "test" });
  clock.advance(minute + 2);
  grants.sweep();
  const keys = database.db.select().from(tables.tokens).all();
  expect(keys.filter(({ wrappedKey }) => wrappedKey.length === 0)).toHaveLength(1);
  expect(() => grants.refresh({ refreshToken: refresh_token, clientId: "test" })).toThrow("used before");
  expect(ended).toEqual([grantId]);
});

test("A form drawn before a passage was finished never begins it again, also after the sweep", () => {
  const { request } = attach();
  clock.advance(9 * minute);
  expect(grants.authorizationFlow.issueCode(request, keepLevel)).toBeString();
  // The last form was sealed at that moment and is good for ten minutes.
  clock.advance(10 * minute - 1);
  grants.sweep();
  expect(grants.authorizationFlow.isFinished(request)).toBe(true);
  expect(grants.authorizationFlow.attachAccount(request, "send", () => {})).toBeUndefined();
});

test("A form that failed beside a finished passage does not shorten the grant's life", () => {
  const { request, grantId } = attach();
  redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  grants.authorizationFlow.extend(request, grantId);
  clock.advance(day);
  grants.sweep();
  expect(ended).toEqual([]);
});

test("A client that refreshes without end keeps 500 tokens of each kind, the newest", () => {
  const { request } = attach();
  let pair = redeem(grants.authorizationFlow.issueCode(request, keepLevel));
  const first = pair;
  for (let count = 0; count < 520; count++)
    pair = grants.refresh({ refreshToken: pair.refresh_token, clientId: "test" });
  expect(countOf("tokens")).toBe(1_000);
  expect(grants.findLive(pair.access_token)).toBeDefined();
  expect(grants.findLive(first.access_token)).toBeUndefined();
});

test("A full disk gives no token, says storage_full, and leaves the code good for when there is room", () => {
  const { request } = attach();
  const code = grants.authorizationFlow.issueCode(request, keepLevel);
  const pages = database.db.all<{ page_count: number }>("PRAGMA page_count")[0]?.page_count ?? 0;
  database.db.run(`PRAGMA max_page_count = ${pages}`);
  // Fills the page that is begun, until SQLite would need another.
  const fill = () => {
    for (;;) attach();
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
  const before = countOf("tokens");
  try {
    redeem(code);
  } catch (error) {
    expect(toStorageError(error)).toMatchObject({ code: "storage_full" });
    expect(countOf("tokens")).toBe(before);
  }
  database.db.run("PRAGMA max_page_count = 1000000");
  expect(countOf("tokens") > before || redeem(code).access_token.length === 64).toBe(true);
});
