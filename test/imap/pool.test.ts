/** The pool of connections on a scripted server: probes, refusals, and the order of waiting calls. */
import { afterEach, describe, expect, spyOn, test } from "bun:test";
import type { ImapFlow } from "imapflow";
import type { ConnectionOwner } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { openImap } from "../../src/imap/connect.ts";
import { type ConnectionLimits, type Connections, createConnections } from "../../src/imap/connections.ts";
import { createPoolQueue, type PooledConnection, type PoolLimits } from "../../src/imap/pool-queue.ts";
import { readFresh } from "../../src/imap/sync.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { type HostileImap, startHostileImap } from "../support/hostile-imap.ts";
import { growthOf } from "../support/own-time.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually, pause } from "../support/waiting.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
const opened: { pool: Connections; imap: HostileImap }[] = [];

afterEach(async () => {
  for (const { pool, imap } of opened.splice(0)) {
    await pool.close();
    await imap.stop();
  }
});

async function open(limits: Partial<ConnectionLimits> = {}) {
  const imap = await startHostileImap({ exists: 3 });
  const clock = createTestClock();
  const pool = createConnections({
    open: (credentials, signal) => openImap(credentials, { outbound, signal }),
    clock,
    limits,
  });
  opened.push({ pool, imap });
  const address = "ann@example.test";
  const owner: ConnectionOwner = {
    grantId: "grt_1",
    accountId: "acc_1",
    credentials: { address, username: address, password: "x", provider: "generic", imap: imap.server },
  };
  const lease = { mailbox: "INBOX", signal: AbortSignal.timeout(20_000) };
  const read = { ...lease, effect: "read" } as const;
  const write = { ...lease, effect: "write" } as const;
  const asked = (verb: string) => imap.commands.filter((line) => line.includes(` ${verb}`)).length;
  return { imap, clock, pool, owner, read, write, asked };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: AppError) => error.code,
  );

test("A connection that was idle for more than five seconds is probed before it is leased", async () => {
  const { clock, pool, owner, read, write, asked } = await open();
  await pool.use(owner, read, async () => {});
  for (const [waitMs, lease, asks] of [
    [5_000, read, 0],
    [5_000, write, 0],
    [5_001, write, 1],
    [5_001, read, 2],
  ] as const) {
    clock.advance(waitMs);
    await pool.use(owner, lease, async () => {});
    expect(asked("NOOP")).toBe(asks);
  }
});

test("A connection that does not answer the probe is replaced, and the call succeeds", async () => {
  const { imap, clock, pool, owner, read } = await open({ probeMs: 100 });
  await pool.use(owner, read, async () => {});
  imap.become({ NOOP: "stall" });
  clock.advance(5_001);
  await pool.use(owner, read, (connection) => connection.search({ all: true }, { uid: true }));
  expect(imap.connections()).toBe(2);
  await eventually(() => imap.open() === 1);
});

test("A connection that the server closes while it is idle leaves the pool", async () => {
  const { imap, pool, owner, read } = await open();
  await pool.use(owner, read, async () => {});
  expect(pool.count()).toBe(1);
  imap.dropAll();
  await eventually(() => pool.count() === 0);
});

test("A connection is leased again after a refusal, and not after a failure that leaves its state unknown", async () => {
  const { imap, pool, owner, read } = await open();
  const fail = (code: AppError["code"]) =>
    failure(
      pool.use(owner, read, async () => {
        throw new AppError(code, "No.");
      }),
    );
  expect(await fail("email_not_found")).toBe("email_not_found");
  await pool.use(owner, read, async () => {});
  expect(imap.connections()).toBe(1);
  expect(await fail("mail_server_failed")).toBe("mail_server_failed");
  await pool.use(owner, read, async () => {});
  expect(imap.connections()).toBe(2);
});

