/** The address that an email goes out from, and its signature. Pure. */

import type { EmailRequest, Signature } from "../../compose/email-request.ts";
import { withoutTag } from "../../compose/reply.ts";
import type { Address } from "../../email/address.ts";
import { AppError } from "../../errors.ts";
import type { Sender } from "./kept-profiles.ts";

/**
 * Chooses From among the account's address and those that sent mail proves: the requested one; for a reply the one that
 * was written to; for a draft its own; otherwise the account's. An address that a received email names proves nothing.
 * Throws invalid_input for a requested address that is none of the person's.
 */
export function chooseFrom(
  request: EmailRequest,
  account: Address,
  proven: readonly Sender[],
): { from: Address; signature: Signature | undefined } {
  const isAccount = ({ address }: Address) => address.toLowerCase() === account.address.toLowerCase();
  const used = proven.find(isAccount);
  const own: Sender = {
    address: account.address,
    name: account.name ?? used?.name,
    signature: used?.signature,
  };
  const senders = [own, ...proven.filter((sender) => !isAccount(sender))];
  const chosen =
    request.from === undefined ? chooseByBasis(request, senders) : requireOwn(request.from, senders);
  const { address, name, signature } = chosen ?? own;
  return {
    from: name ? { name, address } : { address },
    signature: request.signature === false ? undefined : signature,
  };
}

/** Throws invalid_input. */
function requireOwn(requested: string, senders: readonly Sender[]): Sender {
  const [, inBrackets] = /<([^<>]+)>\s*$/.exec(requested) ?? [];
  const wanted = (inBrackets ?? requested).trim().toLowerCase();
  const found = senders.find(({ address }) => address.toLowerCase() === wanted);
  if (found) return found;
  throw new AppError("invalid_input", "`from` is no address that this person has sent from.", {
    hint: `Own addresses: ${senders.map(({ address }) => address).join(", ")}.`,
  });
}

function chooseByBasis({ basis }: EmailRequest, senders: readonly Sender[]): Sender | undefined {
  const find = (addresses: readonly string[]) => findFirst(addresses, senders);
  const addressesOf = (people: readonly Address[]) => people.map(({ address }) => address);
  const draft = basis.kind === "new" ? undefined : basis.draft;
  const ofDraft = draft && find(addressesOf(draft.from));
  if (ofDraft || basis.kind !== "reply") return ofDraft;
  const { from, to, cc, deliveredTo } = basis.original;
  // A reply to one's own email goes on as that email did.
  return find(addressesOf(from)) ?? find(addressesOf(to)) ?? find(addressesOf(cc)) ?? find(deliveredTo);
}

/** The sender of the first address that is an own one, exactly or apart from its +tag. */
function findFirst(addresses: readonly string[], senders: readonly Sender[]): Sender | undefined {
  for (const wanted of addresses) {
    const exact = senders.find(({ address }) => address.toLowerCase() === wanted.toLowerCase());
    const found = exact ?? senders.find(({ address }) => withoutTag(address) === withoutTag(wanted));
    if (found) return found;
  }
  return undefined;
}
