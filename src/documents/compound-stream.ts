/** The streams of a compound file (MS-CFB section 1.3). */

/** Gives the bytes of a stream of the root storage; undefined when there is none. */
export type StreamOf = (name: string) => Uint8Array | undefined;
