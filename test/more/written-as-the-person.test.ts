/** Sent emails as they arrived: with `SENT_MAILS=1` they are printed. */
import { afterAll, expect, test } from "bun:test";
import ICAL from "ical.js";
import { describeMail } from "../support/installed.ts";
import { invitations, toInvitationEmail } from "../support/invitations.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { noteChecks, toNewsletter } from "../support/newsletters.ts";
import { idsOf } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

const shown: string[] = [];
afterAll(() => {
  if (process.env.SENT_MAILS) process.stdout.write(`${shown.join("\n\n")}\n`);
});

/** Keeps an email for the print, its base64 shortened. */
function show(title: string, raw: string): void {
  const short = raw.replace(/\r/g, "").replace(/(^[A-Za-z0-9+/=]{60,}\n){2,}/gm, "[base64]\n");
  shown.push(`===== ${title}\n${short.trim()}`);
}

/** The plain text of an email of two parts, with its quoted-printable octets decoded where the tests have any. */
const toPlainText = (raw: string) =>
  (raw.replace(/\r/g, "").split("Content-Type: text/html")[0] ?? "")
    .replace(/=\n/g, "")
    .replaceAll("=20", " ");

const alias = "sales@alias.test";
const block = '<b>Ann Lee</b><br>Example Ltd, <a href="https://example.test">example.test</a>';
const plainBlock = "Ann Lee\nExample Ltd, example.test";

/** The end of a sent email by program: type of its text, and the text with the signature. */
const programs: Readonly<Record<string, { type: string; text: string }>> = {
  Gmail: {
    type: "text/html",
    text: `<div dir="ltr">Hello<br clear="all"><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature"><div dir="ltr">${block}</div></div></div>`,
  },
  "Outlook on the web": {
    type: "text/html",
    text: `<html><body dir="ltr"><div class="elementToProof">Hello</div><div class="elementToProof"><br></div><div id="Signature"><div>${block}</div></div></body></html>`,
  },
  "Outlook for iOS": {
    type: "text/html",
    text: `<html><body><div dir="ltr">Hello</div><div id="ms-outlook-mobile-signature"><div>${block}</div></div></body></html>`,
  },
  "Outlook for Windows": {
    type: "text/html",
    text: `<html><body lang="EN-US"><div class="WordSection1"><p class="MsoNormal">Hello<o:p></o:p></p><p class="MsoNormal"><a name="_MailAutoSig"><b><span style="mso-fareast-language:EN-US">Ann Lee</span></b></a><o:p></o:p></p><p class="MsoNormal"><span style="mso-bookmark:_MailAutoSig">Example Ltd, </span><a href="https://example.test"><span style="mso-bookmark:_MailAutoSig">example.test</span></a><o:p></o:p></p></div></body></html>`,
  },
  "Thunderbird in HTML": {
    type: "text/html",
    text: `<html><body><p>Hello</p><div class="moz-signature">-- <br>${block}</div></body></html>`,
  },
  "Thunderbird in plain text": { type: "text/plain", text: `Hello\n\n-- \n${plainBlock}\n` },
};

/** A person whose last two emails as the alias were written by this program. */
async function newPerson(kit: MailServerKit, { type, text }: { type: string; text: string }): Promise<User> {
  const user = await kit.newUser();
  await kit.deliverAll(
    user,
    [1, 2].map((number) => ({
      raw: `From: Ann at Sales <${alias}>\nTo: old@friend.test\nSubject: Sent ${number}\nMessage-ID: <sent-${number}@mailer.test>\nMIME-Version: 1.0\nContent-Type: ${type}; charset=utf-8\n\n${text.replace("Hello", `Hello ${number}`)}\n`,
      mailbox: "Sent",
    })),
  );
  return user;
}

