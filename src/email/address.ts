/** Email addresses with their display names (RFC 5322 section 3.4). */

/** One mailbox of an address header. `address` is empty where the header gives only a name. */
export type Address = { name?: string; address: string };
