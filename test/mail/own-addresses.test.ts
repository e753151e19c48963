/** From, signature and own addresses, as the person's own sent mail proves them. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { idsOf } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

const alias = "sales@alias.test";
const signature = (name: string) => `<br><div class="gmail_signature"><b>${name}</b><br>Example Ltd</div>`;

const sentEmail = (from: string, number: number, html: string, more = "") =>
  `${more}From: ${from}\nTo: old@friend.test\nSubject: Sent ${number}\nMessage-ID: <sent-${number}@mailer.test>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>Hello ${number}</p>${html}\n`;

/** A person who sent two emails as the account and two as an alias, each with its signature. */
async function newPerson(kit: MailServerKit): Promise<User> {
  const user = await kit.newUser();
  const emails = [
    sentEmail(`Ann Lee <${user.address}>`, 1, signature("Ann Lee")),
    sentEmail(`Ann Lee <${user.address}>`, 2, signature("Ann Lee")),
    sentEmail(`Ann at Sales <${alias}>`, 3, signature("Ann, Sales")),
    sentEmail(`Ann at Sales <${alias}>`, 4, signature("Ann, Sales")),
    // A received email that was moved into Sent proves nothing.
    sentEmail("Boss <boss@evil.test>", 5, "", `Delivered-To: ${user.address}\n`),
  ];
  await kit.deliverAll(
    user,
    emails.map((raw) => ({ raw, mailbox: "Sent" })),
  );
  await kit.deliver(
    user,
    `From: Ben <ben@friend.test>\nTo: Sales <${alias}>, Cleo <cleo@friend.test>\nCc: ${user.address}, boss@evil.test\nSubject: Order\nMessage-ID: <order@friend.test>\n\nTwo chairs, please.\n`,
  );
  return user;
}

type Preview = {
  from: { name?: string; address: string };
  to: { address: string }[];
  cc: { address: string }[];
  text: string;
};

describeMail("A reply", () => {
  test("goes out from the alias that was written to, with its signature above the quote, and to no own address", async () => {
    const kit = await mailServer();
    const user = await newPerson(kit);
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer)).get("Order");
      const draft = await writer.call("draft_email", { reply_to: id, reply_all: true, body: "Yes." });
      const preview = draft.data.preview as Preview;
      expect(preview.from).toEqual({ name: "Ann at Sales", address: alias });
      expect(preview.to.map(({ address }) => address)).toEqual(["ben@friend.test", "cleo@friend.test"]);
      expect(preview.cc.map(({ address }) => address)).toEqual(["boss@evil.test"]);
      expect(preview.text).toContain("\nYes.\n\n-- \nAnn, Sales\nExample Ltd\n\n");
      expect(preview.text).toContain(
        "Sales\nExample Ltd\n\nBen <ben@friend.test> wrote:\n> Two chairs, please.",
      );

      // Changing the draft keeps its From, and the new text is signed once.
      const changed = await writer.call("draft_email", { draft_id: draft.data.draft_id, body: "No." });
      const { from, text } = changed.data.preview as Preview;
      expect(from.address).toBe(alias);
      expect(text.match(/Ann, Sales/g)).toHaveLength(1);
      const bare = { draft_id: changed.data.draft_id, body: "No.", signature: false };
      expect((await writer.call("draft_email", bare)).text).not.toContain("Ann, Sales");
    });
  });
});

describeMail("A new email", () => {
  test("is signed as the account's, goes from an alias on request, and never from an unproven address", async () => {
    const kit = await mailServer();
    const user = await newPerson(kit);
    await withWriter({ kit, user }, async (writer) => {
      const email = { to: ["Ben <ben@friend.test>"], subject: "Hi", body: "Hello." };
      const own = (await writer.call("draft_email", email)).data.preview as Preview;
      expect(own.from).toEqual({ name: "Ann Lee", address: user.address });
      expect(own.text).toContain("\nHello.\n\n-- \nAnn Lee\nExample Ltd");
      const sent = await writer.call("send_email", { ...email, to: [user.address], from: alias });
      expect((sent.data.preview as Preview).from.address).toBe(alias);
      const [submitted] = kit.submission.submitted.filter(({ username }) => username === user.address);
      expect(submitted).toMatchObject({ from: alias, recipients: [user.address] });
      expect(submitted?.raw).toContain(`From: Ann at Sales <${alias}>`);
      expect(submitted?.raw).toContain('class=3D"gmail_signature"');
      for (const from of ["boss@evil.test", "ben@friend.test"]) {
        const refusal = await writer.refusal("draft_email", { ...email, from });
        expect(refusal).toMatchObject({ code: "invalid_input" });
        expect(refusal.hint).toContain(alias);
      }
    });
  });
});
