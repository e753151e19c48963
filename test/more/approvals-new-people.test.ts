/** The brake of the level `send`: what goes to somebody to whom the person never wrote waits. */
import { afterAll, beforeAll, expect } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { mailTest } from "../support/installed.ts";
import { invitations, toInvitationEmail } from "../support/invitations.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { findEmail, noteChecks, toNewsletter } from "../support/newsletters.ts";
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

mailTest(
  "Y11: an answer to an ORGANIZER, and leaving a list by mailto, wait unless the person has written there",
  async () => {
    const kit = await mailServer();
    const [organizer, list] = [await kit.newUser(), await kit.newUser()];
    const [invitation] = invitations;
    const receive = async (user: User) => {
      const calendar = (invitation?.calendar ?? "")
        .replace(/\n[ \t]/g, "")
        .replace(/ann@example\.test/gi, user.address)
        .replaceAll(invitation?.organizer ?? "", organizer.address);
      await kit.deliver(user, toInvitationEmail(calendar, { from: `Ben <${organizer.address}>` }));
      await noteChecks(kit, user);
      await kit.deliver(user, toNewsletter(`List-Unsubscribe: <mailto:${list.address}?subject=leave>\n`));
    };
    const { client, user, browser } = await braked();
    await receive(user);
    const accept = { id: await findEmail(client, "Invitation"), answer: "accept" };
    const answer = approvalOf(await client.call("answer_invitation", accept));
    const leave = { id: await findEmail(client, "newsletter") };
    const leaving = approvalOf(await client.call("unsubscribe", leave));
    expect([answer.kind, answer.state, leaving.kind, leaving.state]).toEqual([
      ...["answer", "waiting", "unsubscribe", "waiting"],
    ]);
    expect([await kit.read(organizer), await kit.read(list)]).toEqual([[], []]);
    for (const { url } of [answer, leaving])
      expect((await browser.post(url, { decision: "send" })).state).toBe("done");
    expect([(await kit.read(organizer)).length, (await kit.read(list)).length]).toEqual([1, 1]);

    // Somebody who has written to both.
    const friend = await braked();
    for (const to of [organizer.address, list.address])
      await kit.deliver(
        friend.user,
        await toRaw({ from: friend.user.address, to, messageId: `<${to}-laptop>` }),
        { mailbox: "Sent" },
      );
    await receive(friend.user);
    const accepted = await friend.client.call("answer_invitation", {
      ...accept,
      id: await findEmail(friend.client, "Invitation"),
    });
    const left = await friend.client.call("unsubscribe", {
      id: await findEmail(friend.client, "newsletter"),
    });
    expect([accepted.data.approval, left.data.approval]).toEqual([undefined, undefined]);
    expect([(await kit.read(organizer)).length, (await kit.read(list)).length]).toEqual([2, 2]);
  },
);
