/**
 * Sends commands without waiting for the responses of the earlier ones (RFC 9051 section 5.5), so that a new
 * connection's first call takes five or six round trips instead of twelve.
 *
 * imapflow sends one command at a time. Here its dispatcher may write the next commands of its queue as well; their
 * responses come in the same order, so imapflow reads them as if each had just been sent. Only commands that need no
 * continuation request are written ahead. The internals that are used are named in `Internals`, and a test holds them.
 */
import type { ImapFlow } from "imapflow";
import { canExecute } from "./raw-search.ts";
import { hasFacts, knownFacts } from "./server-memory.ts";

type Request = { tag: string; command: string; attributes: unknown; options: object; sent?: boolean };

/** The internals of imapflow 2.10.2 that are used here. */
type Internals = {
  currentRequest: Request | false;
  requestQueue: Request[];
  commandParts: unknown[];
  trySend(): Promise<void>;
  send(request: Request): Promise<void>;
  startSession(): Promise<void>;
  upgradeToSTARTTLS(): Promise<unknown>;
  authenticate(): Promise<unknown>;
  autoEnable(): Promise<void>;
  run(command: string, ...parameters: unknown[]): Promise<unknown>;
  clientInfo: object;
  isClosed: boolean;
  states: { SELECTED: unknown };
  options: { auth?: { user?: string; pass?: string; loginMethod?: string } };
};

/** True for a client with the internals that this file uses. */
export function hasInternals(imap: object): imap is ImapFlow & Internals {
  const methods = [
    "trySend",
    "send",
    "startSession",
    "upgradeToSTARTTLS",
    "authenticate",
    "autoEnable",
    "run",
  ];
  const has = (name: string) => name in imap && typeof Reflect.get(imap, name) === "function";
  return methods.every(has) && "requestQueue" in imap && "currentRequest" in imap && "commandParts" in imap;
}

type Flight = {
  /** Number of reasons for which commands may be written ahead. */
  open: number;
  /** Number of reasons for which UID STORE may be, as well. */
  stores: number;
  /** Ends when the commands after the login are answered, or the connection is closed; never rejects. */
  session: Promise<void>;
  /** False while commands after the login are unanswered. */
  isSettled: boolean;
  /** The connection ended before the commands after the login were answered. */
  isBroken: boolean;
};

const flights = Symbol("flights");

function flightOf(imap: object): Flight | undefined {
  const flight: unknown = flights in imap ? imap[flights] : undefined;
  return isFlight(flight) ? flight : undefined;
}

const isFlight = (value: unknown): value is Flight =>
  typeof value === "object" && value !== null && "isSettled" in value;

/**
 * Commands that are not about the selected mailbox. They are not written behind one that reads it: Dovecot answers them
 * first, since it ends a command about the selected mailbox only when it has synchronized that.
 */
const generalCommands = new Set(["ID", "NAMESPACE", "ENABLE", "CAPABILITY", "LIST", "STATUS"]);

/** Commands that may be written before the earlier ones are answered: none that changes a mailbox. */
const aheadCommands: ReadonlySet<string> = new Set([
  ...[...generalCommands, "SELECT", "EXAMINE"],
  ...["UID FETCH", "FETCH", "UID SEARCH", "UID SORT", "UID THREAD"],
]);

const selectCommands: ReadonlySet<string> = new Set(["SELECT", "EXAMINE"]);

/** True for commands that a server ends without synchronizing the selected mailbox. */
const isImmediate = (command: string) => generalCommands.has(command) || selectCommands.has(command);

/** Printable ASCII without "&": the same in modified UTF-7 and in UTF-8, whichever ENABLE decides. */
const plainText = /^[\x20-\x25\x27-\x7e]*$/;

/** True where every argument is sent on the command line: no literal, no name whose encoding ENABLE decides. */
export function isPlain(attributes: unknown): boolean {
  if (Array.isArray(attributes)) return attributes.every(isPlain);
  if (typeof attributes === "string") return plainText.test(attributes);
  if (typeof attributes !== "object" || attributes === null) return true;
  if ("type" in attributes && attributes.type === "LITERAL") return false;
  const parts = [
    "value" in attributes ? attributes.value : "",
    "section" in attributes ? attributes.section : "",
  ];
  return parts.every(isPlain);
}

/** Maximum duration of the commands after the login, in milliseconds, before the server counts as one that drops some. */
const sessionMs = 10_000;

