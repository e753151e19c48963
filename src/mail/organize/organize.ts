/**
 * Keywords, moves, deletion and their undoing, for up to hundreds of emails at once, with one outcome per email.
 *
 * Always by UID and only after UIDVALIDITY was compared, so that an id never hits another email. Emails that other
 * clients marked are never expunged: without UIDPLUS (RFC 4315) emails only get \Deleted.
 */
import type { ImapFlow } from "imapflow";
import { AppError, quoted } from "../../errors.ts";
import { listMailboxEntries } from "../../imap/list-mailboxes.ts";
import { specialUseOfName } from "../../imap/named-use.ts";
import { mailboxNotFound } from "../../imap/private-mailboxes.ts";
import type { Access } from "../access.ts";
import { roleOfName } from "../mailbox-names.ts";
import { createMailboxOn, toMailboxPath, withMailboxPath, withRoleMailbox } from "../mailbox-paths.ts";
import { findMailbox, knownMailboxes, recentMailboxes, toRole } from "../mailboxes.ts";
import { findIgnoringCase, toNearestPath } from "../search/nearest-mailbox.ts";
import type { EmailSet, MailWriting, OrganizeResult } from "../writing.ts";
import { toFlagChange } from "./change-flags.ts";
import { forEachGroup, type ToChange } from "./email-groups.ts";
import { toErasure } from "./erase.ts";
import { toMove } from "./move.ts";
import { changeSelected, listSelected } from "./selected-emails.ts";
import { undoChanges } from "./undo.ts";

type Organizing = Pick<
  MailWriting,
  "markAsRead" | "changeFlags" | "moveEmails" | "deleteEmails" | "listSelected" | "createMailbox" | "undo"
>;

/** The organizing verbs of one account; MailWriting describes them. */
export function createOrganizing(access: Access): Organizing {
  const changeFlags: Organizing["changeFlags"] = (emails, change) =>
    changeEmails(access, emails, toFlagChange(change));
  const moveEmails: Organizing["moveEmails"] = (emails, mailbox) => moveTo(access, emails, mailbox);
  const moveBack: Organizing["moveEmails"] = (emails, mailbox) =>
    moveTo(access, emails, mailbox, { careful: true });
  const moveOutsideSent: Organizing["moveEmails"] = async (emails, mailbox) => {
    await requireOutsideSent(access, mailbox);
    return moveEmails(emails, mailbox);
  };
  return {
    markAsRead: (emails, read) =>
      changeFlags(emails, read ? { add: ["\\Seen"], remove: [] } : { add: [], remove: ["\\Seen"] }),
    changeFlags,
    moveEmails: moveOutsideSent,
    deleteEmails: (emails, permanently) => deleteEmails(access, emails, permanently),
    listSelected: (selection, most) => listSelected(access, selection, most),
    undo: (changes) => undoChanges({ access, changeFlags, moveEmails: moveBack }, changes),
    createMailbox: (path) => createMailbox(access, path),
  };
}

/** Changes emails named by ids, or those of a selection. `erases`: see changeSelected. */
function changeEmails(
  access: Access,
  emails: EmailSet,
  toChange: ToChange,
  erases?: (mailbox: string) => boolean,
): Promise<OrganizeResult> {
  return "selection" in emails
    ? changeSelected(access, emails, toChange, erases)
    : forEachGroup(access, emails, toChange);
}

/** `careful`: a lost answer must not leave the outcome unknown, at the cost of a round trip. */
async function moveTo(
  access: Access,
  emails: EmailSet,
  mailbox: string,
  { careful = false } = {},
): Promise<OrganizeResult> {
  const { unfinished } = access;
  const moveToPath = async (path: string): Promise<OrganizeResult> => {
    if (access.isPrivate(path)) throw mailboxNotFound();
    const moved = await changeEmails(access, emails, (group, all) =>
      toMove({ group, destination: path, all, unfinished, careful }),
    );
    return { ...moved, mailbox: path };
  };
  // Resolved before a connection is held: a call that waits for a second one while it holds its first can deadlock.
  return withMailboxPath(access, mailbox, (path) => moveToNearest(access, path, moveToPath));
}

