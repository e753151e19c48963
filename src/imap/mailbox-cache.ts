/**
 * What was seen of a mailbox, kept in memory beside its connections, and no longer than these, so that the next call can
 * ask for the right thing at once: numbers, and what links an email to its conversation; nothing else of anybody's mail.
 * A note is a guess; whoever uses it looks whether it still holds.
 */

import type { ImapFlow } from "imapflow";
import { LRUCache } from "lru-cache";
import type { ThreadKeys } from "../email/thread-keys.ts";

/** An email's UID, and when it arrived, milliseconds. */
export type Cut = { uid: number; receivedAt: number };

/** Of one mailbox in one numbering (UIDVALIDITY). */
export type MailboxNotes = {
  /** How many of the newest emails were listed -> the UID of the oldest among them. */
  newestFrom: LRUCache<number, number>;
  /** UID -> the numbers of the parts that are its text. */
  textParts: LRUCache<number, readonly string[]>;
  /** UID -> what links it to others. */
  links: LRUCache<number, ThreadKeys>;
  /** UIDs of emails that begin with nothing to read for as far as a list looks. */
  wordless: LRUCache<number, true>;
  /** How many slices it is searched in -> the last email of each but the newest, newest first. */
  cuts: LRUCache<number, readonly Cut[]>;
};

/** Characters of a mailbox's links together: some 150 emails', or fewer with very long ones. */
const maxLinks = 50_000;
const sizeOf = ({ ids, subject, threadId = "" }: ThreadKeys) =>
  100 + ids.join().length + subject.length + threadId.length;

const newNotes = (): MailboxNotes => ({
  newestFrom: new LRUCache({ max: 8 }),
  textParts: new LRUCache({ max: 1_000 }),
  links: new LRUCache({ max: 1_000, maxSize: maxLinks, sizeCalculation: sizeOf }),
  wordless: new LRUCache({ max: 1_000 }),
  cuts: new LRUCache({ max: 8 }),
});

/** So that the next call asks for the right thing at once. `parts`: the numbers of those that are its text. */
export function noteEmail(
  notes: MailboxNotes,
  uid: number,
  { parts, links }: { parts: readonly string[]; links: ThreadKeys },
): void {
  notes.textParts.set(uid, parts);
  notes.links.set(uid, links);
}

export type Notes = ReturnType<typeof createNotes>;

/** By account key; an account's notes are forgotten with its last connection. */
export function createNotes() {
  const accounts = new Map<string, LRUCache<string, MailboxNotes>>();

  return {
    /** The notes of the selected mailbox; without one, notes that nobody keeps. */
    of(key: string, imap: ImapFlow): MailboxNotes {
      if (!imap.mailbox) return newNotes();
      const mailboxes = accounts.get(key) ?? new LRUCache<string, MailboxNotes>({ max: 10 });
      accounts.set(key, mailboxes);
      const place = `${imap.mailbox.uidValidity} ${imap.mailbox.path}`;
      const notes = mailboxes.get(place) ?? newNotes();
      mailboxes.set(place, notes);
      return notes;
    },

    forget(key: string): void {
      accounts.delete(key);
    },
  };
}
