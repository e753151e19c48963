/** get_thread: the text of each email of a thread, quoted history folded, within one budget of characters. */

import type { ImapFlow } from "imapflow";
import { type EmailContents, toEmailContents } from "../../email/email-contents.ts";
import { numberEmbedded } from "../../email/embedded-files.ts";
import { charsetHintsOf, headerValue, parseAddresses } from "../../email/headers.ts";
import type { Part } from "../../email/part.ts";
import { partsWithLostNames } from "../../email/part-names.ts";
import { mayBeForwardSubject } from "../../email/subject.ts";
import { fetchMany } from "../../imap/fetch-many.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { firstFetchOctets, textPartNumbers } from "../../readable/body.ts";
import type { Renderer } from "../../readable/renderer.ts";
import { createTurns, mapInTurns } from "../../turns.ts";
import type { Access } from "../access.ts";
import { fetchNames } from "../email/fetch-structure.ts";
import { toAttachment } from "../email/get-email.ts";
import type { Thread, ThreadEmail } from "../reading.ts";
import { bodyOctets, type FetchedEmail } from "./fetched-email.ts";
import { type GatheredThread, gatherThread } from "./gather-thread.ts";

/** Characters of all bodies together. Each email has an equal share; what short ones leave goes to the others. */
const budget = 25_000;
/** People of each address header; get_email shows more. */
const maxPeople = 20;
/** Octets of all text parts together. Each email has an equal share, at most what get_email fetches first. */
const maxOctets = 2_000_000;

/** Unreadable emails whose ids are named. */
const maxNamedIds = 5;

/** The newest `limit` emails of a thread. Throws what gatherThread throws. */
export async function getThread(
  access: Access,
  renderer: Renderer,
  request: { id: string; limit: number },
): Promise<Thread> {
  const thread = await gatherThread(access, access.toRef(request.id));
  const shown = thread.emails.slice(-request.limit);
  return {
    emails: await readBodies(access, renderer, shown),
    total: thread.emails.length + thread.beyond,
    searched: thread.searched,
    skipped: thread.skipped,
    notes: toNotes(thread, shown),
  };
}

function toNotes(
  { emails, beyond, open, refused, unreadable }: GatheredThread,
  [oldest, ...others]: readonly FetchedEmail[],
): string[] {
  const left = emails.length + beyond - others.length - 1;
  // The following day, since older emails may be of the same day.
  const day = new Date((oldest?.at ?? 0) + 86_400_000).toISOString().slice(0, 10);
  return [
    left > 0
      ? `The ${left} oldest are left out: limit shows up to 50; older ones are found by search_emails with words of the subject and before:${day}.`
      : "",
    beyond > 0 ? `${beyond} of these were counted and not looked at.` : "",
    refused
      ? "This mail server refuses to search for message ids: further emails of the conversation may be missing."
      : "",
    unreadable.length > 0
      ? `${unreadable.length} further email${unreadable.length > 1 ? "s" : ""} may belong to it, but cannot be read: ${unreadable.slice(0, maxNamedIds).join(", ")}.`
      : "",
    open ? "There may be more of it: what was found led on further than was followed." : "",
  ].filter((note) => note !== "");
}

/** Octets of the text parts of an email, by part number; `cut`: some part goes on past them. */
type FetchedText = { bodies: ReadonlyMap<string, Buffer>; cut: boolean };

async function readBodies(
  access: Access,
  renderer: Renderer,
  shown: readonly FetchedEmail[],
): Promise<ThreadEmail[]> {
  const [fetched, contents] = await Promise.all([fetchTexts(access, shown), fetchLostNames(access, shown)]);
  // Rendered after all connections are given back.
  const rendered = await renderEmails(access, renderer, shown, fetched);
  const shares = toShares(rendered.map(({ text }) => text.length));
  return mapInTurns(shown, (email, at) => {
    const { text, embedded } = rendered[at] ?? unread;
    const named = contents.get(email) ?? email.contents;
    const body = text.slice(0, shares[at] ?? 0).toWellFormed();
    return {
      id: email.id,
      mailbox: email.mailbox,
      from: parseAddresses(headerValue(email.headers, "from"))[0] ?? { address: "" },
      to: parseAddresses(headerValue(email.headers, "to")).slice(0, maxPeople),
      cc: parseAddresses(headerValue(email.headers, "cc")).slice(0, maxPeople),
      subject: email.subject,
      date: email.date,
      unread: email.unread,
      draft: email.draft,
      deleted: email.deleted,
      attachments: [...named.attachments, ...numberEmbedded(named, embedded)]
        .filter(({ inline, inside }) => !inline && inside === undefined)
        .map(toAttachment)
        .map(({ index, name }) => ({ index, name })),
      body,
      left: text.length - body.length,
      cut: fetched.get(email)?.cut ?? false,
    };
  });
}

