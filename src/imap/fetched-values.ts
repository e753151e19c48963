/** Values of a FETCH answer, as the product counts them. */
import type { FetchMessageObject } from "imapflow";

export function lowerCaseFlags(email: FetchMessageObject): Set<string> {
  return new Set([...(email.flags ?? [])].map((flag) => flag.toLowerCase()));
}

/** INTERNALDATE in milliseconds; 0 when the server gave none. */
export function receivedAt(email: FetchMessageObject): number {
  const time = new Date(email.internalDate ?? 0).getTime();
  return Number.isNaN(time) ? 0 : time;
}

export function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
