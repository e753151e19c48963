/** How often strangers may try, and that nothing they can send changes whom it is counted against. */
import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { resolvePeer } from "../../src/http/peer.ts";
import { concurrency, createLimits, rates } from "../../src/http/rate-limit.ts";
import { withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const hash = (value: string) => Bun.hash(value).toString(36);
const refused = new AppError("login_refused", "no");

function create(options: Partial<Parameters<typeof createLimits>[0]> = {}) {
  const clock = createTestClock();
  return { clock, limits: createLimits({ clock, hash, ...options }) };
}

/** How a try ends: "in", or the seconds to wait. */
function outcome(work: () => unknown): "in" | number {
  try {
    work();
    return "in";
  } catch (error) {
    if (error instanceof AppError && error.code === "rate_limited") return error.retryAfterSeconds ?? 0;
    throw error;
  }
}

const count = (times: number, work: () => unknown) =>
  Array.from({ length: times }, () => outcome(work)).filter((end) => end === "in").length;

describe("A rate", () => {
  test("lets its burst through at once, then one every so often, and says when", () => {
    const { limits, clock } = create({ rates: { page: { burst: 3, everyMs: 10_000 } } });
    expect(count(5, () => limits.consume("page", "a"))).toBe(3);
    expect(outcome(() => limits.consume("page", "a"))).toBe(10);
    clock.advance(9_000);
    expect(outcome(() => limits.consume("page", "a"))).toBe(1);
    clock.advance(1_000);
    expect(count(2, () => limits.consume("page", "a"))).toBe(1);
    clock.advance(60_000);
    expect(count(9, () => limits.consume("page", "a"))).toBe(3);
  });

  test("is not held against anybody for longer when the clock is set back", () => {
    const { limits, clock } = create({ rates: { page: { burst: 3, everyMs: 10_000 } } });
    expect(count(5, () => limits.consume("page", "a"))).toBe(3);
    clock.advance(-7_200_000);
    expect(count(5, () => limits.consume("page", "a"))).toBe(3);
    expect(outcome(() => limits.consume("page", "a"))).toBe(10);
  });

  test("counts each key for itself", () => {
    const { limits } = create({ rates: { page: { burst: 1, everyMs: 1_000 } } });
    for (const key of ["a", "b", "__proto__", "constructor"])
      expect(outcome(() => limits.consume("page", key))).toBe("in");
    expect(outcome(() => limits.consume("page", "__proto__"))).toBe(1);
  });

  test("remembers a bounded number of keys, the latest", () => {
    const { limits } = create({ rates: { page: { burst: 1, everyMs: 1_000_000 } } });
    const before = process.memoryUsage().heapUsed;
    for (let key = 0; key < 200_000; key++) limits.consume("page", `key ${key}`);
    Bun.gc(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16_000_000);
    expect(outcome(() => limits.consume("page", "key 199999"))).not.toBe("in");
    expect(outcome(() => limits.consume("page", "key 0"))).toBe("in");
  });
});

describe("Logins at other people's servers", () => {
  const attempt = { peer: "192.0.2.1", accounts: ["ann@example.test"], hosts: ["imap.example.test"] };
  const fail = async () => Promise.reject(refused);
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: AppError) => error.code,
    );

  test("are counted when they fail, and not when they succeed", async () => {
    const { limits } = create();
    for (let round = 0; round < 100; round++)
      expect(await codeOf(limits.withLogin(attempt, async () => 1))).toBe("done");
    for (let round = 0; round < rates.loginByAccount.burst; round++)
      expect(await codeOf(limits.withLogin(attempt, fail))).toBe("login_refused");
    expect(await codeOf(limits.withLogin(attempt, fail))).toBe("rate_limited");
  });

  test("are not counted where the host was refused, since nobody was called", async () => {
    const { limits } = create();
    const refuseHost = async () => Promise.reject(new AppError("host_refused", "No public mail server."));
    for (let round = 0; round < 100; round++)
      expect(await codeOf(limits.withLogin(attempt, refuseHost))).toBe("host_refused");
    expect(await codeOf(limits.withLogin(attempt, fail))).toBe("login_refused");
  });

  test("one account is guessed at no faster from many addresses than from one, however it is spelled", async () => {
    const { limits } = create();
    const codes: string[] = [];
    for (let round = 0; round < 50; round++) {
      const address = round % 2 === 0 ? " Ann@Example.TEST" : "ann@example.test";
      codes.push(
        await codeOf(
          limits.withLogin({ ...attempt, accounts: [address], peer: `198.51.100.${round}` }, fail),
        ),
      );
    }
    expect(codes.filter((code) => code === "login_refused").length).toBe(rates.loginByAccount.burst);
  });

  test("an account is guessed at no faster under one address after another with its user name typed", async () => {
    const { limits } = create();
    const codes: string[] = [];
    for (let round = 0; round < 50; round++) {
      const accounts = [`u${round}@example.test`, "ann at imap.example.test"];
      codes.push(await codeOf(limits.withLogin({ ...attempt, accounts, peer: `198.51.100.${round}` }, fail)));
    }
    expect(codes.filter((code) => code === "login_refused").length).toBe(rates.loginByAccount.burst);
  });

  test("one peer guesses at many accounts no faster than at one", async () => {
    const { limits } = create();
    const codes: string[] = [];
    for (let round = 0; round < 50; round++)
      codes.push(await codeOf(limits.withLogin({ ...attempt, accounts: [`u${round}@example.test`] }, fail)));
    expect(codes.filter((code) => code === "login_refused").length).toBe(rates.loginByPeer.burst);
  });

  test("one mail server is sprayed no faster from many addresses at many accounts", async () => {
    const { limits } = create();
    const codes: string[] = [];
    for (let round = 0; round < 300; round++)
      codes.push(
        await codeOf(
          limits.withLogin({ ...attempt, peer: `p${round}`, accounts: [`u${round}@example.test`] }, fail),
        ),
      );
    expect(codes.filter((code) => code === "login_refused").length).toBe(rates.loginByHost.burst);
  });

  test("a hundred at once are no way around: two are in flight, and each was counted before it was tried", async () => {
    const { limits } = create();
    let running = 0;
    let most = 0;
    const slow = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      throw refused;
    };
    const codes = await Promise.all(
      Array.from({ length: 100 }, () => codeOf(limits.withLogin(attempt, slow))),
    );
    expect(most).toBe(concurrency.login);
    expect(codes.filter((code) => code === "login_refused").length).toBe(2);
    // The gate is free again, and what it turned away was not counted as a guess.
    expect(
      await codeOf(limits.withLogin({ ...attempt, accounts: ["new@example.test"] }, async () => 1)),
    ).toBe("done");
  });

  test("no more than so many are under way in all", async () => {
    const { limits } = create({ concurrency: { allLogins: 3 } });
    const { promise, resolve } = Promise.withResolvers<void>();
    const started = Array.from({ length: 6 }, (_, index) =>
      codeOf(
        limits.withLogin({ peer: `p${index}`, accounts: [`u${index}@x.test`], hosts: [] }, () => promise),
      ),
    );
    resolve();
    expect((await Promise.all(started)).toSorted()).toEqual([
      ...Array(3).fill("done"),
      ...Array(3).fill("rate_limited"),
    ]);
  });
});

