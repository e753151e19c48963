/** The paths of mailboxes that are named by path or role. */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { listMemoryOf } from "../imap/list-memory.ts";
import type { Access } from "./access.ts";
import { knownMailboxes, recentMailboxes, requireMailboxName, toRole } from "./mailboxes.ts";

/**
 * The path of a mailbox named by path or role; for a role other than inbox by one LIST. Throws invalid_input, and
 * mailbox_not_found when the account has no mailbox with the role.
 */
export async function toMailboxPath(access: Access, name: string): Promise<string> {
  return (await findPath(access, name, { remembered: false })).path;
}

/** The same. With `remembered` the list may be up to a minute old; `isRemembered`: the path is from such a list. */
export async function findPath(
  access: Access,
  name: string,
  { remembered }: { remembered: boolean },
): Promise<{ path: string; isRemembered: boolean }> {
  requireMailboxName(name);
  const wanted = toRole(name);
  if (wanted === "inbox") return { path: "INBOX", isRemembered: false };
  if (wanted === undefined) return { path: name, isRemembered: false };
  return access.read(undefined, async (imap) => {
    const isRemembered = remembered && listMemoryOf(imap).read() !== undefined;
    const known = await (remembered ? recentMailboxes(imap) : knownMailboxes(imap));
    const found =
      known.find((mailbox) => mailbox.path === name) ?? known.find((mailbox) => mailbox.role === wanted);
    if (found) return { path: found.path, isRemembered };
    const listed = isRemembered ? await knownMailboxes(imap) : [];
    const now = listed.find(({ role }) => role === wanted);
    if (now) return { path: now.path, isRemembered: false };
    throw new AppError("mailbox_not_found", `This account has no ${wanted} mailbox.`);
  });
}

/**
 * Runs `work` with the path of a mailbox named by path or role, which takes no round trip when the mailboxes were listed
 * within the last minute. Where that path is gone, which the server says by NO to SELECT or by TRYCREATE, `work` runs
 * again with the path as it is listed now. Throws as toMailboxPath does.
 */
export async function withMailboxPath<T>(
  access: Access,
  name: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const { path, isRemembered } = await findPath(access, name, { remembered: true });
  try {
    return await work(path);
  } catch (error) {
    if (!isRemembered || !isMissing(error)) throw error;
    const now = await toMailboxPath(access, name);
    if (now === path) throw error;
    return work(now);
  }
}

const isMissing = (error: unknown) => error instanceof AppError && error.code === "mailbox_not_found";

/** Names under which a mailbox is created for a role that the account has no mailbox for. */
const usualNames = { drafts: "Drafts", sent: "Sent", trash: "Trash" } as const;

/** Runs `work` as withMailboxPath does; the mailbox is created under its usual name where the account has none. */
export async function withRoleMailbox<T>(
  access: Access,
  role: keyof typeof usualNames,
  work: (path: string) => Promise<T>,
): Promise<T> {
  let isFound = false;
  try {
    return await withMailboxPath(access, role, (path) => {
      isFound = true;
      return work(path);
    });
  } catch (error) {
    if (isFound || !isMissing(error)) throw error;
    return work(await createRoleMailbox(access, role));
  }
}

function createRoleMailbox(access: Access, role: keyof typeof usualNames): Promise<string> {
  return access.write(undefined, async (imap) =>
    createMailboxOn(imap, usualNames[role]).then(({ path }) => path),
  );
}

/** CREATE; the list that is remembered is outdated with it. */
export async function createMailboxOn(imap: ImapFlow, path: string | string[]) {
  listMemoryOf(imap).forget();
  return imap.mailboxCreate(path);
}
