/** A grant as the rest of the server sees it: types only, so that every room can name one without importing oauth. */

/**
 * The level of access a person gives a client, from lowest to highest; each level includes the ones before it. At
 * `approve`, what sends or erases waits for the person's decision.
 */
export type Level = "read" | "organise" | "approve" | "send";

/** The grant proven by a bearer token, passed to everything that acts for the person. */
export type LiveGrant = {
  id: string; // grt_…
  clientId: string;
  level: Level;
  /** At the level `send`: what goes to an address that the person never wrote to waits for the person's decision. */
  asksForNewPeople?: boolean;
  /**
   * Cards in the conversation may decide: its redirect URI is one of the two of Claude's own servers, so that its tokens
   * never lie on the person's machine, and no passkey is asked for each time. Set by a bearer token alone.
   */
  decidesOnCards?: boolean;
  /** The grant's 32-byte data key, unwrapped with the bearer token; kept only for the duration of the request. */
  dataKey: Uint8Array;
  /** Expiry of the bearer token, in milliseconds since the epoch. */
  expiresAt: number;
};
