import { expect, test } from "bun:test";
import type { ImapFlow } from "imapflow";
import type { ConnectionOwner } from "../../src/credentials.ts";
import type { AppError } from "../../src/errors.ts";
import { openImap } from "../../src/imap/connect.ts";
import { type ConnectionLimits, createConnections } from "../../src/imap/connections.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, startMailServer, type User } from "../support/mail-server.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost", "127.0.0.0/8"] });
const noDeadline = () => new AbortController().signal;
const read = { effect: "read", mailbox: "INBOX", signal: noDeadline() } as const;

/** A pool of connections to the real server that counts its logins. */
function createPool(limits: Partial<ConnectionLimits> = {}) {
  const clock = createTestClock();
  const opened: ImapFlow[] = [];
  let attempts = 0;
  const pool = createConnections({
    clock,
    limits,
    async open(credentials, signal) {
      attempts += 1;
      const imap = await openImap(credentials, { outbound, signal });
      opened.push(imap);
      return imap;
    },
  });
  return {
    pool,
    clock,
    opened,
    attempts: () => attempts,
    live: () => opened.filter((imap) => imap.usable).length,
  };
}

function toOwner(kit: MailServerKit, user: User, grantId = "grt_1", accountId = "acc_1"): ConnectionOwner {
  return {
    grantId,
    accountId,
    credentials: {
      address: user.address,
      username: user.address,
      password: user.password,
      provider: "generic",
      imap: kit.imap,
    },
  };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: AppError) => error.code,
  );

describeMail("The pool of connections", () => {
  test("A second call uses the connection and the selected mailbox of the first", async () => {
    const kit = await mailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool, opened } = createPool();
    const first = await pool.use(owner, read, async (imap) => imap);
    const second = await pool.use(
      owner,
      read,
      async (imap) => [imap, imap.mailbox ? imap.mailbox.path : ""] as const,
    );
    expect(second).toEqual([first, "INBOX"]);
    expect(opened.length).toBe(1);
    await pool.close();
  });

  test("I12: twenty parallel calls of one account use at most two connections, and every result is correct", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, "Subject: here\n\nx\n", { mailbox: "Archive" });
    const { pool, opened } = createPool();
    const counts = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        pool.use(toOwner(kit, user), { ...read, mailbox: index % 2 ? "Archive" : "INBOX" }, async (imap) => {
          await imap.noop();
          return imap.mailbox ? imap.mailbox.exists : -1;
        }),
      ),
    );
    expect(counts).toEqual(Array.from({ length: 20 }, (_, index) => index % 2));
    expect(opened.length).toBe(2);
    await pool.close();
  });

  test("The same account in two grants never shares a connection", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const { pool } = createPool();
    const one = await pool.use(toOwner(kit, user, "grt_1"), read, async (imap) => imap);
    const other = await pool.use(toOwner(kit, user, "grt_2"), read, async (imap) => imap);
    expect(one).not.toBe(other);
    await pool.close();
  });

  test("A connection is closed when it has been idle for idleMs", async () => {
    const kit = await mailServer();
    const { pool, live } = createPool({ idleMs: 50 });
    await pool.use(toOwner(kit, await kit.newUser()), read, async () => {});
    expect(live()).toBe(1);
    await eventually(() => live() === 0);
    await pool.close();
  });

  test("When the pool is full, the connection that is idle for longest is closed", async () => {
    const kit = await mailServer();
    const { pool, opened, live, clock } = createPool({ total: 2 });
    const users = [await kit.newUser(), await kit.newUser(), await kit.newUser()];
    for (const [index, user] of users.entries()) {
      await pool.use(toOwner(kit, user, `grt_${index}`), read, async () => {});
      clock.advance(1);
    }
    expect(live()).toBe(2);
    expect(opened[0]?.usable).toBe(false);
    await pool.close();
  });

  test("A grant without a connection is served before a grant that has one", async () => {
    const kit = await mailServer();
    const { pool } = createPool({ total: 1 });
    const busy = toOwner(kit, await kit.newUser(), "grt_busy");
    const late = toOwner(kit, await kit.newUser(), "grt_late");
    const order: string[] = [];
    const hold = Promise.withResolvers<void>();
    const calls = [
      pool.use(busy, read, () => hold.promise),
      ...[1, 2, 3].map(() => pool.use(busy, read, async () => void order.push("busy"))),
      pool.use(late, read, async () => void order.push("late")),
    ];
    hold.resolve();
    await Promise.all(calls);
    expect(order[0]).toBe("late");
    await pool.close();
  });

  test("A call that waits for a connection ends at its own deadline", async () => {
    const kit = await mailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool } = createPool({ perAccount: 1 });
    const hold = Promise.withResolvers<void>();
    const holding = pool.use(owner, read, () => hold.promise);
    const waiting = failure(pool.use(owner, { ...read, signal: AbortSignal.timeout(50) }, async () => {}));
    expect(await waiting).toBe("timed_out");
    hold.resolve();
    await holding;
    await pool.close();
  });

  test("A cancelled call closes its connection, and the next call gets a fresh one", async () => {
    const kit = await mailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool, opened } = createPool();
    const caller = new AbortController();
    const started = Promise.withResolvers<void>();
    const call = failure(
      pool.use(owner, { ...read, signal: caller.signal }, () => {
        started.resolve();
        return new Promise(() => {});
      }),
    );
    await started.promise;
    caller.abort();
    expect(await call).toBe("cancelled");
    expect(opened[0]?.usable).toBe(false);
    await pool.use(owner, read, (imap) => imap.noop());
    expect(opened.length).toBe(2);
    await pool.close();
  });

  test("The end of a grant ends its running and waiting calls and closes its connections, and no other grant's", async () => {
    const kit = await mailServer();
    const { pool, opened } = createPool({ perAccount: 1 });
    const ended = toOwner(kit, await kit.newUser(), "grt_ended");
    const other = toOwner(kit, await kit.newUser(), "grt_other");
    await pool.use(other, read, async () => {});
    const started = Promise.withResolvers<void>();
    const running = failure(
      pool.use(ended, read, () => {
        started.resolve();
        return new Promise(() => {});
      }),
    );
    const waiting = failure(pool.use(ended, read, async () => {}));
    await started.promise;
    pool.closeGrant("grt_ended");
    expect(await Promise.all([running, waiting])).toEqual(["cancelled", "cancelled"]);
    expect(opened.map((imap) => imap.usable)).toEqual([true, false]);
    await pool.close();
  });

  test("A missing mailbox is answered mailbox_not_found, and the connection is used again", async () => {
    const kit = await mailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool, opened } = createPool();
    expect(await failure(pool.use(owner, { ...read, mailbox: "No/Such" }, async () => {}))).toBe(
      "mailbox_not_found",
    );
    await pool.use(owner, read, (imap) => imap.noop());
    expect(opened.length).toBe(1);
    await pool.close();
  });

  test("I05: after a refused login there is no login to that account for a minute", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const wrong = toOwner(kit, { ...user, password: "not-this-one" });
    const { pool, attempts, clock } = createPool();
    const parallel = [1, 2, 3].map(() => failure(pool.use(wrong, read, async () => {})));
    expect(await Promise.all(parallel)).toEqual(["login_refused", "login_refused", "login_refused"]);
    expect(attempts()).toBe(1);
    clock.advance(59_000);
    expect(await failure(pool.use(wrong, read, async () => {}))).toBe("login_refused");
    expect(attempts()).toBe(1);
    clock.advance(2_000);
    await pool.use(toOwner(kit, user), read, async () => {});
    expect(attempts()).toBe(2);
    await pool.close();
  });

  test("A closed pool refuses calls", async () => {
    const kit = await mailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool, live } = createPool();
    await pool.use(owner, read, async () => {});
    await pool.close();
    expect(live()).toBe(0);
    expect(await failure(pool.use(owner, read, async () => {}))).toBe("shutting_down");
  });
});

