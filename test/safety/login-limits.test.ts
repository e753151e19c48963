/** Logins at mail servers: what is counted and refused per peer, and what only waits. */
import { describe, expect, test } from "bun:test";
import { raceAbort } from "../../src/abort.ts";
import { createFailedGuesses } from "../../src/accounts/failed-guesses.ts";
import { AppError } from "../../src/errors.ts";
import type { Login } from "../../src/http/login-limits.ts";
import { concurrency, createLimits, rates } from "../../src/http/rate-limit.ts";
import { createTestClock } from "../support/test-clock.ts";

const hash = (value: string) => Bun.hash(value).toString(36);
const signal = new AbortController().signal;
const server = { host: "imap.example.test", port: 993 };
const attempt = { peer: "192.0.2.1", accounts: ["ann@example.test"], signal };

function create(options: Partial<Parameters<typeof createLimits>[0]> = {}) {
  const clock = createTestClock();
  const pausesMs: number[] = [];
  const pause = async (ms: number) => {
    pausesMs.push(ms);
  };
  const limits = createLimits({ clock, hash, pause, ...options });
  /** Lengths of the delays so far; logins without one are left out. */
  const delays = () => pausesMs.filter((ms) => ms > 0);
  return { clock, limits, delays };
}

/** A login at a server that refuses the password. */
const fail = (login: Login) => login.at(server, () => Promise.reject(new AppError("login_refused", "no")));
const succeed = (login: Login) => login.at(server, async () => 1);

/** Returns "done", or the code of the error. */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: AppError) => error.code,
  );

const count = (codes: readonly string[], code: string) => codes.filter((each) => each === code).length;

