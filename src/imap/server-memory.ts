/**
 * Remembers how a mail server deviates from the standard, so that the next call asks it in the right way at once.
 * In memory, by host and port, for a day; nothing about accounts or mail.
 */
import type { ImapFlow } from "imapflow";
import type { Clock } from "../clock.ts";
import { createLru } from "../lru.ts";

type ServerFact =
  /** Refuses OR in SEARCH (Yahoo at times). */
  | "refuses_or"
  /** Refuses NOT in SEARCH. */
  | "refuses_not"
  /** Refuses HEADER in SEARCH. */
  | "refuses_header"
  /** Refuses TEXT and BODY in SEARCH. */
  | "refuses_text"
  /** Refuses CHARSET UTF-8 in SEARCH (QQ). */
  | "refuses_charset"
  /** Answers RETURN (ALL COUNT) without ALL although emails match. */
  | "esearch_without_all"
  /** Puts a copy of what it submits into Sent by itself. */
  | "files_sent_copies"
  /** Refuses STORE with UNCHANGEDSINCE although it offers CONDSTORE (RFC 7162). */
  | "refuses_unchangedsince"
  /** Answers MOVE or COPY without COPYUID although it offers UIDPLUS (Exchange). */
  | "move_without_copyuid"
  /** Takes mailbox names as they are, although these are not valid modified UTF-7 (RFC 3501 section 5.1.3). */
  | "raw_mailbox_names"
  /** Fails when a command comes before the earlier one is answered (RFC 9051 section 5.5). */
  | "one_command_at_a_time";

/** The facts of one server. */
export type ServerFacts = { has(fact: ServerFact): boolean; remember(fact: ServerFact): void };

const factLifetimeMs = 24 * 60 * 60_000;
const maxServers = 1_000;

/** Facts by server; at most a thousand servers are remembered, the least recently used ones are dropped. */
export function createServerMemory({ clock }: { clock: Clock }) {
  const servers = createLru<string, Map<ServerFact, number>>(maxServers);
  return {
    factsOf({ host, port }: { host: string; port: number }): ServerFacts {
      const key = `${host.toLowerCase()}:${port}`;
      const facts = servers.get(key) ?? new Map<ServerFact, number>();
      servers.set(key, facts);
      return {
        has: (fact) => (facts.get(fact) ?? 0) > clock.now(),
        remember: (fact) => void facts.set(fact, clock.now() + factLifetimeMs),
      };
    },
  };
}

const factsKey = Symbol("server facts");

/** Attaches the facts of its server to a connection. */
export function attachServerFacts(imap: ImapFlow, facts: ServerFacts): void {
  Object.assign(imap, { [factsKey]: facts });
}

/** True for a connection that facts are attached to. */
export const hasFacts = (imap: ImapFlow): boolean => factsKey in imap;

/** Returns the facts of a connection's server; without attached ones, facts that are not kept. */
export function knownFacts(imap: ImapFlow): ServerFacts {
  const attached: unknown = factsKey in imap ? imap[factsKey] : undefined;
  return isServerFacts(attached) ? attached : { has: () => false, remember() {} };
}

function isServerFacts(value: unknown): value is ServerFacts {
  return typeof value === "object" && value !== null && "remember" in value;
}
