/** The file in which researchers find the contact for reports of vulnerabilities (RFC 9116). */

/** A file that is read for months must not outlive the server: RFC 9116 section 2.5.5 wants less than a year. */
const validMs = 90 * 24 * 60 * 60_000;

/** Returns the text of /.well-known/security.txt. `contacts`: URIs, the preferred one first; at least one. */
export function toSecurityTxt({
  contacts,
  publicUrl,
  nowMs,
}: {
  contacts: readonly string[];
  publicUrl: string;
  nowMs: number;
}): string {
  const expires = new Date(nowMs + validMs).toISOString();
  return [
    ...contacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${expires}`,
    `Canonical: ${publicUrl}/.well-known/security.txt`,
    "",
  ].join("\n");
}
