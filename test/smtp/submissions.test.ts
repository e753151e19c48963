/** Connections to a submission server, and what is known of an email when its connection ends. */
import { afterEach, expect, test } from "bun:test";
import type { ConnectionOwner } from "../../src/credentials.ts";
import { AppError } from "../../src/errors.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { openSmtp, smtpDeadlines } from "../../src/smtp/connect.ts";
import {
  createSubmissions,
  type SubmissionLimits,
  type Submissions,
  submissionLimits,
} from "../../src/smtp/submissions.ts";
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

async function open(limits: Partial<SubmissionLimits> = {}, deadlines = smtpDeadlines) {
  const smtp = await startScriptedSmtp();
  const submissions = createSubmissions({
    open: (credentials, signal) => openSmtp(credentials, { outbound, signal, deadlines }),
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
  const fail = () =>
    submissions
      .submit(
        toOwner("grt_1"),
        { from: address, recipients: ["ben@example.test"], raw: Buffer.from("Subject: x\r\n\r\nx\r\n") },
        new AbortController().signal,
      )
      .then(
        () => undefined,
        (error: AppError) => error,
      );
  return { smtp, submissions, send, fail };
}

test("One connection submits one email after another; two grants never share one", async () => {
  const { smtp, send } = await open();
  expect([await send(), await send(), await send(undefined, "grt_2")]).toEqual(["sent", "sent", "sent"]);
  expect(smtp.connections()).toBe(2);
});

test("An idle connection is closed by QUIT", async () => {
  const { smtp, send } = await open({ idleMs: 30 });
  await send();
  await eventually(() => smtp.open() === 0);
  expect(smtp.commands.at(-1)).toBe("QUIT");
});

test("A connection is not used again after a refusal, since the state of its transaction is unknown", async () => {
  const { smtp, send } = await open();
  smtp.become({ replies: { message: "554 5.7.1 No" } });
  expect(await send()).toBe("message_refused");
  await eventually(() => smtp.open() === 0);
  smtp.become({});
  expect(await send()).toBe("sent");
  expect(smtp.connections()).toBe(2);
});

test("RFC 5321 section 3.8: an idle connection that answers 421 is replaced, and the email is sent once", async () => {
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

test("A cancelled submission on an idle connection is not repeated on another", async () => {
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
] as const)("A server that stops answering at %s is left at the deadline with %s", async (stage, code) => {
  const { smtp, send } = await open({ totalMs: 300 });
  smtp.become({ stallAt: stage });
  expect(await send()).toBe(code);
  await eventually(() => smtp.open() === 0);
});

test("The end of a grant closes its idle connections and ends its submissions, and no other grant's", async () => {
  const { smtp, submissions, send } = await open();
  await send();
  await send(undefined, "grt_2");
  smtp.become({ stallAt: "RCPT" });
  const running = send();
  await eventually(() => smtp.commands.filter((line) => line.startsWith("RCPT")).length === 3);
  submissions.closeGrant("grt_1");
  expect(await running).toBe("cancelled");
  await eventually(() => smtp.open() === 1);
  smtp.become({});
  await send();
  submissions.closeGrant("grt_1");
  await eventually(() => smtp.open() === 1);
  await send(undefined, "grt_2");
  expect(smtp.connections()).toBe(3);
});

test("An idle connection that does not answer RSET in time is replaced, and the email is sent once", async () => {
  const { smtp, send } = await open({ probeAfterMs: 0, probeMs: 100 });
  await send();
  expect(await send()).toBe("sent");
  expect([smtp.connections(), smtp.commands.filter((line) => line === "RSET").length]).toEqual([1, 1]);
  smtp.become({ stallAt: "RSET" });
  expect(await send()).toBe("sent");
  expect([smtp.connections(), smtp.taken.length]).toEqual([2, 3]);
});

test("RFC 5321 section 4.5.3.2.6: silence behind the message is longer than the budget of an email", () => {
  expect(smtpDeadlines.answerMs).toBeGreaterThan(submissionLimits.totalMs);
});

test("RFC 5321 section 4.5.3.2.6: a slow answer to the message is awaited, one to a command is not", async () => {
  const deadlines = { connectMs: 5_000, greetingMs: 5_000, silenceMs: 200, answerMs: 60_000 };
  const { smtp, send } = await open({}, deadlines);
  smtp.become({ slowMs: 600, slowAt: "message" });
  expect(await send()).toBe("sent");
  smtp.become({ stallAt: "RCPT" });
  expect(await send()).toBe("timed_out");
});

test.each([
  [
    "553 5.7.1 <ann@example.test>: Sender address rejected: not owned by user",
    "message_refused",
    "this sender",
  ],
  ["550 5.4.5 Daily user sending limit exceeded", "mail_server_busy", "sending limit (550 5.4.5)"],
  ["550 5.1.1 User unknown", "recipient_refused", "there is no such mailbox"],
])("RFC 3463: every recipient refused with %s is %s", async (reply, code, text) => {
  const { smtp, fail } = await open();
  smtp.become({ refuseRecipient: () => reply });
  expect(await fail()).toMatchObject({ code, message: expect.stringContaining(text) });
});

test("RFC 3463: a message refused with 550 5.4.5 is the account's sending limit", async () => {
  const { smtp, fail } = await open();
  smtp.become({ replies: { message: "550 5.4.5 Daily user sending limit exceeded" } });
  expect(await fail()).toMatchObject({ code: "mail_server_busy", hint: expect.stringContaining("tomorrow") });
});

test.each([
  [
    "MAIL",
    "553 5.7.1 Sender address rejected: not owned by user",
    "message_refused",
    "does not accept this sender",
  ],
  [
    "MAIL",
    "550 5.1.8 Sender address rejected: Domain not found",
    "message_refused",
    "does not accept this sender",
  ],
  [
    "message",
    "554 5.2.252 SendAsDenied; not allowed to send as",
    "message_refused",
    "does not accept this sender",
  ],
  [
    "message",
    "550 5.7.60 Client does not have permissions",
    "message_refused",
    "does not accept this sender",
  ],
  ["message", "554 5.7.1 Spam", "message_refused", "refused the email (554 5.7.1)"],
  ["MAIL", "550 5.4.5 Daily limit", "mail_server_busy", "sending limit (550 5.4.5)"],
  ["message", "550 5.1.90 Your message can't be sent", "mail_server_busy", "sending limit (550 5.1.90)"],
  ["DATA", "421 4.7.0 Try again later", "mail_server_busy", "puts it off (421 4.7.0)"],
] as const)("RFC 3463: at %s, %s is %s", async (stage, reply, code, text) => {
  const { smtp, fail } = await open();
  smtp.become({ replies: { [stage]: reply } });
  expect(await fail()).toMatchObject({ code, message: expect.stringContaining(text) });
});
