/** Bounces (RFC 3464), receipts (RFC 8098) and complaints (RFC 5965) as who and why. Never throws. */
import { parseHeaders } from "../email/headers.ts";

const maxRecipients = 50;

/** `delivered` and its kin come after what went wrong. */
const words: Record<string, string> = {
  failed: "Not delivered",
  delayed: "Delivery delayed",
  delivered: "Delivered",
  relayed: "Passed on to a server that sends no receipts",
  expanded: "Delivered to a list and passed on",
};

/** The machine-readable part as lines for reading. */
export function reportToLines(bytes: Uint8Array): string[] {
  const groups = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("latin1")
    .split(/\r?\n(?:[ \t]*\r?\n)+/)
    .map(
      (group) =>
        new Map(
          parseHeaders(Buffer.from(group, "latin1")).map(({ name, value }) => [name.toLowerCase(), value]),
        ),
    );
  const lines = groups.flatMap(ofGroup);
  if (lines.length === 0) return ["[Report that cannot be read]"];
  return lines.length <= maxRecipients
    ? lines
    : [...lines.slice(0, maxRecipients), `[${lines.length - maxRecipients} more recipients]`];
}

function ofGroup(fields: ReadonlyMap<string, string>): string[] {
  const recipient = bare(fields.get("original-recipient") ?? fields.get("final-recipient"));
  const disposition = fields.get("disposition");
  if (disposition) {
    const said = disposition.split(";").at(-1)?.trim() || disposition;
    return [`**Receipt: ${said}**${recipient ? ` by ${recipient}` : ""}`];
  }
  const complaint = fields.get("feedback-type");
  if (complaint) {
    const about = fields.get("original-rcpt-to") ?? fields.get("original-mail-from");
    return [`**Complaint about an email: ${complaint}**${about ? ` (${about})` : ""}`];
  }
  const action = fields.get("action")?.trim().toLowerCase();
  if (!action || !recipient) return [];
  const why = bare(fields.get("diagnostic-code"));
  const status = fields.get("status")?.trim();
  const server = bare(fields.get("remote-mta"));
  const detail = [
    why,
    status && !why.includes(status) ? `status ${status}` : "",
    server ? `said by ${server}` : "",
  ];
  const reason = detail.filter((part) => part).join(", ");
  return [`**${words[action] ?? `Delivery: ${action}`}: ${recipient}**${reason ? ` — ${reason}` : ""}`];
}

/** `rfc822; ann@example.org` -> `ann@example.org`. */
function bare(value: string | undefined): string {
  return (value ?? "")
    .replace(/^[^;]*;\s*/, "")
    .replace(/\s+/g, " ")
    .trim();
}
