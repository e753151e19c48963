/** answer_invitation and unsubscribe with a real mail server. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { invitations, toInvitationEmail } from "../support/invitations.ts";
import { mailServer } from "../support/mail-server.ts";
import { noteChecks, signedOneClick, toNewsletter } from "../support/newsletters.ts";
import { idsOf } from "../support/small-mailbox.ts";
import { type Writer, withWriter } from "../support/writer.ts";

/** The first invitation, for this user. */
const invitationFor = (address: string) =>
  (invitations[0]?.calendar ?? "").replaceAll("ann@example.test", address);

describeMail("answer_invitation", () => {
  test("sends one answer to the organizer as the invited person, which get_email shows, and not twice", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const ben = await kit.setUser("ben@corp.test");
    await kit.deliver(user, toInvitationEmail(invitationFor(user.address), { from: "Ben <ben@corp.test>" }));
    await withWriter({ kit, user, name: "Ann Lee" }, async (writer) => {
      const id = (await idsOf(writer)).get("Invitation") ?? "";
      const answered = await writer.call("answer_invitation", { id, answer: "accept", comment: "Gladly." });
      expect(answered.data).toMatchObject({ accepted: ["ben@corp.test"], event: "Quarterly review" });
      const again = await writer.call("answer_invitation", { id, answer: "accept", comment: "Gladly." });
      expect(again.text).toContain("was not sent again");

      const [received, ...others] = await kit.read(ben);
      expect(others).toEqual([]);
      expect(received?.subject).toBe("Accepted: Quarterly review");
      expect(received?.raw).toMatch(/Content-Type: text\/calendar; charset=utf-8; method=REPLY/i);
      expect(received?.raw).toContain(`From: Ann Lee <${user.address}>`);
      expect(received?.raw).not.toContain("Bcc");
      // The invitation counts as answered, and the answer is in Sent.
      expect((await kit.read(user)).find(({ subject }) => subject === "Invitation")?.flags).toContain(
        "\\Answered",
      );
      const sent = (await idsOf(writer, "sent")).get("Accepted: Quarterly review") ?? "";
      const { text } = await writer.call("get_email", { id: sent });
      expect(text).toContain("Answer to an invitation: Quarterly review");
      expect(text).toContain("(accepted)");
    });
  });

  test("is refused where the organizer is not the sender, unless their domain signed it", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.setUser("ben@corp.test");
    await noteChecks(kit, user);
    const calendar = invitationFor(user.address);
    const signed = "Authentication-Results: mx.own.test; dkim=pass header.d=corp.test\n";
    const forged = toInvitationEmail(calendar, { from: "Eve <eve@evil.test>" });
    await kit.deliver(user, forged.replace("Subject: Invitation", "Subject: Forged"));
    await kit.deliver(
      user,
      toInvitationEmail(calendar, { from: "Calendar <no-reply@cal.test>", more: signed }),
    );
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const refusal = await writer.refusal("answer_invitation", { id: ids.get("Forged"), answer: "decline" });
      expect(refusal.message).toContain("did not send this invitation");
      const plain = await writer.refusal("answer_invitation", { id: ids.get("a"), answer: "accept" });
      expect(plain.code).toBe("invalid_input");
      const answered = await writer.call("answer_invitation", {
        id: ids.get("Invitation"),
        answer: "tentative",
      });
      expect(answered.data).toMatchObject({ accepted: ["ben@corp.test"] });
    });
  });
});

describeMail("unsubscribe", () => {
  async function leave(
    headers: string,
    work: (writer: Writer, id: string, posted: string[]) => Promise<void>,
  ) {
    const kit = await mailServer();
    const user = await kit.newUser();
    await noteChecks(kit, user);
    await kit.deliver(user, toNewsletter(headers));
    const posted: string[] = [];
    const oneClick = async (url: string) => {
      posted.push(url);
      return !url.includes("broken");
    };
    await withWriter({ kit, user, oneClick }, async (writer) =>
      work(writer, (await idsOf(writer)).get("newsletter") ?? "", posted),
    );
  }

  test("asks by one click where the sender signed that", () =>
    leave(
      `${signedOneClick}List-Unsubscribe: <mailto:leave@brand.test>, <https://brand.test/u/1>\n`,
      async (writer, id, posted) => {
        const { data } = await writer.call("unsubscribe", { id });
        expect(data).toMatchObject({ how: "one-click", target: "brand.test" });
        expect(posted).toEqual(["https://brand.test/u/1"]);
      },
    ));

  test("writes exactly the email that the list asks for, where it did not, or the server refuses", async () => {
    const kit = await mailServer();
    const list = await kit.newUser();
    const target = `<mailto:${list.address}?subject=leave%20me>`;
    for (const headers of [
      `List-Unsubscribe-Post: List-Unsubscribe=One-Click\nList-Unsubscribe: ${target}, <https://brand.test/u/1>\n`,
      `${signedOneClick}List-Unsubscribe: ${target}, <https://brand.test/broken>\n`,
    ])
      await leave(headers, async (writer, id) => {
        const { data } = await writer.call("unsubscribe", { id });
        expect(data).toMatchObject({ how: "mail", target: list.address, accepted: [list.address] });
      });
    const received = await kit.read(list);
    expect(received.map(({ subject }) => subject)).toEqual(["leave me", "leave me"]);
    expect(received[0]?.raw).toContain("\r\n\r\nunsubscribe");
  });

  test("gives the person the link, or says that there is none", async () => {
    await leave("List-Unsubscribe: <https://brand.test/u/1>\n", async (writer, id, posted) => {
      const { data, text } = await writer.call("unsubscribe", { id });
      expect(data).toMatchObject({ how: "link", link: "https://brand.test/u/1" });
      expect(text).toContain("https://brand.test/u/1");
      expect(posted).toEqual([]);
    });
    await leave("", async (writer, id) => {
      expect((await writer.refusal("unsubscribe", { id })).code).toBe("not_supported");
    });
  });
});
