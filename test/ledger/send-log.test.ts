import { expect, test } from "bun:test";
import { z } from "zod";
import { openStore } from "../../src/db/open.ts";
import { grants, sends as rows } from "../../src/db/schema.ts";
import { AppError } from "../../src/errors.ts";
import type { LiveGrant } from "../../src/grant.ts";
import { createSendLog } from "../../src/ledger/send-log.ts";
import { createLog } from "../../src/log.ts";
import { newId, newKey } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

async function openSendLog() {
  const { db, close } = await openStore({ dataDir: temporaryFolder("send-log") });
  const clock = createTestClock();
  const id = newId("grt");
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
  await db
    .insert(grants)
    .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
    .run();
  const grant: LiveGrant = {
    id,
    clientId: "c",
    level: "send",
    dataKey: newKey(),
    expiresAt: times.expiresAt,
  };
  const logged: string[] = [];
  /** Starts a process on the database. */
  const start = () => {
    const sendLog = createSendLog({ db, clock, log: createLog("error", (line) => logged.push(line)) });
    const own = sendLog.forGrant(grant);
    const sendOnce = (request: string, send: () => Promise<string>, key?: string) =>
      own.sendOnce(
        { accountId: "acc_1", request, key, parse: (stored) => z.string().parse(stored) },
        async () => ({ content: request, recipients: 1, send }),
      );
    return { sendLog, sendOnce };
  };
  return { db, close, clock, logged, start };
}

/** The code of the error a send ends with, or "sent". */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "sent",
    (error: { code?: string }) => error.code ?? "bug",
  );

test("a send interrupted by the end of the process may have been sent, and the next process does not repeat it", async () => {
  const { close, start } = await openSendLog();
  let calls = 0;
  const sending = Promise.withResolvers<void>();
  start()
    .sendOnce("x", () => {
      calls += 1;
      sending.resolve();
      return new Promise(() => {});
    })
    .catch(() => {});
  await sending.promise;
  const next = start();
  await next.sendLog.markInterrupted();
  const again = () =>
    next.sendOnce("x", async () => {
      calls += 1;
      return "sent";
    });
  expect(await codeOf(again())).toBe("maybe_sent");
  expect(calls).toBe(1);
  await close();
});

test("a send that failed for certain can be tried again; one with an unknown outcome cannot", async () => {
  const { close, start } = await openSendLog();
  const { sendOnce } = start();
  const refused = async () => {
    throw new AppError("recipient_refused", "No.");
  };
  const bug = async () => {
    throw new Error("after the server had it?");
  };
  expect(await codeOf(sendOnce("a", refused))).toBe("recipient_refused");
  expect(await codeOf(sendOnce("a", async () => "sent"))).toBe("sent");
  expect(await codeOf(sendOnce("b", bug))).toBe("bug");
  expect(await codeOf(sendOnce("b", async () => "sent"))).toBe("maybe_sent");
  await close();
});

test("two concurrent sends of one email submit it once, and both fail when the submission fails", async () => {
  const { close, start } = await openSendLog();
  const { sendOnce } = start();
  let calls = 0;
  const fail = async () => {
    calls += 1;
    await Promise.resolve();
    throw new AppError("message_refused", "No.");
  };
  expect(await Promise.all([codeOf(sendOnce("a", fail)), codeOf(sendOnce("a", fail))])).toEqual([
    "message_refused",
    "message_refused",
  ]);
  expect(calls).toBe(1);
  await close();
});

test("of two concurrent, different emails with one key, one is sent and the other is refused", async () => {
  const { close, start } = await openSendLog();
  const { sendOnce } = start();
  const sent: string[] = [];
  const send = (request: string) =>
    codeOf(
      sendOnce(
        request,
        async () => {
          sent.push(request);
          return request;
        },
        "key",
      ),
    );
  expect(await Promise.all([send("one"), send("another")])).toEqual(["sent", "invalid_input"]);
  expect(sent).toEqual(["one"]);
  await close();
});

test("failed attempts do not count toward the hourly limit, and sweep deletes entries older than a day", async () => {
  const { db, close, clock, start } = await openSendLog();
  const { sendLog, sendOnce } = start();
  const refused = async () => {
    throw new AppError("recipient_refused", "No.");
  };
  for (let count = 0; count < 12; count += 1) await codeOf(sendOnce(`failed ${count}`, refused));
  for (let count = 0; count < 10; count += 1)
    expect(await codeOf(sendOnce(`${count}`, async () => "sent"))).toBe("sent");
  expect(await codeOf(sendOnce("one more", async () => "sent"))).toBe("rate_limited");
  clock.advance(24 * 3_600_000 + 1);
  await sendLog.sweep();
  expect(await db.select().from(rows).all()).toEqual([]);
  await close();
});

test("the same email counts as a repetition for ten minutes, and is sent again after that", async () => {
  const { close, clock, start } = await openSendLog();
  const { sendOnce } = start();
  const sent: number[] = [];
  const send = async () => `number ${sent.push(clock.now())}`;
  const sentAt = clock.now();
  await sendOnce("the same", send);
  clock.advance(599_999);
  expect(await sendOnce("the same", send)).toEqual({ answer: "number 1", sentBeforeAt: sentAt });
  clock.advance(1);
  expect(await sendOnce("the same", send)).toEqual({ answer: "number 2" });
  await close();
});

test("M08: of two concurrent sends with one left in the limit, one is sent", async () => {
  const { close, start } = await openSendLog();
  const { sendOnce } = start();
  for (let count = 0; count < 9; count += 1) await sendOnce(`${count}`, async () => "sent");
  const both = ["one", "another"].map((request) => codeOf(sendOnce(request, async () => "sent")));
  expect((await Promise.all(both)).sort()).toEqual(["rate_limited", "sent"]);
  await close();
});

test("M08: after 50 emails in a day the refusal gives the time of the next permitted send", async () => {
  const { close, clock, start } = await openSendLog();
  const { sendOnce } = start();
  const startedAt = clock.now();
  for (let hour = 0; hour < 5; hour += 1) {
    for (let count = 0; count < 10; count += 1)
      expect(await codeOf(sendOnce(`${hour} ${count}`, async () => "sent"))).toBe("sent");
    clock.advance(3_600_001);
  }
  const refusal = await sendOnce("one more", async () => "sent").catch((error) => error);
  expect(refusal.code).toBe("rate_limited");
  expect(refusal.message).toContain("50 emails a day");
  expect(refusal.message).toContain(new Date(startedAt + 24 * 3_600_000).toISOString().slice(0, 19));
  await close();
});

test("an email whose outcome cannot be written is answered as sent, and is not sent again", async () => {
  const { db, close, logged, start } = await openSendLog();
  const { sendOnce } = start();
  let calls = 0;
  const send = async () => {
    calls += 1;
    await db.run("PRAGMA query_only = ON");
    return "<id>";
  };
  expect(await sendOnce("x", send)).toEqual({ answer: "<id>" });
  expect(logged.join()).toContain("send_unwritten");
  await db.run("PRAGMA query_only = OFF");
  expect(await codeOf(sendOnce("x", send))).toBe("maybe_sent");
  expect(calls).toBe(1);
  await close();
});
