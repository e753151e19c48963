/** What makes an email of ours itself: its Message-ID, and what it says to whom. */

import type { Address } from "../email/address.ts";
import { hashSecret, newToken } from "../secrets.ts";
import type { Composed, File, Preview } from "./composed-email.ts";

/** RFC 5322 section 3.6.4, in the account's own domain. */
export function newMessageId(address: string): string {
  return `<${newToken(16)}@${address.slice(address.lastIndexOf("@") + 1)}>`;
}

export type Identity = Omit<Preview, "attachments" | "inReplyTo"> & {
  files: readonly File[];
  inReplyTo?: string | undefined;
};

/** The email as it will look, and what makes another one the same: all but time, names and Message-ID. */
export function toIdentity(parts: Identity): Pick<Composed, "preview" | "content"> {
  const { from, to, cc, bcc, subject, text, files, inReplyTo } = parts;
  const addresses = (people: readonly Address[]) => people.map(({ address }) => address.toLowerCase()).sort();
  const preview: Preview = {
    from,
    to,
    cc,
    bcc,
    subject,
    text,
    attachments: files.map(({ name, type, content }) => ({ name, type, size: content.length })),
    ...(inReplyTo ? { inReplyTo } : {}),
  };
  const content = JSON.stringify([
    addresses(to),
    addresses(cc),
    addresses(bcc),
    subject,
    text.trimEnd(),
    // The same words to the same people in another thread are another email.
    inReplyTo ?? "",
    files.map(({ name, content: bytes }) => [name, hashSecret(Buffer.from(bytes).toString("latin1"))]),
  ]);
  return { preview, content };
}
