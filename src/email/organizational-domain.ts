/** The domain that an organization registered, by the Public Suffix List (RFC 7489 section 3.2). */
import { getDomain } from "tldts";

/**
 * Returns the organizational domain of a domain, in lower case: `example.co.uk` for `mail.example.co.uk`. A public
 * suffix, and a name without a dot, is its own: nothing else is aligned with it.
 */
export function toOrganizationalDomain(domain: string): string {
  const name = domain.toLowerCase();
  // The private part of the list, too: the customers of a host such as github.io are strangers to each other.
  return getDomain(name, { allowPrivateDomains: true }) ?? name;
}
