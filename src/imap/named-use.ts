/** The use that imapflow assigns to a mailbox by its name, where the server marks none (RFC 6154). */
import { specialUse } from "imapflow/lib/special-use.js";

/** Returns a special use such as `\Sent`; undefined for any other name. */
export function specialUseOfName(name: string): string | undefined {
  return specialUse(false, { flags: new Set(), name }).flag ?? undefined;
}