test("A call that is aborted in a command closes its connection, whatever the reason", async () => {
  const { imap, pool, owner, read } = await open();
  for (const code of ["cancelled", "timed_out", "permission_missing", "shutting_down"] as const) {
    const caller = new AbortController();
    imap.become({ NOOP: "stall" });
    const call = failure(pool.use(owner, { ...read, signal: caller.signal }, (used) => used.noop()));
    await eventually(() => imap.commands.at(-1)?.endsWith(" NOOP"));
    caller.abort(new AppError(code, "Enough."));
    expect(await call).toBe(code);
    await eventually(() => imap.open() === 0);
    expect(pool.count()).toBe(0);
  }
});

test("Closing the pool ends running calls and closes all connections", async () => {
  const { imap, pool, owner, read } = await open();
  const started = Promise.withResolvers<void>();
  const running = failure(
    pool.use(owner, read, () => {
      started.resolve();
      return new Promise(() => {});
    }),
  );
  await started.promise;
  await pool.close();
  expect(await running).toBe("shutting_down");
  await eventually(() => imap.open() === 0);
});

test("The octets a server may send are counted per call, and an endless line is cut off before 5 MB", async () => {
  const { imap, pool, owner, read } = await open({ bytesPerCall: 100_000 });
  imap.become({ NOOP: { say: `${"* 3 EXISTS\r\n".repeat(5_000)}TAG OK done\r\n` } });
  // Longer than the interval at which the pool counts.
  for (let call = 0; call < 2; call++)
    await pool.use(owner, read, async (used) => {
      await used.noop();
      await pause(300);
    });
  expect(imap.connections()).toBe(1);
  const wide = await open();
  wide.imap.become({ NOOP: "endless line" });
  let received = () => 0;
  const call = wide.pool.use(wide.owner, wide.read, async (used) => {
    received = () => used.stats().received;
    await used.noop();
    if (!used.usable) throw new AppError("mail_server_failed", "It is gone.");
  });
  expect(await failure(call)).toBe("mail_server_failed");
  expect(received()).toBeLessThan(5_000_000);
});

test("An ended grant gets no connection, even for work that is still running", async () => {
  const { imap, pool, owner, read } = await open();
  await pool.use(owner, read, async () => {});
  pool.closeGrant(owner.grantId);
  expect(await failure(pool.use(owner, read, async () => {}))).toBe("cancelled");
  await pool.use({ ...owner, grantId: "grt_2" }, read, async () => {});
  expect(imap.connections()).toBe(2);
});

test("A call leaves no timer and no listener", async () => {
  const { pool, owner, read } = await open();
  await pool.use(owner, read, async () => {});
  const timers = [spyOn(globalThis, "setInterval"), spyOn(globalThis, "clearInterval")] as const;
  const listeners = (["addEventListener", "removeEventListener"] as const).map((name) =>
    spyOn(EventTarget.prototype, name),
  );
  try {
    for (let call = 0; call < 5; call++) await pool.use(owner, read, async () => {});
    const [set, cleared] = timers;
    expect(set).toHaveBeenCalledTimes(5);
    const ended: unknown[] = cleared.mock.calls.map(([timer]) => timer);
    expect(ended).toEqual(set.mock.results.map(({ value }) => value));
    const [added, removed] = listeners.map(
      ({ mock }) => mock.contexts.filter((target) => target instanceof AbortSignal).length,
    );
    expect(added).toBeGreaterThan(5);
    expect(removed).toBe(added ?? 0);
  } finally {
    for (const spy of [...timers, ...listeners]) spy.mockRestore();
  }
});

test("A second call does not wait for the first", async () => {
  const { imap, pool, owner, read } = await open();
  const hold = Promise.withResolvers<void>();
  const first = pool.use(owner, read, () => hold.promise);
  await pool.use(owner, read, async () => {});
  expect(imap.connections()).toBe(2);
  hold.resolve();
  await first;
});

test.each([
  ["plainly", "TAG NO LOGIN failed.\r\n"],
  ["with an alert", "TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n"],
  ["with a code", "TAG NO [LIMIT] too many\r\n"],
  ["with BYE", "* BYE too many\r\n"],
])(
  "I04: after a second login is refused %s, the account is served over its first connection",
  async (_, say) => {
    const { imap, pool, owner, read, asked } = await open();
    const hold = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const first = pool.use(owner, read, () => {
      started.resolve();
      return hold.promise;
    });
    await started.promise;
    imap.become({ LOGIN: { say } });
    const others = [1, 2, 3].map(() => pool.use(owner, read, async () => "served"));
    await eventually(() => asked("LOGIN") === 2);
    hold.resolve();
    await first;
    expect(await Promise.all(others)).toEqual(["served", "served", "served"]);
    expect(asked("LOGIN")).toBe(2);
  },
);

