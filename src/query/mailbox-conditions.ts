/** What a query says about mailboxes: `in:`, wherever it stands, answered for one mailbox at a time. */
import type { Query } from "./query.ts";

/** What is left to ask of a mailbox; true: everything in it, false: nothing. */
export type Remainder = Query | boolean;

/**
 * The query as it stands in one mailbox: every `in:` replaced by what `holds` says of it, and what follows from that
 * drawn: `in:sent OR from:ann` is everything in sent, and from:ann elsewhere.
 */
export function inMailbox(query: Query, holds: (name: string) => Remainder): Remainder {
  switch (query.kind) {
    case "in":
      return holds(query.mailbox);
    case "not": {
      const inner = inMailbox(query.of, holds);
      return typeof inner === "boolean" ? !inner : { kind: "not", of: inner };
    }
    case "all":
    case "any": {
      /** One part that is this decides. */
      const deciding = query.kind === "any";
      const left: Query[] = [];
      for (const part of query.of) {
        const remainder = inMailbox(part, holds);
        if (remainder === deciding) return deciding;
        if (typeof remainder !== "boolean") left.push(remainder);
      }
      const [only] = left;
      return only === undefined ? !deciding : left.length === 1 ? only : { kind: query.kind, of: left };
    }
    default:
      return query;
  }
}

/** A mailbox that a query names. */
export type Named = {
  name: string;
  /** To be looked in, not left out: under no minus, or under two. */
  wanted: boolean;
  /** Beside everything else, so that nothing is looked for anywhere else. */
  alone: boolean;
};

export function namedIn(query: Query, wanted = true, alone = true): Named[] {
  switch (query.kind) {
    case "in":
      return [{ name: query.mailbox, wanted, alone: wanted && alone }];
    case "not":
      return namedIn(query.of, !wanted, false);
    case "all":
      return query.of.flatMap((part) => namedIn(part, wanted, alone));
    case "any":
      return query.of.flatMap((part) => namedIn(part, wanted, false));
    default:
      return [];
  }
}
