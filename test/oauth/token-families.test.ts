/** Which tokens go on and which die when responses are lost, tokens are spent twice, or a thief holds one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { openStore } from "../../src/db/open.ts";
import * as tables from "../../src/db/schema.ts";
import { createLog } from "../../src/log.ts";
import { createGrants, type Grants } from "../../src/oauth/grants.ts";
import type { TokenResponse } from "../../src/oauth/token-issuer.ts";
import { createSecrets, hashSecret, newKey, newToken, toCodeChallenge } from "../../src/secrets.ts";
import {
  beginAuthorization,
  type Entrance,
  formFields,
  redeemCode,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
  type Tokens,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

const day = 86_400_000;
const clientId = "test";

describe("RFC 9700 section 4.14.2: a refresh token", () => {
  const clock = createTestClock();
  let database: Awaited<ReturnType<typeof openStore>>;
  let grants: Grants;
  let ended: string[];
  beforeEach(async () => {
    database = await openStore({ dataDir: temporaryFolder("families") });
    ended = [];
    grants = createGrants({
      db: database.db,
      secrets: createSecrets([newKey()]),
      clock,
      config: { accessTokenLifetimeSeconds: 2_592_000, authorizationCodeLifetimeSeconds: 300 },
      log: createLog("silent"),
      onEnd: (grantId) => ended.push(grantId),
    });
  });
  afterEach(() => database.close());

  /** Makes a grant and returns its first pair of tokens. */
  async function newPair(): Promise<TokenResponse> {
    const codeVerifier = "v".repeat(43);
    const request = {
      secret: newToken(),
      clientId,
      redirectUri,
      redirectHost: "claude.ai",
      browserHash: "",
      codeChallenge: toCodeChallenge(codeVerifier),
    };
    await grants.authorizationFlow.attachAccount(request, "send", async () => {});
    const code = (await grants.authorizationFlow.issueCode(request, async (_, { level }) => level)) ?? "";
    return grants.redeemCode({ code, clientId, redirectUri, codeVerifier });
  }

  const refresh = ({ refresh_token }: TokenResponse) =>
    grants.refresh({ refreshToken: refresh_token, clientId });
  const isLive = async ({ access_token }: TokenResponse) =>
    (await grants.findLive(access_token)) !== undefined;
  /** Refreshes a pair a number of times, one after the other. */
  const refreshTimes = async (count: number, pair: TokenResponse) => {
    const pairs: TokenResponse[] = [];
    while (pairs.length < count) {
      clock.advance(1);
      pairs.push(await refresh(pair));
    }
    return pairs;
  };
  /** Applies `check` to pairs, one after the other. */
  const each = async (pairs: TokenResponse[], check: (pair: TokenResponse) => Promise<boolean>) => {
    const results: boolean[] = [];
    for (const pair of pairs) results.push(await check(pair));
    return results;
  };
  const reuse = "The refresh token was used before.";

  /** Reads the stored row without using the token. */
  function rowOf(token: string) {
    return database.db
      .select()
      .from(tables.tokens)
      .where(eq(tables.tokens.hash, hashSecret(token)))
      .get();
  }
  const isDead = async ({ refresh_token }: TokenResponse) =>
    (await rowOf(refresh_token))?.wrappedKey.length === 0;

  test("may be spent again while its successors are unused, until it expires", async () => {
    const first = await newPair();
    await refresh(first);
    for (const ms of [65_000, day, 100 * day]) {
      clock.advance(ms);
      await grants.sweep();
      expect((await refresh(first)).refresh_token).toHaveLength(64);
    }
    clock.advance(80 * day);
    await expect(refresh(first)).rejects.toThrow("unknown or has expired");
    expect(ended).toEqual([]);
  });

  test.each([
    ["access", isLive],
    ["refresh", refresh],
  ] as const)(
    "dies when the %s token of a successor is first used; its next use ends the grant",
    async (_, use) => {
      const first = await newPair();
      const [lost, received] = [await refresh(first), await refresh(first)];
      expect(await isDead(first)).toBe(false);
      await use(received);
      expect(await isDead(first)).toBe(true);
      expect(ended).toEqual([]);
      await expect(refresh(first)).rejects.toThrow(reuse);
      expect(ended).toHaveLength(1);
      expect(await each([first, lost, received], isLive)).toEqual([false, false, false]);
    },
  );

  test("dies by a use of any successor, also of one that another response followed", async () => {
    const first = await newPair();
    const [one] = [await refresh(first), await refresh(first), await refresh(first)];
    await isLive(one);
    await expect(refresh(first)).rejects.toThrow(reuse);
  });

  test("does not die when a successor is used by another client, as a bearer token, or after its expiry", async () => {
    const first = await newPair();
    const next = await refresh(first);
    await expect(grants.refresh({ refreshToken: next.refresh_token, clientId: "another" })).rejects.toThrow();
    expect(await grants.findLive(next.refresh_token)).toBeUndefined();
    await expect(grants.refresh({ refreshToken: next.access_token, clientId })).rejects.toThrow();
    clock.advance(31 * day);
    expect(await isLive(next)).toBe(false);
    expect(await isDead(first)).toBe(false);
    expect(await isLive(await refresh(first))).toBe(true);
  });

  test("has siblings that coexist until one of them is refreshed, which kills the others", async () => {
    const first = await newPair();
    const [one, two, three] = [await refresh(first), await refresh(first), await refresh(first)];
    expect(await each([one, two, three], isLive)).toEqual([true, true, true]);
    const next = await refresh(two);
    expect(await each([one, two, three], isDead)).toEqual([true, false, true]);
    // The access token issued with the refreshed token lives on, as do those before it.
    expect(await each([first, one, two, three, next], isLive)).toEqual([true, false, true, false, true]);
    expect(ended).toEqual([]);
    await expect(refresh(three)).rejects.toThrow(reuse);
    expect(ended).toHaveLength(1);
    expect(await isLive(next)).toBe(false);
  });

  test("that was refreshed before its siblings were used leaves them dead, although nobody used them", async () => {
    const first = await newPair();
    const [thief, owner] = [await refresh(first), await refresh(first)];
    await refresh(thief);
    expect(await isLive(owner)).toBe(false);
    await expect(refresh(owner)).rejects.toThrow(reuse);
    expect(ended).toHaveLength(1);
  });

  test("has at most five unused successors: the oldest is withdrawn, and its use ends the grant", async () => {
    const first = await newPair();
    const pairs = await refreshTimes(6, first);
    expect(await each(pairs, isDead)).toEqual([true, false, false, false, false, false]);
    expect(await rowOf(pairs[0]?.access_token ?? "")).toBeUndefined();
    expect(await each(pairs.slice(1), isLive)).toEqual(Array(5).fill(true));
    const [withdrawn] = pairs;
    await expect(refresh(withdrawn as TokenResponse)).rejects.toThrow(reuse);
    expect(ended).toHaveLength(1);
  });

  test("is not lost when it is spent in a loop without an answer", async () => {
    const first = await newPair();
    await refreshTimes(510, first);
    const rows = await database.db.select().from(tables.tokens).all();
    expect(rows.length).toBeLessThanOrEqual(1_000);
    expect(await isLive(await refresh(first))).toBe(true);
    expect(ended).toEqual([]);
  });

  test("keeps its wrapped key until it dies, also through a sweep and a clock that is set back", async () => {
    const first = await newPair();
    const next = await refresh(first);
    clock.advance(day);
    await grants.sweep();
    expect(await isDead(first)).toBe(false);
    await isLive(next);
    expect(await isDead(first)).toBe(true);
    clock.advance(-day);
    await expect(refresh(first)).rejects.toThrow(reuse);
  });

  test("of an older version has no recorded parent: the others of its grant die when it is refreshed", async () => {
    const first = await newPair();
    const [one, two] = [await refresh(first), await refresh(first)];
    await database.db.update(tables.tokens).set({ parentHash: null, pairHash: null }).run();
    const next = await refresh(two);
    expect(await each([first, one, two], isDead)).toEqual([true, true, false]);
    expect(await each([one, two, next], isLive)).toEqual([true, true, true]);
    await expect(refresh(one)).rejects.toThrow(reuse);
  });

  test("costs one write when a successor is first used, and none after that", async () => {
    const writes = async () => (await database.db.values<[number]>("SELECT total_changes()"))[0]?.[0] ?? 0;
    const countWrites = async (work: () => Promise<unknown>) => {
      const before = await writes();
      await work();
      return (await writes()) - before;
    };
    const first = await newPair();
    expect(await countWrites(() => isLive(first))).toBe(0);
    const next = await refresh(first);
    // Two rows in one transaction: the token, and the one it was issued from.
    expect(await countWrites(() => isLive(next))).toBe(2);
    expect(await countWrites(() => each([next, first, next], isLive))).toBe(0);
  });
});

