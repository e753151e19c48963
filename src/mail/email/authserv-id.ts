/** The name under which the account's own server notes its checks of senders (authserv-id, RFC 8601 section 2.5). */
import type { ImapFlow } from "imapflow";
import { domainOfAddress } from "../../email/address-domain.ts";
import { headerValue, parseAddresses, parseHeaders } from "../../email/headers.ts";
import { authenticationServer } from "../../email/sender-checks.ts";
import { fetchBySequence } from "../../imap/fetch.ts";
import { requireSelected } from "../../imap/select.ts";
import type { Access } from "../access.ts";

/** The newest emails of the inbox that are asked. */
const newest = 30;
/** Senders' domains that must agree: one sender could write any name. */
const minDomains = 3;

/**
 * Learns it from the newest emails of the inbox: the one name that stands on top of nearly all of them, whoever sent
 * them. Undefined where the server writes none, or several. Throws the failures of a connection.
 */
export function findAuthservId(access: Access): Promise<string | undefined> {
  return access.read("INBOX", async (imap: ImapFlow) => {
    const { exists } = requireSelected(imap);
    if (exists === 0) return undefined;
    const range = `${Math.max(1, exists - newest + 1)}:*`;
    const query = { uid: true, headers: ["from", "authentication-results"] };
    const noted = (await fetchBySequence(imap, range, query)).map(({ headers: raw }) => {
      const headers = parseHeaders(raw ?? Buffer.alloc(0));
      const [from] = parseAddresses(headerValue(headers, "from"));
      const server = authenticationServer(headerValue(headers, "authentication-results") ?? "");
      return { server: server?.toLowerCase(), domain: domainOfAddress(from?.address ?? "") };
    });
    return agreedServer(noted);
  });
}

/** The server that stands on at least four of five emails, of `minDomains` domains. Pure. */
export function agreedServer(
  noted: readonly { server: string | undefined; domain: string }[],
): string | undefined {
  const byServer = Map.groupBy(noted, ({ server }) => server);
  const [server, emails = []] = [...byServer].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const domains = new Set(emails.map(({ domain }) => domain));
  return emails.length >= 0.8 * noted.length && domains.size >= minDomains ? server : undefined;
}