/** The contents of emails with file names that BODYSTRUCTURE could not hold: no round trip where there are none. */
async function fetchLostNames(
  access: Access,
  shown: readonly FetchedEmail[],
): Promise<Map<FetchedEmail, EmailContents>> {
  const unnamed = shown.filter(({ contents }) => partsWithLostNames(contents.root).length > 0);
  const named = unnamed.map((email) =>
    access.read(email.mailbox, async (imap) => {
      const root = await fetchNames(imap, email.uid, email.contents.root);
      return [email, toEmailContents(root)] as const;
    }),
  );
  return new Map(await Promise.all(named));
}

/** The text of each email, fetched now unless it came along when the email was found. */
async function fetchTexts(
  access: Access,
  shown: readonly FetchedEmail[],
): Promise<Map<FetchedEmail, FetchedText>> {
  const maxLength = Math.min(firstFetchOctets, Math.floor(maxOctets / shown.length));
  const complete = shown.filter(hasWholeText);
  const texts = new Map(complete.map((email) => [email, { bodies: email.bodies, cut: false }]));
  const mailboxes = Map.groupBy(
    shown.filter((email) => !hasWholeText(email)),
    ({ mailbox }) => mailbox,
  );
  const fetched = [...mailboxes].map(([mailbox, emails]) =>
    access.read(mailbox, async (imap, cache) => {
      // One FETCH for all emails whose text is in the same parts.
      const alike = Map.groupBy(emails, (email) => textPartNumbers(email.contents).join(" "));
      const found: (readonly [FetchedEmail, FetchedText])[] = [];
      for (const some of alike.values()) found.push(...(await fetchAlike({ imap, cache }, some, maxLength)));
      return found;
    }),
  );
  for (const [email, text] of (await Promise.all(fetched)).flat()) texts.set(email, text);
  return texts;
}

/** An email whose text the server refuses to send has none. */
async function fetchAlike(
  { imap, cache }: { imap: ImapFlow; cache: MailboxCache },
  emails: readonly FetchedEmail[],
  maxLength: number,
): Promise<(readonly [FetchedEmail, FetchedText])[]> {
  const [first] = emails;
  const keys = first ? textPartNumbers(first.contents) : [];
  const bodyParts = keys.map((key) => ({ key, start: 0, maxLength }));
  const uids = emails.map(({ uid }) => uid);
  const fetched = await fetchMany(imap, cache, uids, { uid: true, bodyParts });
  const byUid = new Map(fetched.emails.map((email) => [email.uid, email.bodyParts]));
  return emails.map((email) => {
    const bodies = byUid.get(email.uid) ?? new Map<string, Buffer>();
    const cut = keys.some((key) => (bodies.get(key)?.length ?? 0) >= maxLength);
    return [email, { bodies, cut }];
  });
}

/** Time for rendering all emails; what is left then is named. Every single one has a deadline as well. */
const maxRenderMs = 20_000;

/** `embedded`: the files inside the text. */
type ThreadText = { text: string; embedded: readonly Part[] };

const unread: ThreadText = {
  text: "Not read, because the emails before it took too long; get_email reads it.",
  embedded: [],
};

const unstructured: ThreadText = {
  text: "Not read, because the mail server does not tell its parts; get_email looks for them.",
  embedded: [],
};

/** One after another, so that a long thread does not keep other people's emails waiting. */
async function renderEmails(
  { clock, signal }: Access,
  renderer: Renderer,
  shown: readonly FetchedEmail[],
  fetched: ReadonlyMap<FetchedEmail, FetchedText>,
): Promise<ThreadText[]> {
  const end = clock.now() + maxRenderMs;
  const texts: ThreadText[] = [];
  const letOthersIn = createTurns();
  for (const email of shown) {
    // Small texts are rendered in this process.
    await letOthersIn();
    if (clock.now() > end) {
      texts.push(unread);
      continue;
    }
    if (!email.hasStructure) {
      texts.push(unstructured);
      continue;
    }
    const octets = fetched.get(email)?.bodies ?? new Map<string, Buffer>();
    const { text, notes, embedded } = await renderer.renderBody(
      email.contents,
      octets,
      {
        format: "markdown",
        forward: mayBeForwardSubject(email.subject),
        charsetHints: charsetHintsOf(email.headers),
      },
      signal,
    );
    texts.push({ text: text || notes.join(" "), embedded });
  }
  return texts;
}

/** True when all text of the email came along when it was found, or when it has none. */
function hasWholeText(email: FetchedEmail): boolean {
  return textPartNumbers(email.contents).every(
    (key) => (email.bodies.get(key)?.length ?? bodyOctets) < bodyOctets,
  );
}

/** Characters for each text: all of it where the budget allows, otherwise an equal share of what shorter ones leave. */
export function toShares(lengths: readonly number[]): number[] {
  const shares = lengths.map(() => 0);
  let left = budget;
  const order = lengths.map((length, at) => ({ length, at })).sort((a, b) => a.length - b.length);
  order.forEach(({ length, at }, done) => {
    const share = Math.min(length, Math.floor(left / (order.length - done)));
    shares[at] = share;
    left -= share;
  });
  return shares;
}
