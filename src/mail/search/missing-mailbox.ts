/** A mailbox that is not there, and what it may have been meant to be. */
import { closest, distance } from "fastest-levenshtein";
import { AppError } from "../../errors.ts";
import type { Access } from "../access.ts";
import { type KnownMailbox, knownMailboxes, roles } from "../mailboxes.ts";

/** `name` is what was asked for; a path is named only when it is nearly that, so that nobody's names come in by it. */
export function toMissing(known: readonly KnownMailbox[], name: string): AppError {
  const asked = name.slice(0, 100);
  const candidates = new Map<string, string>();
  for (const path of [...roles, ...known.map(({ path }) => path)]) {
    const last = path.split(/[/.\\]/).at(-1) ?? path;
    for (const form of [last, path]) candidates.set(form.toLowerCase(), path);
  }
  const nearest = closest(asked.toLowerCase(), [...candidates.keys()]);
  const path = candidates.get(nearest);
  const near = distance(asked.toLowerCase(), nearest) <= Math.max(1, Math.floor(asked.length / 3));
  const hint = path !== undefined && near && !/[\p{C}\p{Zl}\p{Zp}]/u.test(path);
  return new AppError(
    "mailbox_not_found",
    `There is no mailbox "${asked}"${hint ? `; the nearest is "${path}"` : ""}.`,
  );
}

/** Does `work`, which selects `path`; when there is no such mailbox, says which is the nearest. */
export async function withNearest<T>(access: Access, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "mailbox_not_found") throw error;
    throw toMissing(await access.read(undefined, (imap) => knownMailboxes(imap)), path);
  }
}
