/** Emails against the rules, read through a real Dovecot: each has the text, names and files that a person would see. */
import { beforeAll, describe, expect, test } from "bun:test";
import { oddEmails } from "../fixtures/make/odd.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { type Reader, withReader } from "../support/reader.ts";

type Answer = {
  row: {
    id: string;
    from: { name?: string; address: string };
    subject: string;
    snippet: string;
    attachments: number;
  };
  thread: { body: string; attachments: { name: string }[] };
  email: Awaited<ReturnType<Reader["mail"]["getEmail"]>>;
};

const names = Object.keys(oddEmails);
const pageSize = 50;

describeMail("An email against the rules", () => {
  const answers = new Map<string, Answer>();
  const files = new Map<string, string>();
  /** The ids that a search by the name of a file, or by has:attachment, finds. */
  const found = new Map<string, string[]>();

  /** The ids of the inbox in the order of delivery. */
  async function listAll(reader: Reader) {
    const rows: Awaited<ReturnType<Reader["mail"]["listEmails"]>>["emails"] = [];
    let cursor: string | undefined;
    do {
      const page = await reader.mail.listEmails({ mailbox: "inbox", limit: pageSize, cursor });
      rows.push(...page.emails);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return rows.reverse();
  }

  beforeAll(async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const date = new Date("2024-05-06T12:00:00Z");
    await kit.deliverAll(
      user,
      Object.values(oddEmails).map(({ raw }) => ({ raw, date })),
    );
    await withReader(kit, user, async (reader) => {
      const rows = await listAll(reader);
      for (const [at, name] of names.entries()) {
        const row = rows[at];
        if (!row) throw new Error(`${name} is not in the list`);
        const email = await reader.mail.getEmail({
          id: row.id,
          format: "markdown",
          offset: 0,
          maxCharacters: 10_000,
          headers: false,
        });
        const thread = (await reader.mail.getThread({ id: row.id, limit: 50 })).emails.find(
          ({ id }) => id === row.id,
        );
        answers.set(name, { row, email, thread: thread ?? { body: "", attachments: [] } });
        for (const { index, name: file } of email.attachments) {
          const chunks: Buffer[] = [];
          await reader.mail.streamAttachment({ id: row.id, index }, async (stream) => {
            for await (const chunk of stream.chunks) chunks.push(Buffer.from(chunk));
          });
          files.set(`${name} ${file}`, Buffer.concat(chunks).toString("latin1"));
        }
      }
      for (const query of ["has:attachment", "filename:hello.txt", "filename:other.txt", "filename:a.pdf"]) {
        const { emails } = await reader.mail.searchEmails({ query, limit: 100 });
        found.set(
          query.replace("filename:", ""),
          emails.map(({ id }) => id),
        );
      }
    });
  });

  test("has 70 fixtures", () => {
    expect(names.length).toBeGreaterThanOrEqual(70);
  });

  test.each(names)("is read right: %s", (name) => {
    const { subject, from, body, attachments, note } = oddEmails[name] ?? { raw: Buffer.alloc(0) };
    const { row, email } = answers.get(name) as Answer;
    if (subject !== undefined) expect([row.subject, email.subject]).toEqual([subject, subject]);
    if (from !== undefined) expect([row.from, email.from]).toEqual([from, [from]]);
    if (body !== undefined) expect(email.body).toBe(body);
    if (attachments !== undefined) expect(email.attachments.map((file) => file.name)).toEqual(attachments);
    if (note !== undefined) expect(email.notes.join("\n")).toContain(note);
    else expect(email.notes.join("\n")).not.toMatch(/broken|is a guess/);
  });

  test.each(names)("has the same text in get_thread: %s", (name) => {
    const { email, thread } = answers.get(name) as Answer;
    if (email.notes.some((note) => note.includes("broken") || note.includes("No empty line"))) return;
    expect(thread.body).toBe(email.body || email.notes.join(" "));
    const names = email.attachments.filter(({ inline }) => !inline).map((file) => file.name);
    expect(thread.attachments.map((file) => file.name)).toEqual(names);
  });

  /** BODY[1] has nothing of the text, or another part of it comes first in get_email. */
  const elsewhere =
    /^(boundary-(extended|wrong|lost)|header-never-ends|status-|named-before-footer|related-start)/;

  test.each(names.filter((name) => !elsewhere.test(name)))(
    "begins in a row of a list as in get_email: %s",
    (name) => {
      const { row, email } = answers.get(name) as Answer;
      const words = (text: string) =>
        text
          .replace(/[*#>]|^- /gm, "")
          .replace(/\s+/g, " ")
          .trim();
      expect(words(row.snippet).slice(0, 12)).toBe(words(email.body).slice(0, 12));
    },
  );

  test.each(names.filter((name) => /^(uuencoded|yenc)/.test(name)))(
    "is counted and found by the file inside its text: %s",
    (name) => {
      const { row, email } = answers.get(name) as Answer;
      expect(row.attachments).toBe(email.attachments.length);
      for (const { name: file } of email.attachments) expect(found.get(file)).toContain(row.id);
      expect(found.get("has:attachment")?.includes(row.id)).toBe(email.attachments.length > 0);
    },
  );

  describe("has files that BODYSTRUCTURE does not list", () => {
    test.each([
      ["uuencoded hello.txt", "hello there\n"],
      ["uuencoded-two other.txt", "hello there\n"],
      ["uuencoded-base64 a.pdf", "%PDF-"],
      ["uuencoded-as-encoding hello.txt", "hello there\n"],
      ["yenc a.pdf", "%PDF-"],
      ["boundary-extended a.pdf", "%PDF-"],
      ["boundary-lost a.pdf", "%PDF-"],
      ["type-twice a.pdf", "%PDF-"],
    ])("and that can be downloaded: %s", (file, content) => {
      expect(files.get(file)).toBe(content);
    });
  });
});
