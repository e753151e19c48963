/** The text for a problem: what happened, and what to do. It never contains text of a mail server. */
import { findPreset } from "../providers/presets.ts";
import type { Problem } from "./props.ts";
import type { Texts } from "./text/en.ts";

/** The names that the text may mention. */
type ProblemContext = {
  /** The id of the chosen or discovered provider, "generic" or "". */
  provider: string;
  /** The host of the failed connection. */
  host?: string | undefined;
};

export function toProblemText(text: Texts, problem: Problem, context: ProblemContext): string {
  // A bridge on the person's own computer is refused whatever port they enter.
  if (problem.code === "host_refused" && findPreset(context.provider)?.ownServers)
    return text.connect.bridgeClosed;
  const sentence = toProblemSentence(text.problem, problem, context);
  // The IMAP login precedes SMTP, so reading works.
  const canGoOn = problem.side === "smtp" && problem.code !== "login_refused";
  return canGoOn ? `${sentence} ${text.problem.withoutSending}` : sentence;
}

function toProblemSentence(texts: Texts["problem"], problem: Problem, context: ProblemContext): string {
  const server = texts.server(problem.side ?? "imap", context.host);
  switch (problem.code) {
    case "login_refused":
      return toLoginRefusedText(texts, problem, context.provider);
    case "host_unknown":
      return texts.hostUnknown(context.host);
    case "host_unresolved":
      return texts.hostUnresolved(context.host);
    case "host_unreachable":
      // The hosts of a provider are ours; the person cannot have mistyped them.
      return hasFixedServers(context.provider) ? texts.hostDown(server) : texts.hostUnreachable(server);
    case "host_refused":
      return texts.hostRefused;
    case "tls_failed":
      return hasOffer(problem) ? texts.certificateUnknown(server) : texts.tlsFailed(server);
    case "certificate_changed":
      return texts.certificateChanged(server);
    case "starttls_missing":
      return texts.startTlsMissing(server);
    case "login_unsupported":
      return texts.loginUnsupported(server);
    case "not_a_mail_server":
      return texts.notAMailServer(server);
    case "mail_server_busy":
      return texts.busy;
    case "timed_out":
      return texts.timedOut(server);
    case "rate_limited":
      return texts.rateLimited(toMinutes(problem.retryAfterSeconds));
    case "permission_missing":
      return texts.notAllowed;
    case "not_supported":
      return texts.unavailable(findPreset(context.provider)?.name ?? server);
    case "shutting_down":
      return texts.restarting;
    case "storage_full":
    case "storage_unavailable":
      return texts.storageFull;
    case "invalid_input":
      return problem.found ? texts.otherDomain : toMissingText(texts.missing, problem.field);
    default:
      return texts.other(server);
  }
}

function hasOffer({ certificates }: Problem): boolean {
  return certificates?.imap !== undefined || certificates?.smtp !== undefined;
}

function hasFixedServers(provider: string): boolean {
  const preset = findPreset(provider);
  return preset !== undefined && !preset.ownServers;
}

/** Converts seconds to minutes, rounded up, at least one. */
export function toMinutes(seconds: number | undefined): number {
  return Math.max(1, Math.ceil((seconds ?? 60) / 60));
}

/** Explains a refused login by the password rules of the provider. */
function toLoginRefusedText(texts: Texts["problem"], problem: Problem, provider: string): string {
  const sentences = texts.loginRefused;
  if (problem.side === "smtp") return sentences.smtp;
  if (provider === "gmail" || provider === "icloud" || provider === "protonmail") return sentences[provider];
  const preset = findPreset(provider);
  if (!preset) return sentences.other;
  return preset.appPassword.kind === "needed"
    ? sentences.needed(preset.name)
    : sentences.optional(preset.name);
}

function toMissingText(texts: Texts["problem"]["missing"], field: Problem["field"]): string {
  switch (field) {
    case "imap_host":
    case "smtp_host":
      return texts.host;
    case "imap_port":
    case "smtp_port":
      return texts.port;
    default:
      return texts[field ?? "address"];
  }
}
