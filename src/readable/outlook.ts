/** What Outlook's winmail.dat says, as a person reads it. Never throws. */
import { readTnef, type Tnef } from "../documents/tnef/tnef.ts";

export type OutlookText = { html?: string; plain?: string };

/** Undefined when it cannot be read. `bytes` may end anywhere. */
export function toOutlookText(bytes: Uint8Array | undefined): OutlookText | undefined {
  const tnef = bytes && readTnef(bytes);
  if (!tnef) return undefined;
  const event = eventLines(tnef);
  const plain = [...event, ...(event.length > 0 && tnef.text ? [""] : []), tnef.text ?? ""].join("\n").trim();
  return event.length === 0 && tnef.html ? { html: tnef.html, ...(plain ? { plain } : {}) } : { plain };
}

/** Whether nothing further in the stream is about the email itself: the rest are its files, or it is no such stream. */
export function isOutlookTextWhole(bytes: Uint8Array): boolean {
  return bytes.length > 0 && (readTnef(bytes)?.whole ?? true);
}

const headings: readonly [RegExp, string][] = [
  [/^IPM\.(Schedule\.Meeting\.Request|Microsoft Schedule\.MtgReq)/i, "Invitation"],
  [/^IPM\.(Schedule\.Meeting\.Cancel|Microsoft Schedule\.MtgCncl)/i, "Cancelled"],
  [/^IPM\.(Schedule\.Meeting\.Resp|Microsoft Schedule\.MtgResp)/i, "Answer to an invitation"],
  [/^IPM\.Appointment/i, "Event"],
];

/** What, when, where; nothing when it is about no event. */
export function eventLines({ messageClass, event, subject }: Tnef): string[] {
  const heading = headings.find(([pattern]) => pattern.test(messageClass))?.[1];
  if (!heading || event?.start === undefined) return [];
  const time = (at: number) => `${new Date(at).toISOString().slice(0, 16)}Z`;
  return [
    `**${heading}: ${subject || "(no title)"}**`,
    `When: ${time(event.start)}${event.end === undefined ? "" : ` to ${time(event.end)}`}`,
    ...(event.location.trim() ? [`Where: ${event.location.trim()}`] : []),
  ];
}
