/** Octets of the parts of one email, a connection being held for each FETCH alone. */
import type { EmailRef } from "../../email/email-id.ts";
import { AppError } from "../../errors.ts";
import { requireSameValidity } from "../../imap/select.ts";
import type { FetchParts } from "../../readable/body.ts";
import type { Access } from "../access.ts";

/** The FetchParts of one email. Throws email_not_found, email_moved, and the failures of a connection. */
export function createFetchParts(access: Access, ref: EmailRef): FetchParts {
  return (ranges) =>
    access.read(ref.mailbox, async (imap) => {
      requireSameValidity(imap, ref);
      const bodyParts = ranges.map((range) => ({ ...range }));
      const email = await imap.fetchOne(String(ref.uid), { uid: true, bodyParts }, { uid: true });
      if (!email) throw new AppError("email_not_found", "The email is no longer there.");
      // imapflow answers part names in lower case.
      const found = ranges.map(({ key }) => [key, email.bodyParts?.get(key.toLowerCase())] as const);
      return new Map(found.flatMap(([key, octets]) => (octets ? [[key, octets] as const] : [])));
    });
}
