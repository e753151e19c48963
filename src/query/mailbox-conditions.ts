/** Evaluates the `in:` conditions of a query for one mailbox at a time. */
import type { Query } from "./query.ts";

/** The condition left for a mailbox; true: every email in it matches, false: none does. */
export type Remainder = Query | boolean;

/**
 * Replaces every `in:` by the answer of `contains` for its name and simplifies the result: `in:sent OR from:ann` is
 * true in Sent, and `from:ann` elsewhere.
 */
export function reduceForMailbox(query: Query, contains: (name: string) => Remainder): Remainder {
  switch (query.kind) {
    case "in":
      return contains(query.mailbox);
    case "not": {
      const inner = reduceForMailbox(query.of, contains);
      return typeof inner === "boolean" ? !inner : { kind: "not", of: inner };
    }
    case "all":
    case "any": {
      /** One part with this value decides the whole. */
      const deciding = query.kind === "any";
      const left: Query[] = [];
      for (const part of query.of) {
        const remainder = reduceForMailbox(part, contains);
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
export type MailboxMention = {
  name: string;
  /** Under an even number of negations: the mailbox is to be searched, not left out. */
  wanted: boolean;
  /** A condition on the whole query, so that no other mailbox can match. */
  alone: boolean;
};

export function mailboxMentions(query: Query, wanted = true, alone = true): MailboxMention[] {
  switch (query.kind) {
    case "in":
      return [{ name: query.mailbox, wanted, alone: wanted && alone }];
    case "not":
      return mailboxMentions(query.of, !wanted, false);
    case "all":
      return query.of.flatMap((part) => mailboxMentions(part, wanted, alone));
    case "any":
      return query.of.flatMap((part) => mailboxMentions(part, wanted, false));
    default:
      return [];
  }
}
