/** Rewrites for startImapProxy that make Dovecot answer as other servers do, one kind of deviation each. */
import type { ImapRewrite } from "./imap-proxy.ts";

/** Replaces the capabilities wherever the server states them. */
export function withCapabilities(capabilities: string): NonNullable<ImapRewrite["answer"]> {
  return (answer) =>
    answer.replace(/^(\* CAPABILITY |\S+ OK \[CAPABILITY |\* OK \[CAPABILITY )[^\]\r]*/, `$1${capabilities}`);
}

/** Removes capabilities wherever the server states them. */
export function withoutCapabilities(...names: string[]): NonNullable<ImapRewrite["answer"]> {
  const pattern = new RegExp(` (${names.join("|")})(?=[ \\]\\r])`, "g");
  return (answer) => (/CAPABILITY/.test(answer) ? answer.replace(pattern, "") : answer);
}

/** Hides the server's name, so that nothing is taken for granted that is known of Dovecot. */
export const unnamed = (answer: string) =>
  answer.startsWith("* ID (") ? '* ID ("name" "Other")\r\n' : answer;

/** Applies one rewrite of answers after the other. */
export function inSequence(
  ...steps: readonly NonNullable<ImapRewrite["answer"]>[]
): NonNullable<ImapRewrite["answer"]> {
  return (answer, session) =>
    steps.reduce((text, step) => (text === "" ? text : step(text, session)), answer);
}

/** Answers commands that match with this text, in which TAG stands for the command's tag. */
export function refusing(pattern: RegExp, say: string): NonNullable<ImapRewrite["command"]> {
  return (command) => (pattern.test(command) ? { say: `${say}\r\n` } : command);
}

/** Sends a part of every email as NIL (RFC 3501 section 9: nstring). `section`: as in BODY[1]. */
export function asNil(section: string): NonNullable<ImapRewrite["answer"]> {
  return (answer) => {
    const [start, octets = "0"] =
      new RegExp(`BODY\\[${section}\\](?:<0>)? \\{(\\d+)\\}\r\n`).exec(answer) ?? [];
    if (start === undefined) return answer;
    const at = answer.indexOf(start);
    return `${answer.slice(0, at)}BODY[${section}] NIL${answer.slice(at + start.length + Number(octets))}`;
  };
}

/** Sends at most `maxOctets` of a part in one FETCH, and nothing from octet `end` on. */
export function cappingParts(
  maxOctets: number,
  end = Number.POSITIVE_INFINITY,
): NonNullable<ImapRewrite["command"]> {
  return (command) =>
    command.replace(/<(\d+)\.(\d+)>/g, (_, start: string, length: string) =>
      Number(start) >= end
        ? `<99999999.${length}>`
        : `<${start}.${Math.min(Number(length), maxOctets, end - Number(start))}>`,
    );
}