describe("Tool calls of a grant", () => {
  test("four run at once, the next wait in line, in order, and another grant does not wait", async () => {
    const { limits } = create();
    const signal = new AbortController().signal;
    const order: number[] = [];
    const leaves = await Promise.all([0, 1, 2, 3].map(() => limits.enterCall("grt_1", signal)));
    const enter = async (number: number) => {
      const leave = await limits.enterCall("grt_1", signal);
      order.push(number);
      return leave;
    };
    const [fifth, sixth] = [enter(5), enter(6)];
    (await limits.enterCall("grt_2", signal))();
    expect(order).toEqual([]);
    leaves[0]?.();
    (await fifth)();
    (await sixth)();
    expect(order).toEqual([5, 6]);
    for (const leave of leaves.slice(1)) leave();
  });

  test("who gives up while waiting leaves the line, and nobody else's place is lost", async () => {
    const { limits } = create({ concurrency: { call: 1 } });
    const controller = new AbortController();
    const first = await limits.enterCall("grt_1", new AbortController().signal);
    const waiting = limits.enterCall("grt_1", controller.signal).catch((error: Error) => error.message);
    const behind = limits.enterCall("grt_1", new AbortController().signal);
    controller.abort(new Error("gone"));
    expect(await waiting).toBe("gone");
    first();
    (await behind)();
    (await limits.enterCall("grt_1", new AbortController().signal))();
  });

  test("the sixty-first in a minute is refused with when", async () => {
    const { limits, clock } = create();
    const signal = new AbortController().signal;
    for (let call = 0; call < rates.call.burst; call++) (await limits.enterCall("grt_1", signal))();
    expect(await limits.enterCall("grt_1", signal).catch((error: AppError) => error.retryAfterSeconds)).toBe(
      1,
    );
    clock.advance(1_000);
    (await limits.enterCall("grt_1", signal))();
  });
});

