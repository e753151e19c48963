/** The parts of an email with names that BODYSTRUCTURE could not hold. */
import type { ImapFlow, MessageStructureObject } from "imapflow";
import { emptyPart, type Part, toPart } from "../../email/part.ts";
import { partsWithLostNames, withNames } from "../../email/part-names.ts";
import { fetchPartOctets } from "../../imap/fetch.ts";

const maxHeaderOctets = 16_384;

/** Costs a round trip only for an email with raw 8-bit bytes in a file name. */
export function fetchStructure(
  imap: ImapFlow,
  uid: number,
  structure: MessageStructureObject | undefined,
): Promise<Part> {
  return fetchNames(imap, uid, structure ? toPart(structure) : emptyPart);
}

/** The parts with the names that they lack, if any. */
export async function fetchNames(imap: ImapFlow, uid: number, root: Part): Promise<Part> {
  const lost = partsWithLostNames(root);
  if (lost.length === 0) return root;
  // The header of the only part of an email is that of the email (RFC 3501 section 6.4.5).
  const keyOf = ({ part }: Part) => (part === root.part ? "HEADER" : `${part}.MIME`);
  const ranges = lost.map((part) => ({ key: keyOf(part), start: 0, maxLength: maxHeaderOctets }));
  const found = await fetchPartOctets(imap, uid, ranges);
  const headers = lost.flatMap((part) => {
    const octets = found?.get(keyOf(part));
    return octets ? [[part.part, octets] as const] : [];
  });
  return withNames(root, new Map(headers));
}
