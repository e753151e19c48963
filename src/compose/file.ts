/** Name, type and size of a file that goes into an email. */

/** A file name fit for a header and for any disk: one line, no path, no invisible characters. */
export function toFileName(name: string): string {
  const clean = name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
    .replace(/[/\\:*?"<>|]/g, "_")
    .replace(/^[.\s]+/, "")
    .trim();
  if (clean.length <= 150) return clean || "attachment";
  const extension = /\.[A-Za-z0-9]{1,10}$/.exec(clean)?.[0] ?? "";
  return clean.slice(0, 150 - extension.length) + extension;
}

/** A media type (RFC 2045 section 5.1), or application/octet-stream for what is none or would be taken apart. */
export function toFileType(type: string): string {
  const lower = type.trim().toLowerCase();
  const valid = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/.test(lower);
  return valid && !lower.startsWith("multipart/") ? lower : "application/octet-stream";
}

export function toMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** What to do about a forward that is too large. */
export const leaveOut =
  "Forward it with `attachments`: only those go along then, each as {email, index}; with [] its text alone.";