/**
 * Lets a client write commands ahead, log in with one round trip, and, where facts about its server are attached, start
 * its session in one flight. Called before it connects. Without the internals it changes nothing.
 */
export function allowPipelining(imap: ImapFlow): void {
  if (!hasInternals(imap) || !canExecute(imap)) return;
  const flight: Flight = { open: 0, stores: 0, session: Promise.resolve(), isSettled: true, isBroken: false };
  Object.assign(imap, { [flights]: flight });
  writeQueueAhead(imap, flight);

  const exec = imap.exec.bind(imap);
  imap.exec = async (command, attributes, options) => {
    const isEarly = !flight.isSettled && aheadCommands.has(command);
    try {
      const isLogin = command === "AUTHENTICATE";
      return await exec(command, isLogin ? withInitialResponse(imap, attributes) : attributes, options);
    } catch (error) {
      if (isOutOfOrder(error) || (isEarly && isBad(error))) sendOneByOne(imap);
      throw error;
    }
  };

  const { run } = imap;
  // The encoding of a mailbox name depends on the response to ENABLE. `this` may be a view (selectAndRead).
  imap.run = async function (this: ImapFlow & Internals, command, ...parameters) {
    if (!flight.isSettled && !isPlain(parameters)) await flight.session;
    return run.call(this, command, ...parameters);
  };

  const authenticate = imap.authenticate.bind(imap);
  imap.authenticate = async () => {
    preferLogin(imap);
    return authenticate();
  };

  const startsAhead = hasFacts(imap) && !knownFacts(imap).has("one_command_at_a_time");
  const startPlainly = imap.startSession.bind(imap);
  imap.startSession = () => (startsAhead ? startAhead(imap, flight) : startPlainly());
}

/** Replaces imapflow's dispatcher by one that writes the following commands, too, while a flight is open. */
function writeQueueAhead(imap: Internals, flight: Flight): void {
  const trySend = imap.trySend.bind(imap);
  const send = imap.send.bind(imap);

  imap.send = async (request) => {
    const { currentRequest } = imap;
    const isWritten = currentRequest && currentRequest.tag === request.tag && currentRequest.sent;
    if (!isWritten) await send(request);
  };

  imap.trySend = async () => {
    await trySend();
    const current = imap.currentRequest;
    if (flight.open === 0 || !current || !current.sent || imap.commandParts.length > 0) return;
    if (!aheadCommands.has(current.command)) return;
    // A STORE behind a SELECT could change another email of the same UID (RFC 3501 section 2.3.1.1).
    let mayStore = flight.stores > 0 && !selectCommands.has(current.command);
    let isGeneral = isImmediate(current.command);
    for (const request of imap.requestQueue) {
      mayStore &&= !selectCommands.has(request.command);
      if (generalCommands.has(request.command) && !isGeneral) return;
      isGeneral &&= isImmediate(request.command);
      if (request.sent) continue;
      const isStore = request.command === "UID STORE" && mayStore;
      if (!isStore && !aheadCommands.has(request.command)) return;
      if (!isPlain(request.attributes)) return;
      imap.currentRequest = request;
      // Written before the promise is returned. What does not compile is met again in the command's own turn.
      send(request).catch(() => {});
      imap.currentRequest = current;
      if (!request.sent) return;
    }
  };
}

/** Logs in, and sends what follows without waiting: the caller's first command goes out with it. */
async function startAhead(imap: ImapFlow & Internals, flight: Flight): Promise<void> {
  await imap.run("CAPABILITY");
  await imap.upgradeToSTARTTLS();
  await imap.authenticate();
  flight.isSettled = false;
  flight.open += 1;
  const late = setTimeout(() => imap.close(), sessionMs);
  // NetEase lets no mailbox be selected before ID.
  const id = imap.capabilities.has("ID") ? imap.run("ID", imap.clientInfo) : undefined;
  const namespace = imap.run("NAMESPACE");
  flight.session = Promise.allSettled([id, namespace, imap.autoEnable()]).then(([, answer]) => {
    clearTimeout(late);
    flight.isSettled = true;
    flight.open -= 1;
    flight.isBroken = imap.isClosed;
    // Exchange answers BAD when the login was not accepted after all; imapflow's own way tells that error.
    if (answer.status === "fulfilled" && isBad(answer.value)) sendOneByOne(imap);
  });
  imap.usable = true;
}

