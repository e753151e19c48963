/** Conditions of a query on the attachments of an email. */

import { toEmailContents } from "../../email/email-contents.ts";
import type { Part } from "../../email/part.ts";
import type { Query } from "../../query/query.ts";

/** True when the email matches `term`, has:attachment or filename:. Decided by its structure alone. */
export function matchesParts(root: Part, term: Query): boolean {
  const { attachments } = toEmailContents(root);
  if (term.kind === "attachment") return attachments.some(({ inline }) => !inline);
  if (term.kind !== "filename") return false;
  const wanted = term.text.normalize("NFC").toLowerCase();
  return attachments.some(({ part }) => (part.name ?? "").normalize("NFC").toLowerCase().includes(wanted));
}
