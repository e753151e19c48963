/** The domain of an address. */

/** Returns what follows the last @, in lower case; empty without one. */
export function domainOfAddress(address: string): string {
  const at = address.lastIndexOf("@");
  return at < 0
    ? ""
    : address
        .slice(at + 1)
        .trim()
        .toLowerCase();
}