/** Logs in by the fewest round trips: LOGIN takes one where PLAIN without SASL-IR (RFC 4959) takes two. */
function preferLogin({ capabilities, options: { auth } }: ImapFlow & Internals): void {
  if (!auth?.pass || capabilities.has("SASL-IR") || capabilities.has("LOGINDISABLED")) return;
  // LOGIN sends the password as it is; other characters than these need a literal, or an encoding that PLAIN defines.
  if (plainText.test(`${auth.user}${auth.pass}`)) auth.loginMethod ||= "LOGIN";
}

/** Adds the response to AUTHENTICATE PLAIN where the server takes it with the command (RFC 4959). */
function withInitialResponse(
  { capabilities, options: { auth } }: Internals & ImapFlow,
  attributes: readonly unknown[],
) {
  const [mechanism, ...others] = attributes;
  const isPlain =
    typeof mechanism === "object" && mechanism && "value" in mechanism && mechanism.value === "PLAIN";
  if (!isPlain || others.length > 0 || !capabilities.has("SASL-IR")) return attributes;
  const response = Buffer.from(`\0${auth?.user}\0${auth?.pass}`).toString("base64");
  return [mechanism, { type: "ATOM", value: response, sensitive: true }];
}

/** Ends the connection, and remembers that this server gets its commands one by one. */
export function sendOneByOne(imap: ImapFlow): void {
  knownFacts(imap).remember("one_command_at_a_time");
  imap.close();
}

/** Resolves when the commands after the login are answered, with the namespaces and extensions they tell. */
export async function sessionSettled(imap: ImapFlow): Promise<void> {
  await flightOf(imap)?.session;
}

/**
 * Looks at a connection that was lost: when that was before the commands after the login were answered, its server gets
 * them one by one from now on.
 */
export async function learnFromLoss(imap: ImapFlow): Promise<void> {
  await sessionSettled(imap);
  if (flightOf(imap)?.isBroken) knownFacts(imap).remember("one_command_at_a_time");
}

/** True for a client that may send commands ahead to its server. */
export function maySendAhead(imap: ImapFlow): imap is ImapFlow & Internals {
  const isOneByOne = knownFacts(imap).has("one_command_at_a_time");
  return flightOf(imap) !== undefined && hasInternals(imap) && !isOneByOne;
}

/** Runs reading commands that do not depend on each other, in one round trip where they can be sent ahead. */
export async function sendTogether<T>(imap: ImapFlow, work: () => Promise<T>): Promise<T> {
  return maySendAhead(imap) ? inFlight(imap, work) : work();
}

/** Runs `work`, whose commands are sent ahead; with `stores`, UID STORE among them. */
export async function inFlight<T>(
  imap: ImapFlow,
  work: () => Promise<T>,
  { stores = false } = {},
): Promise<T> {
  const flight = flightOf(imap);
  if (!flight) return work();
  flight.open += 1;
  if (stores) flight.stores += 1;
  try {
    return await work();
  } finally {
    flight.open -= 1;
    if (stores) flight.stores -= 1;
  }
}

/** A mailbox by its path, and the UIDVALIDITY that an email id of it names (RFC 3501 section 2.3.1.1). */
export type ExpectedMailbox = { path: string; uidValidity: bigint };

/** The connection as it will be after SELECT. */
export function asSelected(
  imap: ImapFlow & Internals,
  { path, uidValidity = 0n }: Pick<ExpectedMailbox, "path"> & { uidValidity?: bigint | undefined },
): ImapFlow {
  const isSelected = () => imap.mailbox && imap.mailbox.path === path;
  const expected = { path, delimiter: "/", flags: new Set<string>(), exists: 0, uidNext: 1, uidValidity };
  return new Proxy(imap, {
    get(target, key, receiver) {
      if (key === "mailbox" && !isSelected()) return expected;
      if (key === "state" && !isSelected()) return imap.states.SELECTED;
      return Reflect.get(target, key, receiver);
    },
  });
}

/** True for imapflow's error when the response to a later command comes first. */
export const isOutOfOrder = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "UnexpectedTag";

/** True for the error of a command, or imapflow's note of one, that the server answered with BAD. */
function isBad(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const status =
    "responseStatus" in error ? error.responseStatus : "status" in error ? error.status : undefined;
  return status === "BAD";
}