/** Moves to `path`, or to the one mailbox that is named so apart from case. Throws mailbox_not_found with a proposal. */
async function moveToNearest(
  access: Access,
  path: string,
  moveToPath: (path: string) => Promise<OrganizeResult>,
): Promise<OrganizeResult> {
  try {
    return await moveToPath(path);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "mailbox_not_found") throw error;
    const known = await access.read(undefined, (imap) => knownMailboxes(imap));
    // Otherwise it is the source mailbox that is gone.
    if (known.some((there) => there.path === path)) throw error;
    const meant = findIgnoringCase(known, path);
    if (meant) return moveToPath(meant.path);
    const nearest = toNearestPath(known, path);
    const near = nearest ? `; the nearest is ${quoted(nearest)}` : "";
    throw new AppError("mailbox_not_found", `There is no mailbox ${quoted(path)}${near}.`, {
      hint: "Nothing was moved. list_mailboxes shows the mailboxes there are, create_mailbox makes one.",
    });
  }
}

/**
 * Refuses the Sent mailbox as a destination: what stands in Sent shows to whom the person has written, so that no tool
 * may put an email there. Throws not_supported.
 */
async function requireOutsideSent(access: Access, mailbox: string): Promise<void> {
  // Another role needs no look at the list.
  if (!["sent", undefined].includes(toRole(mailbox))) return;
  const known = await access.read(undefined, async (imap) => {
    const recent = await recentMailboxes(imap);
    // Another name may be that of a mailbox that was renamed since.
    return recent.some(({ path }) => path === mailbox) ? recent : knownMailboxes(imap);
  });
  const sent = known.find(({ role }) => role === "sent");
  const isNamed = known.some(({ path }) => path === mailbox);
  const wanted = isNamed ? mailbox : (findIgnoringCase(known, mailbox)?.path ?? mailbox);
  const isSent = (!isNamed && toRole(mailbox) === "sent") || (sent !== undefined && wanted === sent.path);
  if (isSent)
    throw new AppError("not_supported", "Emails cannot be moved into the mailbox of sent emails.", {
      hint: "Nothing was moved. Choose another mailbox.",
    });
}

async function deleteEmails(access: Access, emails: EmailSet, permanently: boolean): Promise<OrganizeResult> {
  const isGmail = () => access.read(undefined, async (imap) => imap.capabilities.has("X-GM-EXT-1"));
  if (permanently && !(await isGmail())) return changeEmails(access, emails, toErasure, () => true);
  const trashed = await withRoleMailbox(access, "trash", async (path) => {
    // Emails in the trash are erased, so the trash is looked up in a fresh list, not in the remembered one.
    const trash = mayBeIn(access, emails, path) ? await toMailboxPath(access, "trash") : path;
    const result = await changeEmails(
      access,
      emails,
      (group, all) =>
        group.mailbox === trash
          ? toErasure(group, all)
          : toMove({ group, destination: trash, all, unfinished: access.unfinished }),
      (mailbox) => permanently || mailbox === trash,
    );
    return { ...result, mailbox: trash };
  });
  return permanently ? eraseFromTrash(access, trashed) : trashed;
}

/** True when one of the emails may be in the mailbox of this path. */
function mayBeIn(access: Access, emails: EmailSet, path: string): boolean {
  return "selection" in emails || emails.some((id) => access.toRef(id).mailbox === path);
}

/** Gmail keeps in All Mail what is expunged elsewhere; only an expunge in its Trash erases an email. */
async function eraseFromTrash(access: Access, trashed: OrganizeResult): Promise<OrganizeResult> {
  const inTrash = trashed.changes.flatMap((change) => (change.kind === "moved" ? (change.id ?? []) : []));
  const erased = await forEachGroup(access, inTrash, toErasure);
  const left = new Set(erased.outcomes.filter((outcome) => !outcome.done).map((outcome) => outcome.id));
  return {
    outcomes: trashed.outcomes.map(({ newId, ...outcome }) =>
      newId !== undefined && left.has(newId) ? { ...outcome, newId } : outcome,
    ),
    changes: trashed.changes.filter((change) => change.id !== undefined && left.has(change.id)),
    notes: [...trashed.notes, ...erased.notes],
    rest: trashed.rest,
  };
}

