import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import PostalMime from "postal-mime";
import { toRaw } from "../support/emails.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { connectPerson } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

/** The attachments of the newest draft, as bytes. */
async function attachmentsOf(raw: string): Promise<Buffer[]> {
  const { attachments } = await PostalMime.parse(raw);
  return attachments.map(({ content }) => Buffer.from(content as ArrayBuffer));
}

describeMail("Emails larger than one FETCH", () => {
  test("are forwarded whole, also by reference to an attachment", async () => {
    const kit = await mailServer();
    await withProduct({}, async (product) => {
      const { user, client } = await connectPerson(product);
      const content = randomBytes(7_000_001);
      await kit.deliver(
        user,
        await toRaw({
          subject: "large",
          text: "see there",
          attachments: [{ filename: "large.bin", content }],
        }),
      );
      const { data } = await client.call("get_recent_emails", {});
      const id = (data.emails as { id: string }[])[0]?.id ?? "";
      const email = { to: [user.address], body: "here" };
      await client.call("draft_email", { ...email, forward: id });
      await client.call("draft_email", {
        ...email,
        subject: "again",
        attachments: [{ email: id, index: 1 }],
      });
      const drafts = await kit.read(user, "Drafts");
      expect(drafts.length).toBe(2);
      for (const { raw } of drafts) {
        const [only, ...others] = await attachmentsOf(raw);
        expect(others.length).toBe(0);
        expect(only?.equals(content)).toBe(true);
      }
      await client.close();
    });
  });

  test("and too large to forward go as text or with one attachment; a reply quotes them whole", async () => {
    const kit = await mailServer();
    await withProduct({}, async (product) => {
      const { user, client } = await connectPerson(product);
      const attachments = [
        { filename: "huge.bin", content: Buffer.alloc(36_000_000, "x") },
        { filename: "small.txt", content: Buffer.from("small") },
      ];
      await kit.deliver(user, await toRaw({ subject: "huge", text: "see there", attachments }));
      const { data } = await client.call("get_recent_emails", {});
      const id = (data.emails as { id: string }[])[0]?.id ?? "";
      const refused = await client.try("draft_email", { forward: id });
      expect(refused.text).toContain("more than can go out");
      expect(refused.text).toContain("with [] its text alone");
      const alone = await client.call("draft_email", { forward: id, attachments: [] });
      expect(alone.data).toMatchObject({ notes: [], preview: { attachments: [] } });
      expect(alone.text).toContain("see there");
      const one = await client.call("draft_email", { forward: id, attachments: [{ email: id, index: 2 }] });
      expect(one.data).toMatchObject({ preview: { attachments: [{ name: "small.txt", size: 5 }] } });
      const answer = await client.call("draft_email", { reply_to: id, body: "Thanks." });
      expect(answer.data.notes).toEqual([]);
      expect(answer.text).toContain("> see there");
      await client.close();
    });
  });
});
