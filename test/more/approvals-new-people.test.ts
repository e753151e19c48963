/** The brake of the level `send`: what goes to somebody to whom the person never wrote waits. */
import { afterAll, beforeAll, expect } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

const braked = () => connectInBrowser(product, { level: "send", fields: { ask_for_new_people: "on" } });

mailTest(
  "Y11: with the brake a new address waits, one that the person wrote to does not; without it nothing waits",
  async () => {
    const kit = await mailServer();
    const [known, unknown] = await Promise.all([kit.newUser(), kit.newUser()]);
    const { client, user, browser } = await braked();
    await kit.deliver(
      user,
      await toRaw({ from: user.address, to: `"Known" <${known.address}>`, messageId: "<1@laptop.example>" }),
      { mailbox: "Sent" },
    );
    const sent = await client.call("send_email", { to: [known.address], body: "Hi." });
    expect([sent.data.approval, sent.data.accepted]).toEqual([undefined, [known.address]]);
    // One new person among known ones.
    const both = { to: [known.address], cc: [unknown.address], body: "Hi both." };
    const { url } = approvalOf(await client.call("send_email", both));
    const page = await browser.get(url);
    expect(page.html.match(/You have never written to this address/g)).toHaveLength(1);
    expect((await browser.post(url, { decision: "send" })).state).toBe("done");
    // The person has written to them now.
    const next = await client.call("send_email", { to: [unknown.address], body: "Again." });
    expect(next.data.approval).toBeUndefined();

    const free = await connectInBrowser(product, { level: "send" });
    const open = await free.client.call("send_email", { to: [unknown.address], body: "Hi." });
    expect(open.data.approval).toBeUndefined();
  },
);

mailTest(
  "Y11: an address stays new that only stands in emails a tool moved or drafted, or that this server sent",
  async () => {
    const kit = await mailServer();
    const evil = (await kit.newUser()).address;
    const { client, user } = await braked();
    // Planted: an email that claims to be the person's own, to the attacker.
    await kit.deliver(user, await toRaw({ from: user.address, to: evil, subject: "Planted" }));
    const { data } = await client.call("get_recent_emails");
    const [{ id = "" } = {}] = (data as { emails: { id: string }[] }).emails;
    for (const mailbox of ["sent", "Sent", "SENT"]) {
      const moved = await client.try("move_email", { ids: [id], mailbox });
      expect([mailbox, moved.isError]).toEqual([mailbox, true]);
    }
    for (const path of ["Sent Items", "Gesendet", "sent", "Archive/Sent"]) {
      const created = await client.try("create_mailbox", { path });
      expect([path, created.isError]).toEqual([path, true]);
    }
    await client.call("draft_email", { to: [evil], body: "Draft." });
    // An email of this server in Sent, and one of somebody else that was moved there by hand.
    const ours = { from: user.address, to: evil, messageId: `<${"a".repeat(32)}@example.test>` };
    await kit.deliver(user, await toRaw(ours), { mailbox: "Sent" });
    await kit.deliver(user, await toRaw({ from: "other@example.test", to: evil }), { mailbox: "Sent" });
    const { state } = approvalOf(await client.call("send_email", { to: [evil], body: "Secrets." }));
    expect(state).toBe("waiting");
  },
);