describeMail("D03: RFC 6749 section 6: a refresh whose answer was lost", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let user: User;
  beforeAll(async () => {
    product = await startProduct({ clock });
    user = await (await mailServer()).newUser();
  });
  afterAll(() => product.stop());

  async function register(method: string): Promise<Entrance> {
    const response = await fetch(`${product.url}/oauth/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: method }),
    });
    const { client_id, client_secret = "" } = await response.json();
    return { url: product.url, clientId: client_id, clientSecret: client_secret };
  }

  const kinds: [string, () => Entrance | Promise<Entrance>][] = [
    ["the static client", () => product],
    [
      "a client metadata document",
      () => ({
        url: product.url,
        clientId: "https://claude.ai/oauth/mcp-oauth-client-metadata",
        clientSecret: "",
      }),
    ],
    ["a registered public client", () => register("none")],
    ["a registered client with a secret", () => register("client_secret_post")],
  ];

  async function connect(client: Entrance): Promise<Tokens> {
    const begun = await beginAuthorization(client);
    const query = await requireCode(await submitForm(client, begun, formFields(user, await mailServer())));
    return redeemCode(client, query.get("code") ?? "", begun.verifier);
  }

  async function refresh(client: Entrance, token: string): Promise<Tokens | string> {
    const response = await requestToken(client, { grant_type: "refresh_token", refresh_token: token });
    const { error, access_token, refresh_token, scope } = await response.json();
    return error ?? { accessToken: access_token, refreshToken: refresh_token, scope };
  }

  /** Refreshes and requires success. */
  async function requireRefresh(client: Entrance, token: string): Promise<Tokens> {
    const answer = await refresh(client, token);
    if (typeof answer === "string") throw new Error(answer);
    return answer;
  }

  /** Returns the status of a request to /mcp with this token. */
  async function statusOf({ accessToken }: Tokens): Promise<number> {
    const response = await fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });
    await response.text();
    return response.status;
  }

  test.each(kinds)(
    "is repeated after 65 seconds and after a day by %s, and the grant goes on",
    async (_, kind) => {
      const client = await kind();
      const { refreshToken } = await connect(client);
      await requireRefresh(client, refreshToken);
      clock.advance(65_000);
      await requireRefresh(client, refreshToken);
      clock.advance(day);
      const received = await requireRefresh(client, refreshToken);
      expect(await statusOf(received)).toBe(200);
      // The client goes on with what it received.
      expect(await statusOf(await requireRefresh(client, received.refreshToken))).toBe(200);
    },
  );

  test.each(kinds)(
    "five times at once by %s leaves one family: the first refreshed goes on",
    async (_, kind) => {
      const client = await kind();
      const { refreshToken } = await connect(client);
      const five = await Promise.all(Array.from({ length: 5 }, () => requireRefresh(client, refreshToken)));
      expect(await Promise.all(five.map(statusOf))).toEqual([200, 200, 200, 200, 200]);
      const next = await requireRefresh(client, five[3]?.refreshToken ?? "");
      expect(await Promise.all(five.map(statusOf))).toEqual([401, 401, 401, 200, 401]);
      expect(await statusOf(next)).toBe(200);
    },
  );

  test.each(kinds)(
    "is answered to a thief of %s for nothing: the next use by the other ends the grant",
    async (_, kind) => {
      const client = await kind();
      const { refreshToken } = await connect(client);
      const stolen = await requireRefresh(client, refreshToken);
      expect(await statusOf(stolen)).toBe(200);
      expect(await refresh(client, refreshToken)).toBe("invalid_grant");
      expect(await statusOf(stolen)).toBe(401);
      expect(await refresh(client, stolen.refreshToken)).toBe("invalid_grant");
      const warning = product.logged.findLast((line) => line.includes("grant_ended")) ?? "{}";
      expect(JSON.parse(warning)).toMatchObject({ level: "warn", reason: "refresh_token_reused" });
    },
  );
});