function createMailbox(access: Access, path: string): Promise<string> {
  return access.write(undefined, async (imap) => {
    const levels = toLevels(path);
    requireOtherThanSent(levels);
    // A delimiter of NIL means that the server has no levels (RFC 3501 section 7.2.2); imapflow would join the names.
    if (levels.length > 1 && !imap.namespace?.delimiter)
      throw new AppError("not_supported", "This mail server has no mailboxes within mailboxes.", {
        hint: 'Choose a name without "/".',
      });
    await requireWholeNames(imap, levels);
    // Answered like a name that does not exist yet.
    const { prefix = "", delimiter = "/" } = imap.namespace ?? {};
    const joined = levels.join(delimiter || "/");
    const whole = prefix !== "" && !joined.startsWith(prefix) ? `${prefix}${joined}` : joined;
    if (access.isPrivate(whole) || access.isPrivate(joined)) return whole;
    const toExists = (existing: string) =>
      new AppError("mailbox_exists", `There is a mailbox ${quoted(existing)} already.`);
    const created = await createMailboxOn(imap, levels).catch(async (error: unknown) => {
      // Cyrus, Courier and GNU mailutils refuse without the code ALREADYEXISTS (RFC 5530 section 3).
      const existing = imap.usable ? await findMailbox(imap, levels) : undefined;
      if (existing !== undefined) throw toExists(existing);
      if (imap.usable) await requireInferiors(imap, levels);
      throw error;
    });
    if (!created.created) throw toExists(created.path);
    return created.path;
  });
}

/**
 * Names the mailbox above `levels` that takes none within it (\Noinferiors, RFC 3501 section 7.2.2), such as an mbox of
 * GNU mailutils that holds emails. Throws not_supported.
 */
async function requireInferiors(imap: ImapFlow, levels: readonly string[]): Promise<void> {
  const { prefix = "", delimiter } = imap.namespace ?? {};
  const above = levels.slice(0, -1).map((_, at) => levels.slice(0, at + 1).join(delimiter || "/"));
  const childless = (await listMailboxEntries(imap)).find(
    ({ path, flags }) =>
      above.some((parent) => path === parent || path === `${prefix}${parent}`) &&
      [...flags].some((flag) => flag.toLowerCase() === "\\noinferiors"),
  );
  if (childless)
    throw new AppError("not_supported", `${quoted(childless.path)} cannot hold other mailboxes.`, {
      hint: "Choose a path outside it.",
    });
}

/** Refuses a name that a mail program, or this server, would take for the Sent mailbox. Throws invalid_input. */
function requireOtherThanSent(levels: readonly string[]): void {
  const name = levels.at(-1) ?? "";
  if (toRole(name) === "sent" || roleOfName(name) === "sent" || specialUseOfName(name) === "\\Sent")
    throw new AppError("invalid_input", "A mailbox of this name would be taken for that of sent emails.", {
      hint: "Choose another name.",
    });
}

/**
 * Refuses a name that holds the server's delimiter (RFC 9051 section 5.1.1): `v1.2` would become `2` within `v1` on
 * Courier. Accepts a path as the server lists it, with the namespace's prefix or within a mailbox that is there.
 * Throws invalid_input.
 */
async function requireWholeNames(imap: ImapFlow, levels: readonly string[]): Promise<void> {
  const { prefix = "", delimiter = "/" } = imap.namespace ?? {};
  if (!delimiter || !levels.some((level) => level.includes(delimiter))) return;
  const path = levels.join(delimiter);
  if (prefix !== "" && path.startsWith(prefix)) return;
  const parent = path.slice(0, path.lastIndexOf(delimiter));
  if ((await findMailbox(imap, [parent])) !== undefined) return;
  throw new AppError("invalid_input", `This mail server separates levels by ${quoted(delimiter)}.`, {
    hint: `Choose a name without ${quoted(delimiter)}; levels are separated by "/" here.`,
  });
}

/** Splits `a/b` into the levels that imapflow joins by the server's delimiter. Throws invalid_input. */
function toLevels(path: string): string[] {
  const levels = path.split("/").map((level) => level.trim());
  const wrong = levels.some(
    (level) => level === "" || level.length > 100 || /[\p{Cc}\p{Cf}\p{Cs}*%\\"]/u.test(level),
  );
  if (wrong || levels.length > 10)
    throw new AppError("invalid_input", "`path` is not a mailbox name.", {
      hint: 'Use letters, digits and spaces, levels separated by "/", without * % " \\.',
    });
  return levels;
}
