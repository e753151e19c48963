/** Bounces (RFC 3464), read receipts (RFC 8098) and complaints (RFC 5965): the recipient and the reason. Never throws. */
import { parseHeaders, toIsoDate } from "../email/headers.ts";

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

/** Describes the machine-readable part by one line for each recipient; none when it says nothing. */
export function deliveryReportToLines(bytes: Uint8Array): string[] {
  const groups = groupsOf(bytes);
  // Some programs write it once, among the fields of the whole message.
  const action = groups.find((fields) => fields.has("action"))?.get("action");
  const lines = groups.flatMap((fields) => describeGroup(fields, action));
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

function describeGroup(fields: Fields, otherAction: string | undefined): string[] {
  const named = fields.get("original-recipient") ?? fields.get("final-recipient");
  const recipient = withoutType(named).replace(/^(rfc822;\s*)?<?|>$/gi, "");
  const disposition = fields.get("disposition");
  if (disposition) {
    const result = disposition.split(";").at(-1)?.trim() || disposition;
    return [`**Receipt: ${result}**${recipient ? ` by ${recipient}` : ""}`];
  }
  const complaint = fields.get("feedback-type");
  if (complaint) {
    const about = fields.get("original-rcpt-to") ?? fields.get("original-mail-from");
    return [`**Complaint about an email: ${complaint}**${about ? ` (${about.replace(/^<|>$/g, "")})` : ""}`];
  }
  const action = (fields.get("action") ?? otherAction ?? actionByStatus(fields))?.trim().toLowerCase();
  if (!action || !recipient) return [];
  const reason = reasonOf(fields);
  return [`**${actions[action] ?? `Delivery: ${action}`}: ${recipient}**${reason ? ` — ${reason}` : ""}`];
}

/** By the class of the status (RFC 3463 section 2). */
function actionByStatus(fields: Fields): string | undefined {
  const classes: Readonly<Record<string, string>> = { "2": "delivered", "4": "delayed", "5": "failed" };
  return classes[fields.get("status")?.trim().charAt(0) ?? ""];
}

function reasonOf(fields: Fields): string {
  const diagnostic = withoutType(fields.get("diagnostic-code"));
  const status = fields.get("status")?.trim();
  const server = withoutType(fields.get("remote-mta"));
  const until = toIsoDate(fields.get("will-retry-until"));
  return [
    diagnostic,
    status && !diagnostic.includes(status) ? `status ${status}` : "",
    server ? `said by ${server}` : "",
    until ? `tried until ${until}` : "",
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
