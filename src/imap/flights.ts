/**
 * Work whose commands are sent in one flight (pipeline.ts), and what it is worth when one of them fails. Where commands
 * cannot be sent ahead, one follows the other.
 */
import type { ImapFlow, MailboxObject } from "imapflow";
import { AppError } from "../errors.ts";
import {
  asSelected,
  type ExpectedMailbox,
  inFlight,
  isOutOfOrder,
  isPlain,
  maySendAhead,
  sendOneByOne,
} from "./pipeline.ts";
import type { SearchToken } from "./raw-search.ts";

/**
 * Selects a mailbox and reads in it in one flight, when the reader knows what it asks for before SELECT is answered.
 * `select` sends SELECT. `read` gets a view of the connection in which the mailbox counts as selected. When its first
 * command fails, it runs again after SELECT. Reading only: nothing that `read` returns counts unless SELECT told the
 * expected UIDVALIDITY; else `read` runs again to say so.
 */
export async function selectAndRead<T>(
  imap: ImapFlow,
  expected: ExpectedMailbox,
  select: () => Promise<unknown>,
  read: (view: ImapFlow) => Promise<T>,
): Promise<T> {
  if (!maySendAhead(imap) || !isPlain(expected.path)) {
    await select();
    return read(imap);
  }
  const [selected, result] = await inFlight(imap, () =>
    Promise.allSettled([select(), read(asSelected(imap, expected))]),
  );
  if (selected.status === "rejected") throw selected.reason;
  const isExpected = imap.mailbox && imap.mailbox.uidValidity === expected.uidValidity;
  // A refusal of our own, such as email_not_found, would only be found again.
  const isFinal = result.status === "fulfilled" || result.reason instanceof AppError || !imap.usable;
  if (isExpected && isFinal) return unwrap(result);
  return read(imap);
}

/** A mailbox to ask in a flight; its UIDVALIDITY where the question depends on it. */
type Visit = { path: string; uidValidity?: bigint | undefined };

/**
 * Asks something of several mailboxes in one flight: SELECT and one command for each, all sent at once. `ask` gets a
 * view of the connection in which the mailbox counts as selected; a second command on it is refused. Returns what SELECT
 * told and the answer by path, without the mailboxes where something failed or that have another UIDVALIDITY now;
 * undefined where commands cannot be sent ahead.
 */
export async function askMailboxes<One extends Visit, T>(
  imap: ImapFlow,
  visits: readonly One[],
  select: (path: string) => Promise<MailboxObject>,
  ask: (view: ImapFlow, visit: One) => Promise<T>,
): Promise<Map<string, { mailbox: MailboxObject; answer: T }> | undefined> {
  if (!maySendAhead(imap) || !visits.every(({ path }) => isPlain(path))) return undefined;
  const outcomes = await inFlight(imap, async () => {
    const asked: Promise<[PromiseSettledResult<MailboxObject>, PromiseSettledResult<T>]>[] = [];
    for (const visit of visits) {
      const selecting = select(visit.path);
      const { view, started } = onFirstCommand(asSelected(imap, visit), refuseFurther);
      const asking = ask(view, visit);
      asked.push(Promise.allSettled([selecting, asking]));
      // The next SELECT comes after the command of this mailbox.
      await Promise.race([started, asking.catch(() => {})]);
    }
    return Promise.all(asked);
  });
  const found = new Map<string, { mailbox: MailboxObject; answer: T }>();
  for (const [at, [selected, answer]] of outcomes.entries()) {
    const { path = "", uidValidity } = visits[at] ?? {};
    if (selected.status === "rejected" || answer.status === "rejected") continue;
    if (uidValidity === undefined || uidValidity === selected.value.uidValidity)
      found.set(path, { mailbox: selected.value, answer: answer.value });
  }
  const isMixedUp = outcomes.some(
    ([, answer]) => answer.status === "rejected" && isOutOfOrder(answer.reason),
  );
  if (!imap.usable || isMixedUp) sendOneByOne(imap);
  return found;
}

/** True where a search can be sent in a flight: without literals, whose text waits for the server. */
export const isPlainSearch = (keys: readonly SearchToken[]): boolean => isPlain(keys);

/**
 * Sends the first command of `first` and then that of `second` in one flight, on the selected mailbox, and returns both
 * outcomes. With `stores`, UID STORE may be the second; the caller has compared UIDVALIDITY.
 */
export function sendInOrder<A, B>(
  imap: ImapFlow,
  first: (view: ImapFlow) => Promise<A>,
  second: () => Promise<B>,
  options: { stores?: boolean } = {},
): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  const send = async () => {
    const { view, started } = onFirstCommand(imap);
    const beginning = first(view);
    await Promise.race([started, beginning.catch(() => {})]);
    return Promise.allSettled([beginning, second()]);
  };
  return inFlight(imap, send, options);
}

function unwrap<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

/** A view of the connection, and when its first command is in the queue. `onFurther` throws for a second one. */
function onFirstCommand(imap: ImapFlow, onFurther?: () => never): { view: ImapFlow; started: Promise<void> } {
  const { promise: started, resolve } = Promise.withResolvers<void>();
  let hasStarted = false;
  const view = new Proxy(imap, {
    get(target, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver);
      if (key !== "exec" || typeof value !== "function") return value;
      return (...parameters: unknown[]) => {
        if (hasStarted) onFurther?.();
        hasStarted = true;
        const answer: unknown = value.apply(target, parameters);
        resolve();
        return answer;
      };
    },
  });
  return { view, started };
}

/** Another mailbox is selected by then. */
function refuseFurther(): never {
  throw new Error("a flight has one command for each mailbox");
}
