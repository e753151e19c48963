/** Renewal of access tokens: on demand, one at a time, and written before it is used. The issuer is a fake. */
import { expect, test } from "bun:test";
import { createAccessTokens } from "../../src/accounts/access-tokens.ts";
import { AppError } from "../../src/errors.ts";
import { createLog } from "../../src/log.ts";
import type { Issuer } from "../../src/signin/issuer.ts";
import { SignInError } from "../../src/signin/sign-in-error.ts";
import { exampleIssuer } from "../support/example-issuer.ts";
import { refusal } from "../support/refusal.ts";
import { createTestClock } from "../support/test-clock.ts";

const signal = new AbortController().signal;
const lifetimeMs = 3_600_000;

function setUp(options: { issuers?: readonly Issuer[]; fails?: () => Error | undefined } = {}) {
  const clock = createTestClock();
  const events: string[] = [];
  const logged: string[] = [];
  let stored = "refresh-0";
  let isGone = false;
  let isFull = false;
  let count = 0;
  let answer = Promise.resolve();
  const begun = Promise.withResolvers<void>();
  const tokens = createAccessTokens({
    issuers: options.issuers ?? [exampleIssuer],
    clock,
    log: createLog("info", (line) => logged.push(line)),
    upstream: {
      async refresh(_issuer, { refreshToken }) {
        events.push(`refresh with ${refreshToken}`);
        begun.resolve();
        await answer;
        const failure = options.fails?.();
        if (failure) throw failure;
        count += 1;
        return {
          accessToken: `access-${count}`,
          refreshToken: `refresh-${count}`,
          expiresAt: clock.now() + lifetimeMs,
          scopes: undefined,
        };
      },
      async revoke(_issuer, { value }) {
        events.push(`revoke ${value}`);
      },
    },
  });
  const forAccount = tokens.forAccount({
    grantId: "grt_1",
    accountId: "acc_1",
    read: async () => (isGone ? undefined : { issuer: exampleIssuer.id, refreshToken: stored }),
    async write(refreshToken) {
      if (isFull) throw new AppError("storage_full", "The disk is full.");
      if (isGone) return false;
      events.push(`write ${refreshToken}`);
      stored = refreshToken;
      return true;
    },
  });
  const get = (refused?: string) => forAccount({ signal, refused }).then(({ value }) => value);
  return {
    ...{ clock, events, logged, tokens, forAccount, get },
    /** Resolves with the first renewal. */
    begun: begun.promise,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      answer = promise;
      return resolve;
    },
    endGrant: () => {
      isGone = true;
    },
    fillDisk: (full: boolean) => {
      isFull = full;
    },
  };
}

test("A token is kept until shortly before its end, and then renewed with the newest refresh token", async () => {
  const { clock, events, get } = setUp();
  expect([await get(), await get()]).toEqual(["access-1", "access-1"]);
  clock.advance(lifetimeMs - 61_000);
  expect(await get()).toBe("access-1");
  clock.advance(2_000);
  expect(await get()).toBe("access-2");
  expect(events).toEqual([
    "refresh with refresh-0",
    "write refresh-1",
    "refresh with refresh-1",
    "write refresh-2",
  ]);
});

test("Eight calls at once make one renewal", async () => {
  const { events, get } = setUp();
  const values = await Promise.all(Array.from({ length: 8 }, () => get()));
  expect(new Set(values)).toEqual(new Set(["access-1"]));
  expect(events.filter((event) => event.startsWith("refresh"))).toHaveLength(1);
});

test("A refused token is replaced once; a later refusal of the same token gets the new one", async () => {
  const { events, get } = setUp();
  const first = await get();
  expect(await Promise.all([get(first), get(first)])).toEqual(["access-2", "access-2"]);
  expect(await get(first)).toBe("access-2");
  expect(events.filter((event) => event.startsWith("refresh"))).toHaveLength(2);
});

test("RFC 6749 section 6: a replaced refresh token is written before the new access token is used", async () => {
  const { events, get } = setUp();
  await get().then((value) => events.push(`use ${value}`));
  expect(events).toEqual(["refresh with refresh-0", "write refresh-1", "use access-1"]);
});

test("A caller who goes away does not end the renewal: its answer may hold the only valid refresh token", async () => {
  const { events, forAccount, get, hold } = setUp();
  const release = hold();
  const caller = new AbortController();
  const left = refusal(forAccount({ signal: caller.signal }));
  caller.abort();
  expect((await left).code).toBe("cancelled");
  release();
  expect(await get()).toBe("access-1");
  expect(events).toEqual(["refresh with refresh-0", "write refresh-1"]);
});

test("While the disk is full the new refresh token is kept in memory, and written before the next use", async () => {
  const { events, get, fillDisk } = setUp();
  fillDisk(true);
  expect((await refusal(get())).code).toBe("storage_full");
  expect((await refusal(get())).code).toBe("storage_full");
  fillDisk(false);
  expect(await get()).toBe("access-1");
  expect(events).toEqual(["refresh with refresh-0", "write refresh-1"]);
});

test("A replacement that could not be written is the one that the next renewal uses", async () => {
  const { clock, events, get, fillDisk } = setUp();
  fillDisk(true);
  await refusal(get());
  fillDisk(false);
  clock.advance(lifetimeMs);
  expect(await get()).toBe("access-2");
  expect(events).toEqual(["refresh with refresh-0", "refresh with refresh-1", "write refresh-2"]);
});

test("A renewal that outlives its grant is taken back at the issuer", async () => {
  const { events, get, hold, begun, endGrant } = setUp();
  const release = hold();
  const renewal = refusal(get());
  await begun;
  endGrant();
  release();
  expect((await renewal).code).toBe("cancelled");
  expect(events).toEqual(["refresh with refresh-0", "revoke refresh-1"]);
});

test("A sign-in that has ended says so, and an expired client secret is an error in the log", async () => {
  let reason: "ended" | "client_refused" = "ended";
  const { get, logged } = setUp({ fails: () => new SignInError(reason, exampleIssuer) });
  const ended = await refusal(get());
  expect(ended).toMatchObject({
    code: "login_refused",
    message: "The sign-in at Example Mail has ended.",
    hint: "Connect the mailbox again.",
  });
  reason = "client_refused";
  expect((await refusal(get())).code).toBe("mail_server_failed");
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    {
      level: "info",
      event: "sign_in_failed",
      issuer: "example",
      reason: "ended",
      grant: "grt_1",
      account: "acc_1",
    },
    { level: "error", event: "sign_in_client_refused", issuer: "example" },
  ]);
});

test("Without its issuer in the settings an account asks for the operator; the end of a grant forgets its tokens", async () => {
  expect((await refusal(setUp({ issuers: [] }).get())).code).toBe("mail_server_failed");
  const { events, get, tokens } = setUp();
  await get();
  tokens.closeGrant("grt_1");
  await get();
  expect(events.filter((event) => event.startsWith("refresh"))).toHaveLength(2);
});
