/**
 * A cache of facts about mailboxes, in memory and no longer than the account's connections, so that the next call can
 * ask for the right thing at once: numbers, and what links an email to its thread; nothing else of anybody's mail.
 * An entry may be outdated: its reader checks that it still holds.
 */

import type { ImapFlow } from "imapflow";
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import type { ThreadKeys } from "../email/thread-keys.ts";
import { createListMemory, type ListMemory } from "./list-memory.ts";

/** The last email of a UID range: its UID, and when it arrived, in milliseconds. */
export type Boundary = { uid: number; receivedAt: number };

/** The cache of one mailbox under one UIDVALIDITY. */
export type MailboxCache = {
  /** Number of newest emails that were listed -> UID of the oldest among them. */
  newestFrom: LRUCache<number, number>;
  /** UID -> part numbers of the email's text. */
  textParts: LRUCache<number, readonly string[]>;
  /** UID -> what links the email to others. */
  links: LRUCache<number, ThreadKeys>;
  /** UIDs of emails without a snippet: they begin with no text, as far as a list reads, and have no preview. */
  noSnippet: LRUCache<number, true>;
  /** UIDs of emails that begin with no text, as far as a list reads. */
  noWords: LRUCache<number, true>;
  /** UIDs of emails whose HTML begins with a very long head. */
  longHead: LRUCache<number, true>;
  /** Number of UID ranges that the mailbox is searched in -> their boundaries, newest first. */
  boundaries: LRUCache<number, readonly Boundary[]>;
  /** Of the mailbox of sent emails: false when the server was seen to file no copy of what it submits. */
  sentCopies: { areFiled?: boolean };
  /**
   * UIDs of emails that lists leave out, because the answer about them cannot be read or even ends the connection; 0
   * for one whose UID is unknown. Kept for an hour, also without a connection.
   */
  unreadable: UnreadableUids;
  /**
   * UIDs of emails for which a connection ended before they came -> how often; 0 for a range of them. They are asked for
   * apart from the others, to learn which of them ends it. Kept for ten minutes, also without a connection.
   */
  suspects: SuspectUids;
};

type UnreadableUids = LRUCache<number, true>;
type SuspectUids = LRUCache<number, number>;

/** Characters of a mailbox's links together: about 150 emails', or fewer with very long ones. */
const maxLinkCharacters = 50_000;
const linkSize = ({ ids, subject, threadId = "" }: ThreadKeys) =>
  100 + ids.join().length + subject.length + threadId.length;

const unreadableMs = 3_600_000;
const suspectMs = 600_000;

type LastingUids = Pick<MailboxCache, "unreadable" | "suspects">;

const newMailboxCache = (lasting: LastingUids): MailboxCache => ({
  ...lasting,
  sentCopies: {},
  newestFrom: new LRUCache({ max: 8 }),
  textParts: new LRUCache({ max: 1_000 }),
  links: new LRUCache({ max: 1_000, maxSize: maxLinkCharacters, sizeCalculation: linkSize }),
  noSnippet: new LRUCache({ max: 1_000 }),
  noWords: new LRUCache({ max: 1_000 }),
  longHead: new LRUCache({ max: 1_000 }),
  boundaries: new LRUCache({ max: 8 }),
});

/** Remembers an email that was fetched. `parts`: the part numbers of its text. */
export function rememberEmail(
  cache: MailboxCache,
  uid: number,
  { parts, links }: { parts: readonly string[]; links: ThreadKeys },
): void {
  cache.textParts.set(uid, parts);
  cache.links.set(uid, links);
}

/** Caches by account key; an account's are forgotten with its last connection. */
export function createMailboxCaches({ clock }: { clock: Clock }) {
  const accounts = new Map<string, LRUCache<string, MailboxCache>>();
  const lists = new Map<string, ListMemory>();
  const lasting = new LRUCache<string, LastingUids>({ max: 1_000 });
  const perf = { now: () => clock.now() };

  function lastingIn(key: string): LastingUids {
    const uids = lasting.get(key) ?? {
      unreadable: new LRUCache({ max: 200, ttl: unreadableMs, perf }),
      suspects: new LRUCache({ max: 600, ttl: suspectMs, perf }),
    };
    lasting.set(key, uids);
    return uids;
  }

  return {
    /** Returns the cache of the selected mailbox; without a selected mailbox, one that is not kept. */
    get(key: string, imap: ImapFlow): MailboxCache {
      if (!imap.mailbox)
        return newMailboxCache({ unreadable: new LRUCache({ max: 1 }), suspects: new LRUCache({ max: 1 }) });
      const mailboxes = accounts.get(key) ?? new LRUCache<string, MailboxCache>({ max: 10 });
      accounts.set(key, mailboxes);
      const mailboxKey = `${imap.mailbox.uidValidity} ${imap.mailbox.path}`;
      const cache = mailboxes.get(mailboxKey) ?? newMailboxCache(lastingIn(`${key} ${mailboxKey}`));
      mailboxes.set(mailboxKey, cache);
      return cache;
    },

    /** Returns what is remembered of the account's list of mailboxes. */
    listOf(key: string): ListMemory {
      const memory = lists.get(key) ?? createListMemory({ clock });
      lists.set(key, memory);
      return memory;
    },

    forget(key: string): void {
      accounts.delete(key);
      lists.delete(key);
    },
  };
}
