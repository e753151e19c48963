import { expect } from "bun:test";
import { createTransport } from "nodemailer";
import { startImapProxy } from "./imap-proxy.ts";
import { mailTest } from "./installed.ts";
import { mailServer } from "./mail-server.ts";
import { createMailboxAccess } from "./mailbox-access.ts";
import { eventually } from "./waiting.ts";

const raw = (subject: string) => `From: a@example.test\nTo: b@example.test\nSubject: ${subject}\n\nHello\n`;

mailTest("An email that is delivered is read with its flags and date", async () => {
  const kit = await mailServer();
  const user = await kit.newUser();
  const date = new Date("2024-02-03T04:05:06Z");
  await kit.deliver(user, raw("One"), { flags: ["\\Seen", "$work"], date });
  const [email] = await kit.read(user);
  expect(email?.subject).toBe("One");
  expect(email?.flags).toEqual(["$work", "\\Seen"]);
  expect(email?.date).toEqual(date);
  expect(email?.raw).toContain("\r\n\r\nHello");
});

for (const security of ["smtp", "smtpStarttls"] as const)
  mailTest(`An email submitted over ${security} arrives at its recipient`, async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    const { port } = kit[security];
    const smtp = createTransport({
      host: "localhost",
      port,
      secure: security === "smtp",
      requireTLS: security !== "smtp",
      auth: { user: ann.address, pass: ann.password },
    });
    const sent = await smtp.sendMail({
      from: ann.address,
      to: [ben.address, "nobody@example.test"],
      text: "Hi",
    });
    expect(sent.rejected).toEqual(["nobody@example.test"]);
    await eventually(async () => (await kit.read(ben)).length === 1);
  });

mailTest("A changed password takes effect at once, on IMAP and on SMTP", async () => {
  const kit = await mailServer();
  const before = await kit.newUser();
  const after = await kit.changePassword(before);
  expect(await kit.withImap(after, async (imap) => imap.authenticated)).toBeTruthy();
  await expect(kit.withImap(before, async () => true)).rejects.toThrow();
});

mailTest("A reader whose connection the server drops reads a second time", async () => {
  const kit = await mailServer();
  const user = await kit.newUser();
  await kit.deliver(user, raw("One"));
  let drops = 0;
  const command = (line: string) => (/ EXAMINE /.test(line) && ++drops === 1 ? "hang up" : line);
  const proxy = await startImapProxy(kit, { command });
  const access = createMailboxAccess(proxy.imap.port);
  expect((await access.read(user)).map(({ subject }) => subject)).toEqual(["One"]);
  expect(drops).toBe(2);
  await proxy.stop();
});

mailTest("A new user has the special-use mailboxes", async () => {
  const kit = await mailServer();
  const boxes = await kit.withImap(await kit.newUser(), (imap) => imap.list());
  expect(
    boxes
      .map((box) => box.specialUse)
      .filter(Boolean)
      .sort(),
  ).toEqual(["\\Archive", "\\Drafts", "\\Inbox", "\\Junk", "\\Sent", "\\Trash"]);
});
