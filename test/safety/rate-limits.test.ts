/** Rate limits and concurrency limits, and the peer that a request is counted against. */
import { describe, expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { resolvePeer } from "../../src/http/peer.ts";
import { createLimits, rates } from "../../src/http/rate-limit.ts";
import { withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";

const hash = (value: string) => Bun.hash(value).toString(36);

function create(options: Partial<Parameters<typeof createLimits>[0]> = {}) {
  const clock = createTestClock();
  return { clock, limits: createLimits({ clock, hash, ...options }) };
}

/** Returns "allowed", or the seconds to wait. */
async function outcome(work: () => Promise<unknown>): Promise<"allowed" | number> {
  try {
    await work();
    return "allowed";
  } catch (error) {
    if (error instanceof AppError && error.code === "rate_limited") return error.retryAfterSeconds ?? 0;
    throw error;
  }
}

async function count(times: number, work: () => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: times }, () => outcome(work)));
  return outcomes.filter((end) => end === "allowed").length;
}

describe("A rate", () => {
  test("allows its burst at once, then one per interval, and reports the time to wait", async () => {
    const { limits, clock } = create({ rates: { page: { burst: 3, everyMs: 10_000 } } });
    expect(await count(5, () => limits.consume("page", "a"))).toBe(3);
    expect(await outcome(() => limits.consume("page", "a"))).toBe(10);
    clock.advance(9_000);
    expect(await outcome(() => limits.consume("page", "a"))).toBe(1);
    clock.advance(1_000);
    expect(await count(2, () => limits.consume("page", "a"))).toBe(1);
    clock.advance(60_000);
    expect(await count(9, () => limits.consume("page", "a"))).toBe(3);
  });

  test("does not last longer when the clock is set back", async () => {
    const { limits, clock } = create({ rates: { page: { burst: 3, everyMs: 10_000 } } });
    expect(await count(5, () => limits.consume("page", "a"))).toBe(3);
    clock.advance(-7_200_000);
    expect(await count(5, () => limits.consume("page", "a"))).toBe(3);
    expect(await outcome(() => limits.consume("page", "a"))).toBe(10);
  });

  test("counts each key separately", async () => {
    const { limits } = create({ rates: { page: { burst: 1, everyMs: 1_000 } } });
    for (const key of ["a", "b", "__proto__", "constructor"])
      expect(await outcome(() => limits.consume("page", key))).toBe("allowed");
    expect(await outcome(() => limits.consume("page", "__proto__"))).toBe(1);
  });

  test("keeps a bounded number of keys, the most recently used", async () => {
    const { limits } = create({ rates: { page: { burst: 1, everyMs: 1_000_000 } } });
    const before = process.memoryUsage().heapUsed;
    for (let key = 0; key < 200_000; key++) await limits.consume("page", `key ${key}`);
    Bun.gc(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16_000_000);
    expect(await outcome(() => limits.consume("page", "key 199999"))).not.toBe("allowed");
    expect(await outcome(() => limits.consume("page", "key 0"))).toBe("allowed");
  });
});

describe("Tool calls of a grant", () => {
  test("run four at a time; further calls wait in order, and other grants do not wait", async () => {
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

  test("that are aborted while waiting leave the queue without affecting others", async () => {
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

  test("are refused after sixty in a minute, with the time to wait", async () => {
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

describe("Unauthenticated endpoints", () => {
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
  ] as const)("%s %s is limited per peer, with Retry-After", async (method, path, name) => {
    const rate = { burst: 2, everyMs: 60_000 };
    await withProduct({ clock: createTestClock(), rates: { [name]: rate } }, async ({ url }) => {
      const request = () => fetch(`${url}${path}`, { method, redirect: "manual" });
      for (const _ of [1, 2]) expect((await request()).status).not.toBe(429);
      const third = await request();
      expect([third.status, third.headers.get("Retry-After")]).toEqual([429, "60"]);
    });
  });
});

describe("The peer of a request", () => {
  const proxies = ["10.0.0.0/8", "192.168.1.5", "fd00::/8"];

  test.each([
    ["without trusted proxies the header is ignored", "198.51.100.7", "1.1.1.1", [], "198.51.100.7"],
    ["the header of an untrusted peer is ignored", "198.51.100.7", "1.1.1.1", proxies, "198.51.100.7"],
    ["the header of a trusted proxy is used", "10.1.2.3", "198.51.100.7", proxies, "198.51.100.7"],
    [
      "addresses before the one added by the proxy are ignored",
      "10.1.2.3",
      "1.1.1.1, 2.2.2.2, 198.51.100.7",
      proxies,
      "198.51.100.7",
    ],
    [
      "a chain of trusted proxies is followed",
      "10.1.2.3",
      "198.51.100.7, 192.168.1.5, 10.9.9.9",
      proxies,
      "198.51.100.7",
    ],
    [
      "a chain is followed up to the first untrusted address",
      "10.1.2.3",
      "10.0.0.1, 198.51.100.7, 10.9.9.9",
      proxies,
      "198.51.100.7",
    ],
    [
      "a word instead of an address counts the proxy",
      "10.1.2.3",
      "198.51.100.7, unknown",
      proxies,
      "10.1.2.3",
    ],
    ["other notations of an address count the proxy", "10.1.2.3", "0x7f000001", proxies, "10.1.2.3"],
    ["a missing header counts the proxy", "10.1.2.3", null, proxies, "10.1.2.3"],
    ["a port is removed", "10.1.2.3", "198.51.100.7:4711", proxies, "198.51.100.7"],
    ["IPv6 counts as its /64", "2001:db8:1:2:3:4:5:6", null, [], "2001:db8:1:2::/64"],
    ["IPv6 behind a proxy", "fd00::1", "[2001:db8:1:2::9]:443", proxies, "2001:db8:1:2::/64"],
    ["IPv4-mapped is IPv4", "::ffff:198.51.100.7", null, [], "198.51.100.7"],
    ["an IPv4-mapped proxy is the proxy", "::ffff:10.1.2.3", "198.51.100.7", proxies, "198.51.100.7"],
    ["a zone is removed", "fe80::1%eth0", null, [], "fe80::/64"],
    ["an IPv4-mapped network is IPv4", "10.1.2.3", "198.51.100.7", ["::ffff:10.0.0.0/104"], "198.51.100.7"],
    ["a missing socket address is unknown", undefined, "1.1.1.1", proxies, "unknown"],
  ] as const)("%s", (_, remote, header, trusted, peer) => {
    expect(resolvePeer(remote, header, trusted)).toBe(peer);
  });
});