describe("What strangers may ask", () => {
  const secret = "0".repeat(64);
  test.each([
    ["POST", "/oauth/token", "token"],
    ["POST", "/token", "token"],
    ["POST", "/oauth/revoke", "token"],
    ["POST", "/revoke", "token"],
    ["POST", "/oauth/register", "register"],
    ["POST", "/register", "register"],
    ["GET", "/oauth/authorize", "page"],
    ["GET", "/authorize", "page"],
    ["POST", "/oauth/connect", "page"],
    ["POST", "/oauth/discover", "page"],
    ["GET", `/download/${secret}`, "page"],
    ["HEAD", `/download/${secret}`, "page"],
    ["GET", `/upload/${secret}`, "page"],
    ["POST", `/upload/${secret}`, "page"],
  ] as const)("%s %s is limited per peer, and says when", async (method, path, name) => {
    const rate = { burst: 2, everyMs: 60_000 };
    await withProduct({ clock: createTestClock(), rates: { [name]: rate } }, async ({ url }) => {
      const ask = () => fetch(`${url}${path}`, { method, redirect: "manual" });
      for (const _ of [1, 2]) expect((await ask()).status).not.toBe(429);
      const third = await ask();
      expect([third.status, third.headers.get("Retry-After")]).toEqual([429, "60"]);
    });
  });
});

describe("Who a request comes from", () => {
  const proxies = ["10.0.0.0/8", "192.168.1.5", "fd00::/8"];

  test.each([
    ["without proxies the header is not looked at", "198.51.100.7", "1.1.1.1", [], "198.51.100.7"],
    ["nor from a peer that is no trusted proxy", "198.51.100.7", "1.1.1.1", proxies, "198.51.100.7"],
    ["a trusted proxy is believed", "10.1.2.3", "198.51.100.7", proxies, "198.51.100.7"],
    [
      "what the caller wrote left of it is not",
      "10.1.2.3",
      "1.1.1.1, 2.2.2.2, 198.51.100.7",
      proxies,
      "198.51.100.7",
    ],
    [
      "a chain of trusted proxies is walked",
      "10.1.2.3",
      "198.51.100.7, 192.168.1.5, 10.9.9.9",
      proxies,
      "198.51.100.7",
    ],
    [
      "no further than the first stranger",
      "10.1.2.3",
      "10.0.0.1, 198.51.100.7, 10.9.9.9",
      proxies,
      "198.51.100.7",
    ],
    ["words are not an address", "10.1.2.3", "198.51.100.7, unknown", proxies, "10.1.2.3"],
    ["nor are other spellings", "10.1.2.3", "0x7f000001", proxies, "10.1.2.3"],
    ["no header from a proxy counts the proxy", "10.1.2.3", null, proxies, "10.1.2.3"],
    ["a port is taken off", "10.1.2.3", "198.51.100.7:4711", proxies, "198.51.100.7"],
    ["IPv6 counts as its /64", "2001:db8:1:2:3:4:5:6", null, [], "2001:db8:1:2::/64"],
    ["IPv6 behind a proxy", "fd00::1", "[2001:db8:1:2::9]:443", proxies, "2001:db8:1:2::/64"],
    ["IPv4-mapped is IPv4", "::ffff:198.51.100.7", null, [], "198.51.100.7"],
    ["an IPv4-mapped proxy is the proxy", "::ffff:10.1.2.3", "198.51.100.7", proxies, "198.51.100.7"],
    ["a zone is no part of the address", "fe80::1%eth0", null, [], "fe80::/64"],
    ["an IPv4-mapped network is IPv4", "10.1.2.3", "198.51.100.7", ["::ffff:10.0.0.0/104"], "198.51.100.7"],
    ["no socket address at all", undefined, "1.1.1.1", proxies, "unknown"],
  ] as const)("%s", (_, remote, header, trusted, peer) => {
    expect(resolvePeer(remote, header, trusted)).toBe(peer);
  });
});