test("After a second connection is never greeted, the account is served over its first", async () => {
  const imap = await startHostileImap({ exists: 3 });
  const clock = createTestClock();
  const deadlines = { connectMs: 2_000, greetingMs: 100, openMs: 2_000 };
  const pool = createConnections({
    open: (credentials, signal) => openImap(credentials, { outbound, signal, deadlines }),
    clock,
  });
  opened.push({ pool, imap });
  const address = "ann@example.test";
  const credentials = { address, username: address, password: "x", provider: "generic", imap: imap.server };
  const owner: ConnectionOwner = { grantId: "grt_1", accountId: "acc_1", credentials };
  const read = { mailbox: "INBOX", effect: "read", signal: AbortSignal.timeout(10_000) } as const;
  const hold = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const first = pool.use(owner, read, () => {
    started.resolve();
    return hold.promise;
  });
  await started.promise;
  imap.become({ greeting: "stall" });
  const second = pool.use(owner, read, async () => "served");
  await eventually(() => imap.connections() === 2 && imap.open() === 1);
  hold.resolve();
  await first;
  expect(await second).toBe("served");
  expect(imap.connections()).toBe(2);
});

test("After a login is refused for another reason than the password, there is no login for a minute", async () => {
  const { imap, clock, pool, owner, read, asked } = await open();
  imap.become({ LOGIN: { say: "TAG NO [ALERT] Please log in via your web browser\r\n" } });
  for (let call = 0; call < 3; call++)
    expect(await failure(pool.use(owner, read, async () => {}))).toBe("mail_server_failed");
  expect(asked("LOGIN")).toBe(1);
  imap.become({});
  clock.advance(60_001);
  await pool.use(owner, read, async () => {});
});

test("I04: after a busy server refused a login, there is no login for five seconds", async () => {
  const { imap, clock, pool, owner, read, asked } = await open();
  imap.become({ LOGIN: { say: "TAG NO [UNAVAILABLE] later\r\n" } });
  const call = () => failure(pool.use(owner, read, async () => {}));
  expect(await call()).toBe("mail_server_busy");
  clock.advance(4_999);
  expect(await call()).toBe("mail_server_busy");
  expect(asked("LOGIN")).toBe(1);
  imap.become({});
  clock.advance(1);
  expect(await call()).toBeUndefined();
});

test("Of two idle connections a call gets the one that has its mailbox selected", async () => {
  const { imap, pool, owner, read, asked } = await open();
  imap.become({ CAPABILITY: { say: "* CAPABILITY IMAP4rev1 NAMESPACE\r\nTAG OK done\r\n" } });
  const hold = Promise.withResolvers<void>();
  const first = pool.use(owner, { ...read, mailbox: "One" }, () => hold.promise);
  await pool.use(owner, { ...read, mailbox: "Two" }, async () => {});
  hold.resolve();
  await first;
  for (const mailbox of ["Two", "One", "Two", "One"])
    await pool.use(owner, { ...read, mailbox }, async () => {});
  expect(asked("SELECT")).toBe(2);
});

test("The cache of a mailbox is dropped with the account's last connection", async () => {
  const { imap, pool, owner, read } = await open();
  const getCache = () => pool.use(owner, read, async (_, cache) => cache);
  const first = await getCache();
  expect(await getCache()).toBe(first);
  imap.dropAll();
  await eventually(() => pool.count() === 0);
  expect(await getCache()).not.toBe(first);
});

