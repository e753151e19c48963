/** FETCH on servers that send parts as NIL, or fewer octets than asked for. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { asNil, cappingParts } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openWriter, type Writer } from "../support/writer.ts";

/** 30,000 octets that are 41,000 in base64. */
const file = randomBytes(15_000).toString("hex");
const base64 = Buffer.from(file).toString("base64").replace(/.{76}/g, "$&\r\n");
const words = "word ".repeat(12_000);

const raw = `From: Ben <ben@example.test>
Subject: large
Message-ID: <large@example.test>
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain

${words.replace(/.{70} /g, "$&\n")} last

--b
Content-Type: text/plain; name="file.txt"
Content-Disposition: attachment; filename="file.txt"
Content-Transfer-Encoding: base64

${base64}
--b--
`;

describeMail("On a server", () => {
  let kit: MailServerKit;
  let user: User;
  const running: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    await kit.deliver(user, raw);
  });

  afterAll(async () => {
    for (const one of running) await one.close();
  });

  async function openThrough(rewrite: ImapRewrite): Promise<{ writer: Writer; id: string }> {
    const proxy = await startImapProxy(kit, rewrite);
    const writer = await openWriter({ kit, user, imap: proxy.imap });
    running.push({ close: () => writer.close().then(() => proxy.stop()) });
    const { data } = await writer.call("get_recent_emails");
    const [{ id }] = data.emails as [{ id: string }];
    return { writer, id };
  }

  const readText = async (writer: Writer, id: string): Promise<string> => {
    const request = { id, format: "markdown", offset: 0, maxCharacters: 100_000, headers: false } as const;
    return (await writer.mail.getEmail(request)).body;
  };
  const readFile = async (writer: Writer, id: string) =>
    writer.mail.getAttachment({ id, index: 1, offset: 0, maxCharacters: 100_000 });

  test("that sends a part as NIL (RFC 3501 section 9), the part is empty", async () => {
    const { writer, id } = await openThrough({ answer: asNil("1") });
    expect(await readText(writer, id)).toBe("");
    expect((await writer.call("get_thread", { id })).data.total).toBe(1);
    expect((await readFile(writer, id)).text).toBe(file);
  });

  test("that sends an attachment as NIL, the attachment is empty and its email is read", async () => {
    const { writer, id } = await openThrough({ answer: asNil("2") });
    expect(await readText(writer, id)).toContain("word word");
    expect((await writer.call("get_attachment", { id, index: 1 })).text).toContain(
      "sends only the first 0 KB",
    );
  });

  test("that sends 20,000 octets of a part at most, texts and attachments are whole", async () => {
    const { writer, id } = await openThrough({ command: cappingParts(20_000) });
    expect((await readText(writer, id)).match(/word/g)).toHaveLength(12_000);
    expect((await readFile(writer, id)).text).toBe(file);
    const draft = {
      to: ["eve@example.test"],
      subject: "x",
      body: "y",
      attachments: [{ email: id, index: 1 }],
    };
    await writer.call("draft_email", draft);
    await writer.call("draft_email", { forward: id, to: ["eve@example.test"], body: "y" });
    for (const { raw: saved } of await kit.read(user, "Drafts"))
      expect(saved.replace(/\s/g, "")).toContain(base64.replace(/\s/g, ""));
  });

  test("that sends only the beginning of a part, that is said, and no email goes out with it", async () => {
    const { writer, id } = await openThrough({ command: cappingParts(20_000, 20_000) });
    const { text, notes } = await readFile(writer, id);
    expect([file.startsWith(text), text.length > 14_000]).toEqual([true, true]);
    expect(notes.join()).toContain("sends only the first 15 KB of this file");
    const draft = {
      to: ["eve@example.test"],
      subject: "x",
      body: "y",
      attachments: [{ email: id, index: 1 }],
    };
    const forward = { forward: id, to: ["eve@example.test"], body: "y" };
    for (const input of [draft, forward])
      expect(await writer.refusal("draft_email", input)).toMatchObject({
        code: "mail_server_failed",
        message: expect.stringContaining("only a part of"),
      });
  });
});