describeMail("A reply from an alias", () => {
  test.each(Object.keys(programs))("has the signature that the person writes with %s, once", async (name) => {
    const kit = await mailServer();
    const ben = await kit.newUser();
    const program = programs[name] ?? { type: "", text: "" };
    const user = await newPerson(kit, program);
    const order = `From: Ben <${ben.address}>\nTo: Sales <${alias}>\nSubject: Order\nMessage-ID: <order@friend.test>\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n\nTwo chairs, please.\n`;
    await kit.deliver(user, order);
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer)).get("Order");
      await writer.call("send_email", { reply_to: id, body: "Gladly, by **Friday**." });
    });
    const [received] = await kit.read(ben);
    const { raw = "" } = received ?? {};
    if (name === "Gmail") show("Reply from an alias, signed", raw);
    expect(raw).toContain(`From: Ann at Sales <${alias}>`);
    const text = toPlainText(raw);
    expect(text).toContain(`Gladly, by Friday.\n\n-- \n${plainBlock}\n\nOn 2 Nov 2026`);
    expect(text.match(/Example Ltd/g)).toHaveLength(1);
    expect(raw.match(/class=3D"gmail_signature"/g)).toHaveLength(1);
  });

  test("has the signature of today: it is read anew after a day", async () => {
    const kit = await mailServer();
    const user = await newPerson(kit, { type: "text/plain", text: "Hello\n\n-- \nAnn of old\n" });
    await withWriter({ kit, user }, async (writer) => {
      const draft = async () =>
        (
          await writer.call("draft_email", {
            to: ["ben@friend.test"],
            from: alias,
            subject: "x",
            body: "Hi.",
          })
        ).text;
      expect(await draft()).toContain("Ann of old");
      await kit.deliverAll(
        user,
        [3, 4].map((number) => ({
          raw: `From: ${alias}\nTo: x@friend.test\nSubject: New ${number}\nMessage-ID: <new-${number}@mailer.test>\n\nHello ${number}\n\n-- \nAnn of today\n`,
          mailbox: "Sent",
        })),
      );
      writer.clock.advance(23 * 3_600_000);
      expect(await draft()).toContain("Ann of old");
      writer.clock.advance(2 * 3_600_000);
      const today = await draft();
      expect(today).toContain("Ann of today");
      expect(today).not.toContain("Ann of old");
    });
  });
});

describeMail("An answer to an invitation", () => {
  test.each(invitations.map((one) => [one.program, one] as const))(
    "arrives at the organizer who uses %s as RFC 5546 asks for it, in both places where calendars look",
    async (program, { calendar, organizer }) => {
      const kit = await mailServer();
      const ben = await kit.setUser(organizer.toLowerCase());
      const user = await kit.newUser();
      const unfolded = calendar.replace(/\n[ \t]/g, "");
      const own = unfolded
        .replace(/ann@example\.test/gi, user.address)
        .replaceAll(organizer, organizer.toLowerCase());
      await kit.deliver(user, toInvitationEmail(own, { from: `Ben <${organizer.toLowerCase()}>` }));
      const before = (await kit.read(ben)).length;
      await withWriter({ kit, user, name: "Ann Lee" }, async (writer) => {
        const id = (await idsOf(writer)).get("Invitation");
        await writer.call("answer_invitation", { id, answer: "tentative", comment: "Perhaps later." });
      });
      const received = (await kit.read(ben)).slice(before);
      expect(received).toHaveLength(1);
      const raw = received[0]?.raw.replace(/\r/g, "") ?? "";
      if (program === "Google Calendar") show("Invitation answered", raw);
      expect(raw).toMatch(/Content-Type: text\/calendar; charset=utf-8; method=REPLY/i);
      const attached = /filename="?invite\.ics"?\nContent-Transfer-Encoding: base64\n\n([\s\S]*?)\n--/.exec(
        raw,
      )?.[1];
      const reply = new ICAL.Component(
        ICAL.parse(Buffer.from(attached ?? "", "base64").toString("utf8")) as never,
      );
      const asked = new ICAL.Component(ICAL.parse(own.trim()) as never).getFirstSubcomponent("vevent");
      const event = reply.getFirstSubcomponent("vevent");
      expect(reply.getFirstPropertyValue("method")).toBe("REPLY");
      for (const name of ["uid", "sequence", "recurrence-id", "organizer"])
        expect(String(event?.getFirstPropertyValue(name))).toBe(String(asked?.getFirstPropertyValue(name)));
      const attendees = event?.getAllProperties("attendee") ?? [];
      expect(attendees).toHaveLength(1);
      expect(String(attendees[0]?.getFirstValue()).toLowerCase()).toBe(`mailto:${user.address}`);
      expect(attendees[0]?.getFirstParameter("partstat")).toBe("TENTATIVE");
      expect(event?.getFirstPropertyValue("comment")).toBe("Perhaps later.");
    },
  );
});

