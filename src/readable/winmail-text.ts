/** The text of an email that Outlook wrote into winmail.dat (MS-OXTNEF). Never throws. */
import { readTnef, type Tnef } from "../documents/tnef/tnef.ts";

type WinmailText = { html?: string; plain?: string };

/** Undefined when the stream cannot be read. `bytes` may end anywhere. */
export function toWinmailText(bytes: Uint8Array | undefined): WinmailText | undefined {
  const tnef = bytes && readTnef(bytes);
  if (!tnef) return undefined;
  const event = eventLines(tnef);
  const plain = [...event, ...(event.length > 0 && tnef.text ? [""] : []), tnef.text ?? ""].join("\n").trim();
  return event.length === 0 && tnef.html ? { html: tnef.html, plain: plain || undefined } : { plain };
}

/** True when the rest of the stream holds only files, or the bytes are not such a stream: no more need be fetched. */
export function isWinmailTextComplete(bytes: Uint8Array): boolean {
  return bytes.length > 0 && (readTnef(bytes)?.whole ?? true);
}

const headings: readonly [messageClass: RegExp, heading: string][] = [
  [/^IPM\.(Schedule\.Meeting\.Request|Microsoft Schedule\.MtgReq)/i, "Invitation"],
  [/^IPM\.(Schedule\.Meeting\.Cancel|Microsoft Schedule\.MtgCncl)/i, "Cancelled"],
  [/^IPM\.(Schedule\.Meeting\.Resp|Microsoft Schedule\.MtgResp)/i, "Answer to an invitation"],
  [/^IPM\.Appointment/i, "Event"],
];

/** The title, time and place of an event; empty for any other message. */
export function eventLines({ messageClass, event, subject }: Tnef): string[] {
  const heading = headings.find(([pattern]) => pattern.test(messageClass))?.[1];
  if (!heading || event?.start === undefined) return [];
  const toUtc = (time: number) => `${new Date(time).toISOString().slice(0, 16)}Z`;
  const end = event.end === undefined ? "" : ` to ${toUtc(event.end)}`;
  const location = event.location.trim();
  return [
    `**${heading}: ${subject || "(no title)"}**`,
    `When: ${toUtc(event.start)}${end}`,
    ...(location ? [`Where: ${location}`] : []),
  ];
}
