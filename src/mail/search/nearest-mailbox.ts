/** Names of mailboxes that do not exist, and the mailbox that was probably meant. */
import { closest, distance } from "fastest-levenshtein";
import { AppError, quoted } from "../../errors.ts";
import { isEmailState } from "../../query/operators.ts";
import type { Access } from "../access.ts";
import { type KnownMailbox, knownMailboxes, roles } from "../mailboxes.ts";

/** Mailbox names that may stand in an answer outside the fence. */
const harmless = /^[\p{L}\p{N} ._/&+()[\]-]{1,60}$/u;

/** The mailbox path or role with the nearest name, where one is near enough and safe to show. */
export function toNearestPath(known: readonly KnownMailbox[], name: string): string | undefined {
  const wanted = name.slice(0, 100).trim().toLowerCase();
  const candidates = new Map<string, string>();
  for (const path of [...roles, ...known.map(({ path }) => path)])
    for (const form of [path.split(/[/.\\]/).at(-1) ?? path, path]) candidates.set(form.toLowerCase(), path);
  const nearest = closest(wanted, [...candidates.keys()]);
  const path = candidates.get(nearest) ?? "";
  const most = Math.min(Math.ceil(wanted.length / 3), wanted.length - 1);
  const near = distance(wanted, nearest) <= most && harmless.test(path);
  return near ? path : undefined;
}

/** The failure for `name`, with a proposal for what may have been meant. */
export function toMailboxNotFound(known: readonly KnownMailbox[], name: string): AppError {
  const asked = name.slice(0, 100);
  const wanted = asked.trim().toLowerCase();
  const nearest = toNearestPath(known, name);
  const meant = isEmailState(wanted)
    ? `; search for is:${wanted}`
    : wanted === "all"
      ? "; leave it out, or search with in:anywhere"
      : nearest
        ? `; the nearest is ${quoted(nearest)}`
        : "";
  return new AppError("mailbox_not_found", `There is no mailbox ${quoted(asked)}${meant}.`);
}

/**
 * The one mailbox of this name apart from case, surrounding spaces and Unicode normalization: clients on macOS create
 * names in NFD. Undefined when none or several match.
 */
export function findIgnoringCase(known: readonly KnownMailbox[], name: string): KnownMailbox | undefined {
  const fold = (text: string) => text.normalize("NFC").trim().toLowerCase();
  const same = known.filter(({ path }) => fold(path) === fold(name));
  return same.length === 1 ? same[0] : undefined;
}

/**
 * Runs `work`, which selects `path`, and once more with the mailbox that findIgnoringCase finds where `path` does not
 * exist. Throws mailbox_not_found with a proposal, and mail_server_failed for a mailbox that is listed and not opened.
 */
export async function withNearestMailbox<T>(
  access: Access,
  path: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  try {
    return await work(path);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "mailbox_not_found") throw error;
    const known = await access.read(undefined, (imap) => knownMailboxes(imap));
    // NetEase refuses every mailbox to programs that it does not know, without a code.
    if (known.some((one) => one.path === path))
      throw new AppError("mail_server_failed", `The mail server does not open ${quoted(path)}.`, {
        cause: error,
        hint: "The mail company may have to allow this program; look for a notice in its web mail or settings.",
      });
    const meant = findIgnoringCase(known, path);
    if (!meant) throw toMailboxNotFound(known, path);
    return work(meant.path);
  }
}
