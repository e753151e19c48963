/** The sentence for a problem: what happened and what to do, in our words. What a mail server said is never among them. */
import { findPreset } from "../providers/presets.ts";
import type { Problem } from "./props.ts";
import type { Texts } from "./text/en.ts";

/** What the sentence may name. */
export type ProblemContext = {
  /** The chosen or found company's id, "generic" or "". */
  provider: string;
  /** The server that was tried. */
  host?: string | undefined;
};

export function toProblemText(text: Texts, problem: Problem, context: ProblemContext): string {
  const sentence = toSentence(text.problem, problem, context);
  // The IMAP login came first and is proven: reading works.
  const canGoOn = problem.side === "smtp" && problem.code !== "login_refused";
  return canGoOn ? `${sentence} ${text.problem.withoutSending}` : sentence;
}

function toSentence(words: Texts["problem"], problem: Problem, context: ProblemContext): string {
  const server = words.server(problem.side ?? "imap", context.host);
  switch (problem.code) {
    case "login_refused":
      return toLoginRefused(words, problem, context.provider);
    case "host_unknown":
      return words.hostUnknown(context.host);
    case "host_unreachable":
      // Of a company's own servers there is nothing that the person could have mistyped.
      return isKnown(context.provider) ? words.hostDown(server) : words.hostUnreachable(server);
    case "host_refused":
      return words.hostRefused;
    case "tls_failed":
      return words.tlsFailed(server);
    case "not_a_mail_server":
      return words.notAMailServer(server);
    case "mail_server_busy":
      return words.busy;
    case "timed_out":
      return words.timedOut(server);
    case "rate_limited":
      return words.rateLimited(toMinutes(problem.retryAfterSeconds));
    case "permission_missing":
      return words.notAllowed;
    case "not_supported":
      return words.unavailable(findPreset(context.provider)?.name ?? server);
    case "shutting_down":
      return words.restarting;
    case "storage_full":
      return words.storageFull;
    case "invalid_input":
      return problem.found ? words.otherDomain : toMailboxNotFound(words.missing, problem.field);
    default:
      return words.other(server);
  }
}

function isKnown(provider: string): boolean {
  const preset = findPreset(provider);
  return preset !== undefined && !preset.ownServers;
}

/** At least one, rounded up. */
export function toMinutes(seconds: number | undefined): number {
  return Math.max(1, Math.ceil((seconds ?? 60) / 60));
}

/** Why a login was refused and what to do, by the company's rule. */
function toLoginRefused(words: Texts["problem"], problem: Problem, provider: string): string {
  const sentences = words.loginRefused;
  if (problem.side === "smtp") return sentences.smtp;
  if (provider === "gmail" || provider === "icloud" || provider === "protonmail") return sentences[provider];
  const preset = findPreset(provider);
  if (!preset) return sentences.other;
  return preset.appPassword.kind === "needed"
    ? sentences.needed(preset.name)
    : sentences.optional(preset.name);
}

function toMailboxNotFound(words: Texts["problem"]["missing"], field: Problem["field"]): string {
  switch (field) {
    case "imap_host":
    case "smtp_host":
      return words.host;
    case "imap_port":
    case "smtp_port":
      return words.port;
    default:
      return words[field ?? "address"];
  }
}
