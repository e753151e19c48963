/** Octets of the parts of one email, a connection being held for each FETCH alone. */
import type { EmailRef } from "../../email/email-id.ts";
import { AppError } from "../../errors.ts";
import { fetchPartOctets } from "../../imap/fetch.ts";
import { requireSameValidity } from "../../imap/select.ts";
import type { FetchParts } from "../../readable/body.ts";
import type { Access } from "../access.ts";

/** The FetchParts of one email. Throws email_not_found, email_moved, and the failures of a connection. */
export function createFetchParts(access: Access, ref: EmailRef): FetchParts {
  return (ranges) =>
    access.read(ref.mailbox, async (imap) => {
      requireSameValidity(imap, ref);
      const found = await fetchPartOctets(imap, ref.uid, ranges);
      if (!found) throw new AppError("email_not_found", "The email is no longer there.");
      return found;
    });
}
