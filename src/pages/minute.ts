/** The form of a point in time on the person's pages. */

/** Formats milliseconds since the epoch as `2026-11-30 19:03 UTC`. */
export function formatMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
