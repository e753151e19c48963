/** Bounces (RFC 3464), read receipts (RFC 8098) and complaints (RFC 5965): the recipient and the reason. Never throws. */
import { parseHeaders } from "../email/headers.ts";

const maxRecipients = 50;

/** In words, by the value of the Action field (RFC 3464 section 2.3.3). */
const actions: Readonly<Record<string, string>> = {
  failed: "Not delivered",
  delayed: "Delivery delayed",
  delivered: "Delivered",
  relayed: "Passed on to a server that sends no receipts",
  expanded: "Delivered to a list and passed on",
};

type Fields = ReadonlyMap<string, string>;

/** Describes the machine-readable part by one line for each recipient. */
export function deliveryReportToLines(bytes: Uint8Array): string[] {
  const lines = groupsOf(bytes).flatMap(describeGroup);
  if (lines.length === 0) return ["[Report that cannot be read]"];
  const more = lines.length - maxRecipients;
  return more > 0 ? [...lines.slice(0, maxRecipients), `[${more} more recipients]`] : lines;
}

/** Groups of fields separated by empty lines. */
function groupsOf(bytes: Uint8Array): Fields[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const groups: string[][] = [[]];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "") groups.push([]);
    else groups.at(-1)?.push(line);
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const headers = parseHeaders(Buffer.from(group.join("\r\n"), "latin1"));
      return new Map(headers.map(({ name, value }) => [name.toLowerCase(), value]));
    });
}

function describeGroup(fields: Fields): string[] {
  const recipient = withoutType(fields.get("original-recipient") ?? fields.get("final-recipient"));
  const disposition = fields.get("disposition");
  if (disposition) {
    const result = disposition.split(";").at(-1)?.trim() || disposition;
    return [`**Receipt: ${result}**${recipient ? ` by ${recipient}` : ""}`];
  }
  const complaint = fields.get("feedback-type");
  if (complaint) {
    const about = fields.get("original-rcpt-to") ?? fields.get("original-mail-from");
    return [`**Complaint about an email: ${complaint}**${about ? ` (${about})` : ""}`];
  }
  const action = fields.get("action")?.trim().toLowerCase();
  if (!action || !recipient) return [];
  const reason = reasonOf(fields);
  return [`**${actions[action] ?? `Delivery: ${action}`}: ${recipient}**${reason ? ` — ${reason}` : ""}`];
}

function reasonOf(fields: Fields): string {
  const diagnostic = withoutType(fields.get("diagnostic-code"));
  const status = fields.get("status")?.trim();
  const server = withoutType(fields.get("remote-mta"));
  return [
    diagnostic,
    status && !diagnostic.includes(status) ? `status ${status}` : "",
    server ? `said by ${server}` : "",
  ]
    .filter((part) => part)
    .join(", ");
}

/** `rfc822; ann@example.org` -> `ann@example.org`. */
function withoutType(value: string | undefined): string {
  return (value ?? "")
    .replace(/^[^;]*;\s*/, "")
    .replace(/\s+/g, " ")
    .trim();
}