/** Runs all microtasks and immediate callbacks that are due. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("Logins of one peer", () => {
  test("count when they fail, and not when they succeed", async () => {
    const { limits, delays } = create();
    for (let round = 0; round < 100; round++)
      expect(await codeOf(limits.withLogin(attempt, succeed))).toBe("done");
    for (let round = 0; round < rates.loginByPeer.burst; round++)
      expect(await codeOf(limits.withLogin(attempt, fail))).toBe("login_refused");
    expect(await codeOf(limits.withLogin(attempt, fail))).toBe("rate_limited");
    expect(delays()).toHaveLength(rates.loginByPeer.burst - rates.loginByAccount.burst);
  });

  test("do not count when no server was contacted", async () => {
    const { limits, delays } = create();
    const refuseHost = (login: Login) =>
      login.at(server, () => Promise.reject(new AppError("host_refused", "No public mail server.")));
    const failBefore = () => Promise.reject(new AppError("rate_limited", "There is no place."));
    for (let round = 0; round < 100; round++) {
      expect(await codeOf(limits.withLogin(attempt, refuseHost))).toBe("host_refused");
      expect(await codeOf(limits.withLogin(attempt, failBefore))).toBe("rate_limited");
    }
    expect(await codeOf(limits.withLogin(attempt, fail))).toBe("login_refused");
    expect(delays()).toEqual([]);
  });

  test("count when a second user name finds no place after the first one was refused", async () => {
    const { limits } = create({ rates: { loginByPeer: { burst: 1, everyMs: 60_000 } } });
    const half = async (login: Login) => {
      await fail(login).catch(() => {});
      throw new AppError("rate_limited", "There is no place.");
    };
    await codeOf(limits.withLogin(attempt, half));
    expect(await codeOf(limits.withLogin(attempt, fail))).toBe("rate_limited");
  });

  test("are limited over all accounts", async () => {
    const { limits } = create();
    const codes: string[] = [];
    for (let round = 0; round < 50; round++)
      codes.push(await codeOf(limits.withLogin({ ...attempt, accounts: [`u${round}@example.test`] }, fail)));
    expect(count(codes, "login_refused")).toBe(rates.loginByPeer.burst);
  });

  test("in parallel are limited too: two run at once, and each is counted before it is tried", async () => {
    const { limits } = create();
    let running = 0;
    let most = 0;
    const slow = (login: Login) =>
      login.at(server, async () => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        throw new AppError("login_refused", "no");
      });
    const codes = await Promise.all(
      Array.from({ length: 100 }, () => codeOf(limits.withLogin(attempt, slow))),
    );
    expect(most).toBe(concurrency.login);
    expect(count(codes, "login_refused")).toBe(2);
    // The concurrency limit is free again, and refused tries were not counted as failures.
    const other = { ...attempt, accounts: ["new@example.test"] };
    expect(await codeOf(limits.withLogin(other, succeed))).toBe("done");
  });
});

describe("D06: Failed logins from any peer", () => {
  test("for one address, in any spelling, delay the next by at most two seconds and never refuse it", async () => {
    const { limits, delays, clock } = create();
    for (let round = 0; round < 50; round++) {
      const accounts = [round % 2 === 0 ? " Ann@Example.TEST" : "ann@example.test"];
      const peer = `198.51.100.${round}`;
      expect(await codeOf(limits.withLogin({ ...attempt, accounts, peer }, fail))).toBe("login_refused");
    }
    expect(delays()).toHaveLength(50 - rates.loginByAccount.burst);
    expect(Math.max(...delays())).toBe(2_000);
    const owner = { ...attempt, peer: "203.0.113.9" };
    expect(await codeOf(limits.withLogin(owner, succeed))).toBe("done");
    expect(delays().at(-1)).toBe(2_000);
    // The delay passes with the time, however many guesses there were.
    const before = delays().length;
    clock.advance(rates.loginByAccount.burst * rates.loginByAccount.everyMs);
    expect(await codeOf(limits.withLogin(owner, succeed))).toBe("done");
    expect(delays()).toHaveLength(before);
  });

  test("for one user name count over all typed addresses", async () => {
    const { limits, delays } = create();
    for (let round = 0; round < 20; round++) {
      const accounts = [`u${round}@example.test`, "ann at imap.example.test"];
      await codeOf(limits.withLogin({ ...attempt, accounts, peer: `198.51.100.${round}` }, fail));
    }
    expect(delays()).toHaveLength(20 - rates.loginByAccount.burst);
  });

  test("at one mail server delay the next there by at most two seconds, over all accounts", async () => {
    const { limits, delays } = create();
    const from = (round: number) => ({ signal, peer: `p${round}`, accounts: [`u${round}@example.test`] });
    for (let round = 0; round < 300; round++)
      expect(await codeOf(limits.withLogin(from(round), fail))).toBe("login_refused");
    expect(delays()).toHaveLength(300 - rates.loginByHost.burst);
    expect(Math.max(...delays())).toBe(2_000);
    const before = delays().length;
    const elsewhere = (login: Login) => login.at({ ...server, host: "imap.example.org" }, async () => 1);
    expect(await codeOf(limits.withLogin(from(300), elsewhere))).toBe("done");
    expect(delays()).toHaveLength(before);
  });

  test("are remembered for a day per address and server, for the owner to be told", () => {
    const clock = createTestClock();
    const guesses = createFailedGuesses({ clock, hash });
    const ann = {
      address: "ann@example.test",
      username: "ann",
      imap: { ...server, security: "tls" as const },
    };
    for (let round = 0; round < 3; round++) guesses.add([" ANN@example.test", "ann"], "IMAP.example.test");
    // With an entered server that accepts or refuses what a stranger likes.
    guesses.add(["ann@example.test"], "imap.evil.test");
    expect(guesses.count(ann)).toBe(3);
    guesses.add(["somebody@example.test", "ann"], "imap.example.test");
    expect(guesses.count(ann)).toBe(4);
    clock.advance(86_399_999);
    expect(guesses.count(ann)).toBe(4);
    clock.advance(1);
    expect(guesses.count(ann)).toBe(0);
    guesses.add(["ann@example.test"], server.host);
    expect(guesses.count(ann)).toBe(1);
  });
});

describe("The places for logins", () => {
  test("at one server are taken in turns by the peers that wait, and other servers do not wait", async () => {
    const { limits } = create();
    const release = Promise.withResolvers<void>();
    const order: string[] = [];
    const at = (peer: string, host: string) =>
      limits.withLogin({ ...attempt, peer, accounts: [peer] }, (login) =>
        login.at({ host, port: 993 }, async () => {
          order.push(`${peer} ${host}`);
          await release.promise;
        }),
      );
    const slow = ["a", "b", "c", "d", "e"].map((peer) => at(peer, "slow.test"));
    await settle();
    const other = at("f", "good.test");
    await settle();
    expect(order).toEqual(["a slow.test", "b slow.test", "c slow.test", "d slow.test", "f good.test"]);
    release.resolve();
    await Promise.all([...slow, other]);
    expect(order.at(-1)).toBe("e slow.test");
  });

  test("over all peers are shared: beyond the limit logins wait for one that ends", async () => {
    const { limits } = create({ concurrency: { allLogins: 3 } });
    const { promise, resolve } = Promise.withResolvers<void>();
    let running = 0;
    const started = Array.from({ length: 6 }, (_, index) =>
      limits.withLogin({ signal, peer: `p${index}`, accounts: [`u${index}@x.test`] }, async () => {
        running += 1;
        await promise;
      }),
    );
    await settle();
    expect(running).toBe(3);
    resolve();
    await Promise.all(started);
    expect(running).toBe(6);
  });

  test("are lost by a login that takes longer than its guaranteed time while another peer waits", async () => {
    const { limits } = create({ concurrency: { allLogins: 2 }, loginPlaceMs: 1 });
    const forever = (login: Login) =>
      login.at({ host: "slow.test", port: 993 }, (ending) => raceAbort(ending, new Promise<never>(() => {})));
    const slow = [1, 2].map(() => codeOf(limits.withLogin(attempt, forever)));
    expect(await codeOf(limits.withLogin({ ...attempt, peer: "p2" }, succeed))).toBe("done");
    expect(await slow[0]).toBe("mail_server_busy");
    // Nobody waits any more: the other one keeps its place.
    expect(await codeOf(limits.withLogin({ ...attempt, peer: "p3" }, succeed))).toBe("done");
  });

  test("are left by a person who goes away while waiting", async () => {
    const { limits } = create({ concurrency: { allLogins: 1 } });
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = limits.withLogin(attempt, () => promise);
    const leaving = new AbortController();
    const second = codeOf(
      limits.withLogin({ ...attempt, peer: "p2", signal: leaving.signal }, () => Promise.resolve()),
    );
    await settle();
    leaving.abort();
    expect(await second).toBe("cancelled");
    resolve();
    await first;
    expect(await codeOf(limits.withLogin(attempt, succeed))).toBe("done");
  });
});
