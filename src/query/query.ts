/** The query language of search_emails as a tree. */

export type Query =
  | { kind: "all"; of: Query[] }
  | { kind: "any"; of: Query[] }
  | { kind: "not"; of: Query }
  | Term;

export type TextField = "from" | "to" | "cc" | "bcc" | "subject" | "body";

export type Flag = "seen" | "flagged" | "answered" | "draft";

export type Term =
  /** `exact`: quoted, which Gmail matches as the exact word; other servers search for every text as written. */
  | { kind: "words"; text: string; exact?: true }
  /** `me`: the value was "me", and `text` is the account's address. */
  | { kind: "field"; field: TextField; text: string; exact?: true; me?: true }
  /** The header contains `text`; "" matches when the header is present. */
  | { kind: "header"; header: "List-Id" | "Message-ID"; text: string }
  | { kind: "flag"; flag: Flag; set: boolean }
  /** Received on or after `since` and before `before`: midnights UTC of calendar days. */
  | { kind: "received"; since?: Date; before?: Date }
  /** The Date header's day is on or after `since` and before `before`. */
  | { kind: "sent"; since?: Date; before?: Date }
  /** Larger than `over` octets, or smaller than `under`. */
  | { kind: "size"; over?: number; under?: number }
  | { kind: "attachment" }
  | { kind: "filename"; text: string }
  /** A mailbox by path or role, or "anywhere"; resolved before a server is asked (mailbox-conditions.ts). */
  | { kind: "in"; mailbox: string }
  /** A keyword (user flag), which flag_email sets. */
  | { kind: "keyword"; keyword: string }
  /** A Gmail label, elsewhere a keyword. In Gmail's All Mail `in:` becomes one of these as well. */
  | { kind: "label"; label: string }
  /** Gmail's own words: `category:promotions`, and what a mailbox becomes in All Mail. */
  | { kind: "gmail"; words: string };
