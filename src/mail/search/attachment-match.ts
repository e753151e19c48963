/** Conditions of a query on the attachments of an email. */

import { toEmailContents } from "../../email/email-contents.ts";
import type { Part } from "../../email/part.ts";
import type { Query } from "../../query/query.ts";

/** True when the email matches `term`, has:attachment or filename:, by the attachments in its structure. */
export function matchesParts(root: Part, term: Query): boolean {
  const { attachments } = toEmailContents(root);
  return matchesFiles(
    attachments.filter(({ inline }) => term.kind !== "attachment" || !inline).map(({ part }) => part),
    term,
  );
}

/** True when one of the files matches `term`, has:attachment or filename:. */
export function matchesFiles(files: readonly Part[], term: Query): boolean {
  if (term.kind === "attachment") return files.length > 0;
  if (term.kind !== "filename") return false;
  const wanted = term.text.normalize("NFC").toLowerCase();
  return files.some(({ name = "" }) => name.normalize("NFC").toLowerCase().includes(wanted));
}
