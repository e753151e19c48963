/**
 * Changes how imapflow behaves, by the few of its internals that its options do not reach:
 * - LIST is not followed by LSUB: that is about subscriptions only (RFC 3501 section 6.3.9), and Courier marks mailboxes
 *   as \Noselect there that can be selected.
 * - A throttled command fails at once instead of waiting for minutes (Exchange names the time).
 * - Mailbox names that a server lists without modified UTF-7 are sent as they are.
 * - A name with spaces may stand in the answer to STATUS without quotes, as GNU mailutils sends it.
 * - Every refusal carries its response code and the name of the command; imapflow adds the code for some commands only.
 */
import type { ImapFlow } from "imapflow";
import { AppError } from "../errors.ts";
import { decodeModifiedUtf7 } from "./mailbox-encoding.ts";
import { canExecute, type UntaggedHandlers } from "./raw-search.ts";
import { knownFacts } from "./server-memory.ts";

/** Changes a client before it connects. */
export function adjustClient(imap: ImapFlow): void {
  Object.assign(imap, { skipLsub: true, throttleWait: async () => false });
  if (!canExecute(imap)) return;
  const exec = imap.exec.bind(imap);
  imap.exec = async (command, attributes, options) => {
    const spellings = spellMailbox(imap, command, attributes);
    for (const [at, spelling] of spellings.entries()) {
      try {
        const response = await exec(command, spelling.attributes, withUnquotedNames(command, options));
        if (spelling.isRaw) knownFacts(imap).remember("raw_mailbox_names");
        return response;
      } catch (error) {
        if (at === spellings.length - 1 || !isNo(error)) throw toThrottleError(addDetails(error, command));
      }
    }
    throw new Error("a command has no spelling");
  };
}

/** Where commands name a mailbox: the position among their arguments. */
const mailboxArguments: Readonly<Record<string, number>> = {
  SELECT: 0,
  EXAMINE: 0,
  STATUS: 0,
  APPEND: 0,
  "UID COPY": 1,
  "UID MOVE": 1,
};

type Spelling = { attributes: readonly unknown[]; isRaw: boolean };

/** The command's arguments in the order they are to be tried; two where the mailbox name needs modified UTF-7. */
function spellMailbox(imap: ImapFlow, command: string, attributes: readonly unknown[]): Spelling[] {
  const encoded = { attributes, isRaw: false };
  const at = mailboxArguments[command];
  const argument = at === undefined ? undefined : attributes[at];
  const name = toText(argument);
  if (at === undefined || !name?.includes("&") || imap.enabled.has("UTF8=ACCEPT")) return [encoded];
  const decoded = decodeModifiedUtf7(name);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is the point
  const isAscii = /^[\x00-\x7f]*$/.test(decoded);
  const token = isAscii
    ? { type: "ATOM", value: decoded }
    : { type: "LITERAL", value: Buffer.from(decoded, "utf8") };
  const raw = { attributes: attributes.with(at, token), isRaw: true };
  return knownFacts(imap).has("raw_mailbox_names") ? [raw, encoded] : [encoded, raw];
}

type ExecOptions = { untagged: UntaggedHandlers };

/** Takes the last token of an answer to STATUS for the counts, where imapflow takes the second one. */
function withUnquotedNames(command: string, options: ExecOptions): ExecOptions {
  const handle = command === "STATUS" ? options?.untagged?.STATUS : undefined;
  if (!handle) return options;
  const STATUS: typeof handle = ({ attributes = [], ...untagged }) =>
    handle({ ...untagged, attributes: [...attributes.slice(0, 1), ...attributes.slice(1).slice(-1)] });
  return { ...options, untagged: { ...options.untagged, STATUS } };
}

function toText(argument: unknown): string | undefined {
  if (typeof argument === "string") return argument;
  const hasValue = typeof argument === "object" && argument !== null && "value" in argument;
  return hasValue && typeof argument.value === "string" ? argument.value : undefined;
}

const isNo = (error: unknown) =>
  error instanceof Error && "responseStatus" in error && error.responseStatus === "NO";

/** Adds the code of a refusal (RFC 3501 section 7.1) and the name of the refused command. */
function addDetails(error: unknown, command: string): unknown {
  if (!(error instanceof Error) || !("response" in error)) return error;
  const { response } = error;
  const attributes =
    typeof response === "object" && response && "attributes" in response && response.attributes;
  const [text]: unknown[] = Array.isArray(attributes) ? attributes : [];
  const section = typeof text === "object" && text && "section" in text && text.section;
  const [code]: unknown[] = Array.isArray(section) ? section : [];
  const serverResponseCode = toText(code);
  return Object.assign(error, { refusedCommand: command }, serverResponseCode && { serverResponseCode });
}

/** imapflow would repeat a throttled FETCH three times: an AppError is thrown on at once. */
function toThrottleError(error: unknown): unknown {
  if (!(error instanceof Error) || !("throttleReset" in error) || typeof error.throttleReset !== "number")
    return error;
  const retryAfterSeconds = Math.ceil(error.throttleReset / 1000);
  return new AppError("mail_server_busy", "The mail server limits how much it answers for now.", {
    cause: error,
    hint: `Try again in ${retryAfterSeconds} seconds.`,
    retryAfterSeconds,
  });
}
