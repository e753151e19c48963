/** A file that is attached to an email: its name, media type and size. */

/**
 * A file's bytes, never a path or a URL. A `type` of "" is derived from the name. `cid`: the Content-ID by which the
 * HTML part refers to it (RFC 2392).
 */
export type AttachedFile = { name: string; type: string; content: Uint8Array; cid?: string };

/**
 * Validates a media type (RFC 2045 section 5.1). Returns application/octet-stream for an invalid one and for multipart
 * types, which mail programs would take apart.
 */
export function toMediaType(type: string): string {
  const lower = type.trim().toLowerCase();
  const isValid = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/.test(lower);
  return isValid && !lower.startsWith("multipart/") ? lower : "application/octet-stream";
}

export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The hint for a forward that is too large. */
export const forwardFewerHint =
  "Forward it with `attachments`: only those go along then, each as {email, index}; with [] its text alone.";