describeMail("The pool of connections on a failing mail server", () => {
  test("I06: reading continues on a new connection after the server was killed, between calls and during a call", async () => {
    const kit = await startMailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool, opened, attempts } = createPool();
    await pool.use(owner, read, async () => {});
    await kit.dovecot.kill();
    await kit.dovecot.start();
    await pool.use(owner, read, (imap) => imap.noop());
    let tries = 0;
    await pool.use(owner, read, async (imap) => {
      tries += 1;
      if (tries === 1) {
        await kit.dovecot.kill();
        await kit.dovecot.start();
      }
      await imap.noop();
      await imap.search({ all: true });
    });
    expect(tries).toBe(2);
    expect(opened.length).toBe(3);
    expect(attempts()).toBe(3);
    await pool.close();
    await kit.stop();
  });

  test("I06: a write is never repeated", async () => {
    const kit = await startMailServer();
    const owner = toOwner(kit, await kit.newUser());
    const { pool } = createPool();
    let tries = 0;
    const writing = failure(
      pool.use(owner, { ...read, effect: "write" }, async (imap) => {
        tries += 1;
        await kit.dovecot.kill();
        await imap.messageFlagsAdd("1:*", ["\\Seen"]);
        throw new Error("nothing failed");
      }),
    );
    expect(await writing).toBe("mail_server_failed");
    expect(tries).toBe(1);
    await pool.close();
    await kit.stop();
  });

  test("I04: on a server that allows one connection all calls succeed over one", async () => {
    const kit = await mailServer({ connectionsPerUser: 1 });
    const owner = toOwner(kit, await kit.newUser());
    const { pool, opened, attempts } = createPool();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        pool.use(owner, read, async (imap) => {
          const status = await imap.status("INBOX", { messages: true });
          return status ? status.messages : -1;
        }),
      ),
    );
    expect(answers).toEqual(Array(8).fill(0));
    expect(opened.length).toBe(1);
    expect(attempts()).toBe(2);
    await pool.close();
  });
});