describeMail("A list", () => {
  test("that takes emails gets exactly the one it asks for, without signature", async () => {
    const kit = await mailServer();
    const user = await newPerson(kit, { type: "text/plain", text: "Hello\n\n-- \nAnn\n" });
    const list = await kit.newUser();
    await noteChecks(kit, user);
    await kit.deliver(
      user,
      toNewsletter(`List-Unsubscribe: <mailto:${list.address}?subject=leave%20list-7&body=token%2042>\n`),
    );
    await withWriter({ kit, user }, async (writer) => {
      await writer.call("unsubscribe", { id: (await idsOf(writer)).get("newsletter") });
    });
    const [received] = await kit.read(list);
    show("List left by email", received?.raw ?? "");
    expect(received?.subject).toBe("leave list-7");
    expect(received?.raw).toContain("\r\n\r\ntoken 42\r\n");
    expect(received?.raw).not.toContain("-- ");
  });
});

describeMail("A forward", () => {
  test("chooses attachments by their index, and takes all where it names none", async () => {
    const kit = await mailServer();
    const [user, ben] = [await kit.newUser(), await kit.newUser()];
    const file = (name: string) =>
      `--b\nContent-Type: text/plain; name="${name}"\nContent-Disposition: attachment; filename="${name}"\n\ncontent of ${name}\n`;
    await kit.deliver(
      user,
      `From: Cleo <cleo@friend.test>\nTo: ${user.address}\nSubject: Files\nMessage-ID: <files@friend.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nThree files.\n${["one.txt", "two.txt", "three.txt"].map(file).join("")}--b--\n`,
    );
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer)).get("Files");
      const forward = { forward: id, to: [ben.address], body: "See below." };
      await writer.call("send_email", { ...forward, attachments: [{ index: 2 }] });
      await writer.call("send_email", { ...forward, body: "All of it." });
    });
    const files = (await kit.read(ben)).map(({ raw }) =>
      [...raw.matchAll(/filename="?(\w+\.txt)/g)].map(([, name]) => name),
    );
    expect(files).toEqual([["two.txt"], ["one.txt", "two.txt", "three.txt"]]);
  });
});

describeMail("A draft of another program", () => {
  test("keeps its quoted history when its text is replaced, and is signed once", async () => {
    const kit = await mailServer();
    const user = await newPerson(kit, programs.Gmail ?? { type: "", text: "" });
    const quote =
      '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Ben wrote:<br></div><blockquote class="gmail_quote">Two chairs, please.</blockquote></div>';
    const { text = "" } = programs.Gmail ?? {};
    await kit.deliver(
      user,
      `From: ${alias}\nTo: ben@friend.test\nSubject: Re: Order\nIn-Reply-To: <order@friend.test>\nMessage-ID: <draft@mail.gmail.test>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n${text}${quote}\n`,
      { mailbox: "Drafts", flags: ["\\Draft"] },
    );
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer, "drafts")).get("Re: Order");
      await writer.call("draft_email", { draft_id: id, body: "By Friday." });
      await expectOneDraft(kit, user);
    });
  });
});

async function expectOneDraft(kit: MailServerKit, user: User): Promise<void> {
  const [draft, ...others] = await kit.read(user, "Drafts");
  expect(others).toEqual([]);
  const raw = (draft?.raw ?? "").replace(/\r/g, "");
  show("Draft of Gmail, its text replaced", raw);
  expect(raw).toContain("In-Reply-To: <order@friend.test>");
  expect(raw).toContain("By Friday.");
  expect(raw).toContain("> Two chairs, please.");
  expect(raw).not.toContain("Hello");
  expect(toPlainText(raw).match(/Example Ltd/g)).toHaveLength(1);
}
