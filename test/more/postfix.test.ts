/**
 * Sending through a real Postfix, with Dovecot behind it. Debian's package is unpacked and run in a chroot, which needs
 * root on Debian; elsewhere these tests are skipped.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connectMailbox } from "../support/authorize.ts";
import { hasMailServer } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { type Postfix, postfixMaxBytes, startPostfix, unpackPostfix } from "../support/postfix.ts";
import { withProduct } from "../support/product.ts";
import { eventually } from "../support/waiting.ts";

const unpacked = unpackPostfix();
const reason = hasMailServer ? unpacked.missing : "Dovecot, to deliver to, is not installed";
if (reason !== undefined) process.stderr.write(`\nPostfix is not tested: ${reason}\n\n`);

type Setting = { kit: MailServerKit; postfix: Postfix; ann: User; ben: User; client: TestClient };

describe.skipIf(reason !== undefined)(
  reason === undefined ? "Postfix" : `Postfix, skipped: ${reason}`,
  () => {
    let running: Postfix | undefined;

    beforeAll(async () => {
      running = await startPostfix(unpacked.root ?? "", (await mailServer()).dovecot.ports.lmtp);
    });

    afterAll(() => running?.stop());

    /** Connects Ann's mailbox through the form; Ben is another user. */
    async function withAnn<T>(work: (setting: Setting) => Promise<T>, ownsAddress = true): Promise<T> {
      const postfix = running;
      if (!postfix) throw new Error("Postfix did not start");
      const kit = await mailServer();
      const [ann, ben] = [await kit.newUser(), await kit.newUser()];
      postfix.addUser(ann, { ownsAddress });
      postfix.addUser(ben);
      return withProduct({}, async (product) => {
        const servers = { imap: kit.imap, smtp: postfix.smtp };
        const { accessToken } = await connectMailbox(product, ann, { servers });
        const client = await openClient(product, accessToken);
        try {
          return await work({ kit, postfix, ann, ben, client });
        } finally {
          await client.close();
        }
      });
    }

    const subjectsIn = async (kit: MailServerKit, user: User, mailbox = "INBOX") =>
      (await kit.read(user, mailbox)).map(({ subject }) => subject);

    test("an email arrives, and its copy is filed once", () =>
      withAnn(async ({ kit, ann, ben, client }) => {
        await client.call("send_email", { to: [ben.address], subject: "Hello", body: "Ben." });
        await eventually(async () => (await kit.read(ben)).length === 1, { what: "the email to arrive" });
        expect(await subjectsIn(kit, ben)).toEqual(["Hello"]);
        expect(await subjectsIn(kit, ann, "Sent")).toEqual(["Hello"]);
      }));

    test("a sender that the user does not own is named as the reason, not the recipient (553 5.7.1)", () =>
      withAnn(async ({ kit, ann, ben, client }) => {
        const { isError, text } = await client.try("send_email", {
          to: [ben.address],
          subject: "x",
          body: "x",
        });
        expect(isError).toBe(true);
        expect(text).toContain("does not accept this sender");
        expect(text).toContain("(message_refused)");
        expect(text).not.toContain(ben.address);
        expect(await subjectsIn(kit, ann, "Sent")).toEqual([]);
      }, false));

    test("RFC 1870: an email above the limit of SIZE is refused as too large", () =>
      withAnn(async ({ kit, ann, ben, client }) => {
        const body = "many words ".repeat(postfixMaxBytes / 10);
        const { isError, text } = await client.try("send_email", {
          to: [ben.address],
          subject: "Long",
          body,
        });
        expect(isError).toBe(true);
        expect(text).toContain("(too_large)");
        expect(await subjectsIn(kit, ann, "Sent")).toEqual([]);
      }));

    test("one unknown recipient is reported and the other gets the email (550 5.1.1)", () =>
      withAnn(async ({ kit, ann, ben, client }) => {
        const to = [ben.address, "nobody@example.test"];
        const { data, text } = await client.call("send_email", { to, subject: "Both", body: "x" });
        expect(text).toContain(`Accepted for: ${ben.address}`);
        expect(text).toMatch(/nobody@example\.test.*there is no such mailbox/);
        expect(data).toMatchObject({ copy_in: "Sent" });
        await eventually(async () => (await kit.read(ben)).length === 1, { what: "the email to arrive" });
        expect(await subjectsIn(kit, ann, "Sent")).toEqual(["Both"]);
      }));

    test("greylisting is told as put off, nothing is filed, and a later call sends once (RFC 6647)", () =>
      withAnn(async ({ kit, postfix, ann, ben, client }) => {
        const email = { to: [ben.address], subject: "Again", body: "x" };
        postfix.greylisted.add(ben.address);
        const { isError, text } = await client.try("send_email", email);
        expect(isError).toBe(true);
        expect(text).toContain("(mail_server_busy)");
        expect(text).toContain("puts this off");
        expect(await subjectsIn(kit, ann, "Sent")).toEqual([]);
        postfix.greylisted.delete(ben.address);
        await client.call("send_email", email);
        await eventually(async () => (await kit.read(ben)).length === 1, { what: "the email to arrive" });
        expect(await subjectsIn(kit, ann, "Sent")).toEqual(["Again"]);
      }));
  },
);
