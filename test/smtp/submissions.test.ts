/** Connections to a submission server: kept, given up, closed; what is certain of an email when one ends. */
import { afterEach, expect, test } from "bun:test";
import type { ConnectionOwner } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { openSmtp } from "../../src/smtp/connect.ts";
import { createSubmissions, type SubmissionLimits, type Submissions } from "../../src/smtp/submissions.ts";
import { type ScriptedSmtp, startScriptedSmtp } from "../support/scripted-smtp.ts";
import { eventually } from "../support/waiting.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
const opened: { submissions: Submissions; smtp: ScriptedSmtp }[] = [];

afterEach(async () => {
  for (const { submissions, smtp } of opened.splice(0)) {
    await submissions.close();
    await smtp.stop();
  }
});

async function open(limits: Partial<SubmissionLimits> = {}) {
  const smtp = await startScriptedSmtp();
  const submissions = createSubmissions({
    open: (credentials, signal) => openSmtp(credentials, { outbound, signal }),
    limits,
  });
  opened.push({ submissions, smtp });
  const address = "ann@example.test";
  const { server } = smtp;
  const credentials = { address, username: address, password: "x", provider: "generic" };
  const toOwner = (grantId: string): ConnectionOwner => ({
    grantId,
    accountId: "acc_1",
    credentials: { ...credentials, imap: server, smtp: server },
  });
  const send = (signal: AbortSignal = new AbortController().signal, grantId = "grt_1") =>
    submissions
      .submit(
        toOwner(grantId),
        { from: address, recipients: ["ben@example.test"], raw: Buffer.from("Subject: x\r\n\r\nx\r\n") },
        signal,
      )
      .then(
        () => "sent",
        (error: AppError) => error.code,
      );
  return { smtp, submissions, send };
}

test("One connection takes one email after another; two grants never share one", async () => {
  const { smtp, send } = await open();
  expect([await send(), await send(), await send(undefined, "grt_2")]).toEqual(["sent", "sent", "sent"]);
  expect(smtp.connections()).toBe(2);
});

test("One that is not used for a while is left, with QUIT", async () => {
  const { smtp, send } = await open({ idleMs: 30 });
  await send();
  await eventually(() => smtp.open() === 0);
  expect(smtp.commands.at(-1)).toBe("QUIT");
});

test("After a refusal its connection is not used again: nobody knows what the server has of it still", async () => {
  const { smtp, send } = await open();
  smtp.become({ replies: { message: "554 5.7.1 No" } });
  expect(await send()).toBe("message_refused");
  await eventually(() => smtp.open() === 0);
  smtp.become({});
  expect(await send()).toBe("sent");
  expect(smtp.connections()).toBe(2);
});

test("A kept one that says 421 to the next email is replaced, and the email goes out once (RFC 5321 section 3.8)", async () => {
  const { smtp, send } = await open();
  await send();
  smtp.become({
    refuseRecipient() {
      smtp.become({});
      return "421 4.4.2 Idle for too long";
    },
  });
  expect(await send()).toBe("sent");
  expect([smtp.connections(), smtp.taken.length]).toEqual([2, 2]);
});

test("A caller who goes away from a kept one does not have the email tried on another", async () => {
  const { smtp, send } = await open();
  await send();
  smtp.become({ stallAt: "MAIL" });
  const caller = new AbortController();
  const sending = send(caller.signal);
  await eventually(() => smtp.commands.filter((line) => line.startsWith("MAIL")).length === 2);
  caller.abort(new AppError("cancelled", "The call was cancelled."));
  expect(await sending).toBe("cancelled");
  expect([smtp.connections(), smtp.taken.length]).toEqual([1, 1]);
});

test.each([
  ["MAIL", "timed_out"],
  ["DATA", "timed_out"],
  ["message", "maybe_sent"],
] as const)(
  "A server that says nothing from %s on ends with the deadline of one email: %s",
  async (stage, code) => {
    const { smtp, send } = await open({ totalMs: 300 });
    smtp.become({ stallAt: stage });
    expect(await send()).toBe(code);
    await eventually(() => smtp.open() === 0);
  },
);

test("The end of a grant closes what it keeps and ends what is under way, and leaves another's alone", async () => {
  const { smtp, submissions, send } = await open();
  await send();
  await send(undefined, "grt_2");
  smtp.become({ stallAt: "RCPT" });
  const under = send();
  await eventually(() => smtp.commands.filter((line) => line.startsWith("RCPT")).length === 3);
  submissions.closeGrant("grt_1");
  expect(await under).toBe("cancelled");
  await eventually(() => smtp.open() === 1);
  smtp.become({});
  await send();
  submissions.closeGrant("grt_1");
  await eventually(() => smtp.open() === 1);
  await send(undefined, "grt_2");
  expect(smtp.connections()).toBe(3);
});
