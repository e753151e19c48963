/** Values of a FETCH response in the units that the product uses. */
import type { FetchMessageObject } from "imapflow";

/** Returns the flags in lower case, since flags are case-insensitive (RFC 9051 section 2.3.2). */
export function lowerCaseFlags(email: FetchMessageObject): Set<string> {
  return new Set([...(email.flags ?? [])].map((flag) => flag.toLowerCase()));
}

/** Gmail's labels, without the backslash of its own ones: `Inbox`, `Important`, `Work`. Undefined elsewhere. */
export function toLabels({ labels }: FetchMessageObject): string[] | undefined {
  return labels && [...labels].map((label) => label.replace(/^\\+/, "")).sort();
}

/** Converts INTERNALDATE to milliseconds; 0 when the server sent none. */
export function toReceivedAt(email: FetchMessageObject): number {
  const time = new Date(email.internalDate ?? 0).getTime();
  return Number.isNaN(time) ? 0 : time;
}

/** Formats a time as ISO 8601 in UTC, to the second. */
export function formatUtcTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