test("A server that is not known to report changes inline gets a NOOP before a read, but not after SELECT", async () => {
  const { pool, owner, read, asked } = await open();
  await pool.use(owner, read, (imap) => readFresh(imap, () => imap.search({ all: true }, { uid: true })));
  expect([asked("NOOP"), asked("UID SEARCH")]).toEqual([0, 1]);
  await pool.use(owner, read, (imap) => readFresh(imap, () => imap.search({ all: true }, { uid: true })));
  expect([asked("NOOP"), asked("UID SEARCH")]).toEqual([1, 2]);
});

test("RFC 5530 section 3: a damaged or locked mailbox is not reported as missing", async () => {
  const { imap, pool, owner, read } = await open();
  const codeOf = async (say: string) => {
    imap.become({ SELECT: { say } });
    return failure(pool.use(owner, { ...read, mailbox: "Archive" }, async () => {}));
  };
  expect(await codeOf("TAG NO [CORRUPTION] index is broken\r\n")).toBe("mail_server_failed");
  expect(await codeOf("TAG NO [INUSE] locked\r\n")).toBe("mail_server_busy");
  expect(await codeOf("TAG NO [NOPERM] not yours\r\n")).toBe("mailbox_read_only");
  expect(await codeOf("TAG NO [NONEXISTENT] none\r\n")).toBe("mailbox_not_found");
  expect(await codeOf("TAG NO [CANNOT] invalid name\r\n")).toBe("mailbox_not_found");
  expect(await codeOf("TAG NO nothing of that name\r\n")).toBe("mailbox_not_found");
});

test("Serving twice as many waiting calls takes twice the time", async () => {
  const { signal } = new AbortController();
  const serve = async (calls: number) => {
    const queue = createPoolQueue({
      clock: createTestClock(),
      limits: { perAccount: 2, perHost: 64, total: 64, idleMs: 60_000 },
      isLimited: () => false,
      onLastClosed() {},
    });
    const given: PooledConnection[] = [];
    for (let call = 0; call < calls; call++) {
      const grant = `grt_${call % (calls / 4)}`;
      const owner = { key: `${grant}/acc`, grantId: grant, host: "imap.example.test" };
      queue.acquire(owner, { signal }).then((slot) => given.push(slot));
    }
    for (let served = 0; served < calls; served++)
      queue.release(await eventually(() => given.shift()), false);
  };
  expect(await growthOf(2_000, serve)).toBeLessThan(3);
});

describe("The places of the pool", () => {
  const fake = () => ({ usable: true, mailbox: false, close() {} }) as Partial<ImapFlow> as ImapFlow;

  function open(limits: Partial<PoolLimits>) {
    const clock = createTestClock();
    const closed: string[] = [];
    const queue = createPoolQueue({
      clock,
      limits: { perAccount: 2, perHost: 10, total: 10, idleMs: 60_000, ...limits },
      isLimited: () => false,
      onLastClosed: (key) => closed.push(key),
    });
    const take = async (key: string, host = "imap.example.test") => {
      const pooled = await queue.acquire(
        { key, grantId: key, host },
        { signal: new AbortController().signal },
      );
      pooled.imap = fake();
      clock.advance(1);
      return pooled;
    };
    return { queue, take, closed };
  }

  test("for one mail server are limited, and an idle connection to it is closed for another account", async () => {
    const { queue, take, closed } = open({ perHost: 2 });
    const ann = await take("ann");
    const ben = await take("ben");
    await take("eve", "other.example.test");
    let cem: PooledConnection | undefined;
    take("cem").then((pooled) => {
      cem = pooled;
    });
    await Promise.resolve();
    expect(queue.all().length).toBe(3);
    queue.release(ben, true);
    await eventually(() => cem);
    expect(closed).toEqual(["ben"]);
    queue.release(ann, true);
  });

  test("are taken from accounts that have two before an account loses its only connection", async () => {
    const { queue, take, closed } = open({ total: 3 });
    const ann = await take("ann");
    queue.release(ann, true);
    const ben = [await take("ben"), await take("ben")];
    for (const pooled of ben) queue.release(pooled, true);
    await take("cem");
    expect(queue.all().map(({ key }) => key)).toEqual(["ann", "ben", "cem"]);
    await take("dora");
    expect(closed).toEqual(["ann"]);
  });
});
