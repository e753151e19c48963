/** What a presented bearer token proves: passed down to everything that acts for a person. */
export type Level = "read" | "organise" | "send";

export type LiveGrant = {
  id: string; // grt_…
  clientId: string;
  level: Level;
  /** The grant's data key, unwrapped with the presented token; lives as long as the request. */
  dataKey: Uint8Array;
  /** When the presented token ends, milliseconds since the epoch. */
  expiresAt: number;
};

/** What a data key is wrapped for. */
export type SecretKind = "request" | "code" | "access" | "refresh" | "link";

/** Binds a wrapped data key to its place (the additional data of secrets.wrapKey): a copy elsewhere opens nothing. */
export function toWrapContext(kind: SecretKind, grantId: string): string {
  return `v1 key ${kind} ${grantId}`;
}
