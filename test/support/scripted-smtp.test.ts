import { expect, test } from "bun:test";
import nodemailer from "nodemailer";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { proveSmtp } from "../../src/smtp/connect.ts";
import { type SmtpScript, startScriptedSmtp } from "./scripted-smtp.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });

async function trySending(script: SmtpScript, recipients = ["b@example.test"]) {
  const smtp = await startScriptedSmtp(script);
  const { port, security } = smtp.server;
  try {
    const transport = nodemailer.createTransport({
      host: "localhost",
      port,
      secure: security === "tls",
      requireTLS: security === "starttls",
      auth: { user: "a@example.test", pass: "right" },
    });
    const envelope = { from: "a@example.test", to: recipients };
    const raw = "Subject: hello\r\n\r\n.dot\r\nbody\r\n";
    const sent = await transport.sendMail({ envelope, raw }).catch((error: Error) => error);
    return { smtp, sent };
  } finally {
    await smtp.stop();
  }
}

test.each(["tls", "starttls"] as const)("accepts an email over %s", async (security) => {
  const { smtp } = await trySending({ security });
  expect(smtp.taken).toEqual([
    { from: "a@example.test", recipients: ["b@example.test"], raw: "Subject: hello\r\n\r\n.dot\r\nbody\r\n" },
  ]);
});

test("refuses one recipient and accepts the others", async () => {
  const { smtp, sent } = await trySending(
    { refuseRecipient: (address) => (address.startsWith("no") ? "550 5.1.1 No" : undefined) },
    ["b@example.test", "no@example.test"],
  );
  expect(smtp.taken[0]?.recipients).toEqual(["b@example.test"]);
  expect(sent).toMatchObject({ accepted: ["b@example.test"], rejected: ["no@example.test"] });
});

test("refuses, loses, or accepts a message without a reply, as scripted", async () => {
  const refused = await trySending({ replies: { message: "554 5.7.1 Spam" } });
  expect(refused.sent).toMatchObject({ responseCode: 554 });
  const early = await trySending({ cutBeforeDotAfter: 5 });
  expect(early.sent).toBeInstanceOf(Error);
  const late = await trySending({ cutAfterDot: "taken" });
  expect(late.sent).toBeInstanceOf(Error);
  expect([refused, early, late].map(({ smtp }) => smtp.taken.length)).toEqual([0, 0, 1]);
});

test("offers no login without STARTTLS", async () => {
  const smtp = await startScriptedSmtp({ security: "bare" });
  const credentials = {
    ...{ address: "a@example.test", username: "a@example.test", password: "right", provider: "generic" },
    imap: smtp.server,
    smtp: smtp.server,
  };
  const proof = proveSmtp(credentials, { outbound, signal: AbortSignal.timeout(20_000) });
  expect(await proof.catch((error) => error.code)).toBe("starttls_missing");
  expect(smtp.commands.some((line) => line.startsWith("AUTH"))).toBe(false);
  await smtp.stop();
});
