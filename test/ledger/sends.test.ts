import { expect, test } from "bun:test";
import { z } from "zod";
import { openDatabase } from "../../src/db/open.ts";
import { grants, sends as rows } from "../../src/db/schema.ts";
import { AppError } from "../../src/errors.ts";
import type { LiveGrant } from "../../src/grant.ts";
import { createSends } from "../../src/ledger/sends.ts";
import { createLog } from "../../src/log.ts";
import { newId, newKey } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

function open() {
  const { db, close } = openDatabase({ dataDir: temporaryFolder("sends") });
  const clock = createTestClock();
  const id = newId("grt");
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
  db.insert(grants)
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
  /** What a process that starts on this database has. */
  const start = () => {
    const sends = createSends({ db, clock, log: createLog("error", (line) => logged.push(line)) });
    const mine = sends.forGrant(grant);
    const once = (request: string, send: () => Promise<string>, key?: string) =>
      mine.once({ accountId: "acc_1", request, key, parse: (kept) => z.string().parse(kept) }, async () => ({
        content: request,
        recipients: 1,
        send,
      }));
    return { sends, once };
  };
  return { db, close, clock, logged, start };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => "sent",
    (error: { code?: string }) => error.code ?? "bug",
  );

test("a process that ends in the middle of a send leaves 'may have been sent', which the next one does not repeat", async () => {
  const { close, start } = open();
  let calls = 0;
  start()
    .once("x", () => {
      calls += 1;
      return new Promise(() => {});
    })
    .catch(() => {});
  await Promise.resolve();
  const next = start();
  const again = () =>
    next.once("x", async () => {
      calls += 1;
      return "sent";
    });
  expect(await code(again())).toBe("maybe_sent");
  expect(calls).toBe(1);
  close();
});

test("what certainly failed may be tried again; what nobody can know may not", async () => {
  const { close, start } = open();
  const { once } = start();
  const refused = async () => {
    throw new AppError("recipient_refused", "No.");
  };
  const bug = async () => {
    throw new Error("after the server had it?");
  };
  expect(await code(once("a", refused))).toBe("recipient_refused");
  expect(await code(once("a", async () => "sent"))).toBe("sent");
  expect(await code(once("b", bug))).toBe("bug");
  expect(await code(once("b", async () => "sent"))).toBe("maybe_sent");
  close();
});

test("two at once send one, and the second fails as the first does", async () => {
  const { close, start } = open();
  const { once } = start();
  let calls = 0;
  const fail = async () => {
    calls += 1;
    await Promise.resolve();
    throw new AppError("message_refused", "No.");
  };
  expect(await Promise.all([code(once("a", fail)), code(once("a", fail))])).toEqual([
    "message_refused",
    "message_refused",
  ]);
  expect(calls).toBe(1);
  close();
});

test("of two different emails under one key at once, one goes out, and the other is not answered with its answer", async () => {
  const { close, start } = open();
  const { once } = start();
  const sent: string[] = [];
  const ask = (request: string) =>
    code(
      once(
        request,
        async () => {
          sent.push(request);
          return request;
        },
        "key",
      ),
    );
  expect(await Promise.all([ask("one"), ask("another")])).toEqual(["sent", "invalid_input"]);
  expect(sent).toEqual(["one"]);
  close();
});

test("failed tries do not use up the hour, and a day later nothing is remembered", async () => {
  const { db, close, clock, start } = open();
  const { sends, once } = start();
  const refused = async () => {
    throw new AppError("recipient_refused", "No.");
  };
  for (let count = 0; count < 12; count += 1) await code(once(`failed ${count}`, refused));
  for (let count = 0; count < 10; count += 1)
    expect(await code(once(`${count}`, async () => "sent"))).toBe("sent");
  expect(await code(once("one more", async () => "sent"))).toBe("rate_limited");
  clock.advance(24 * 3_600_000 + 1);
  sends.sweep();
  expect(db.select().from(rows).all()).toEqual([]);
  close();
});

test("the same email counts as a repetition for ten minutes, and goes out again after", async () => {
  const { close, clock, start } = open();
  const { once } = start();
  const sent: number[] = [];
  const send = async () => `number ${sent.push(clock.now())}`;
  const sentAt = clock.now();
  await once("the same", send);
  clock.advance(599_999);
  expect(await once("the same", send)).toEqual({ answer: "number 1", sentBeforeAt: sentAt });
  clock.advance(1);
  expect(await once("the same", send)).toEqual({ answer: "number 2" });
  close();
});

test("M08: of two at once where one has room, one goes out", async () => {
  const { close, start } = open();
  const { once } = start();
  for (let count = 0; count < 9; count += 1) await once(`${count}`, async () => "sent");
  const both = ["one", "another"].map((request) => code(once(request, async () => "sent")));
  expect((await Promise.all(both)).sort()).toEqual(["rate_limited", "sent"]);
  close();
});

test("M08: fifty a day, and then when the next may go", async () => {
  const { close, clock, start } = open();
  const { once } = start();
  const startedAt = clock.now();
  for (let hour = 0; hour < 5; hour += 1) {
    for (let count = 0; count < 10; count += 1)
      expect(await code(once(`${hour} ${count}`, async () => "sent"))).toBe("sent");
    clock.advance(3_600_001);
  }
  const refusal = await once("one more", async () => "sent").catch((error) => error);
  expect(refusal.code).toBe("rate_limited");
  expect(refusal.message).toContain("50 emails a day");
  expect(refusal.message).toContain(new Date(startedAt + 24 * 3_600_000).toISOString().slice(0, 19));
  close();
});

test("what was sent is answered as sent when it cannot be written down, and is not sent again", async () => {
  const { db, close, logged, start } = open();
  const { once } = start();
  let calls = 0;
  const send = async () => {
    calls += 1;
    db.run("PRAGMA query_only = ON");
    return "<id>";
  };
  expect(await once("x", send)).toEqual({ answer: "<id>" });
  expect(logged.join()).toContain("send_unwritten");
  db.run("PRAGMA query_only = OFF");
  expect(await code(once("x", send))).toBe("maybe_sent");
  expect(calls).toBe(1);
  close();
});
