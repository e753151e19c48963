/** Emails against the rules are quoted, forwarded and read out of files as get_email reads them. */
import { expect, test } from "bun:test";
import { parseOriginal } from "../../src/compose/parse-original.ts";
import { toQuotedBody } from "../../src/compose/quoted-body.ts";
import { readEmailFile } from "../../src/readable/attached-email.ts";
import { oddEmails } from "../fixtures/make/odd.ts";

const words = (text: string) => text.replace(/\s+/g, " ").trim();

const names = Object.keys(oddEmails);
/** The status of a report is a file of the quoted email; history is not folded in a quote. */
const isRead = (name: string) => !/^(status|outlook|gmail)-/.test(name);

test.each(names.filter(isRead))(
  "%s is quoted with the words, names and files that get_email shows",
  async (name) => {
    const { raw, subject, from, body, attachments } = oddEmails[name] ?? { raw: Buffer.alloc(0) };
    const original = await parseOriginal("id", raw, true);
    if (subject !== undefined) expect(original.subject).toBe(subject);
    if (from !== undefined) expect(original.from[0]).toEqual(from);
    if (body !== undefined) expect(words(toQuotedBody(original).text)).toBe(words(body));
    if (attachments !== undefined) expect(original.files.map((file) => file.name)).toEqual(attachments);
  },
);

test.each(names)("%s has the same words as an attached file", (name) => {
  const { raw, subject, body, attachments } = oddEmails[name] ?? { raw: Buffer.alloc(0) };
  const { text } = readEmailFile(raw);
  if (subject !== undefined) expect(text).toContain(`Subject: ${subject}`);
  if (body !== undefined && isRead(name)) expect(words(text)).toContain(words(body));
  for (const file of attachments ?? []) expect(text).toContain(`Attachment: ${file}`);
});
