/** `check ADDRESS`: what we find for an address, whether its servers answer over TLS, and whether a login works. */
import { createAccountConnector } from "../accounts/account-connector.ts";
import { ConnectError } from "../accounts/connect-error.ts";
import { loadConfig } from "../config.ts";
import type { MailServer } from "../credentials.ts";
import { AppError } from "../errors.ts";
import { proveImap, reachImap } from "../imap/connect.ts";
import { createOutbound } from "../outbound.ts";
import { createDiscover, type DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { proveSmtp, reachSmtp } from "../smtp/connect.ts";
import type { Terminal } from "./run.ts";

/** `imaps://host[:port]` is TLS, `imap://host[:port]` STARTTLS; likewise smtps and smtp. */
export type NamedServers = { imap?: string; smtp?: string; user?: string };

/** 0 when everything that was tried works, else 1. The password, if any, comes on standard input. */
export async function check(address: string, named: NamedServers, terminal: Terminal): Promise<number> {
  const config = loadConfig(terminal.env);
  const outbound = createOutbound({ allowPrivateHosts: config.allowPrivateHosts });
  const discover = createDiscover({ outbound });
  const signal = AbortSignal.any([terminal.stopping, AbortSignal.timeout(60_000)]);
  const connector = createAccountConnector({
    config: { allowedEmails: [], allowPrivateHosts: config.allowPrivateHosts },
    discover,
    // The operator is nobody's stranger.
    limits: { withLogin: (_, work) => work() },
    proveImap: (credentials, ending) => proveImap<string>(credentials, { outbound, signal: ending }),
    vetOpened: outbound.vetOpened,
    proveSmtp: (credentials, ending) => proveSmtp(credentials, { outbound, signal: ending }),
  });
  let failed = 0;
  const line = (word: string, text: string) => terminal.print(`${word.padEnd(5)} ${text}`);

  /** One line: what was tried, how it ended, how long it took. */
  async function step(what: string, good: string, work: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    try {
      await work();
      line("ok", `${what}: ${good} (${Math.round(performance.now() - startedAt)} ms)`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failed += 1;
      line("no", `${what}: ${error.message} ${toAdvice(error)} (${error.code})`);
    }
  }

  let looked: DiscoveredServers;
  let found: DiscoveredServers;
  try {
    looked = await connector.findServers(address, { signal });
    found = withNamed(looked, named);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    terminal.complain(`${error.message} ${toAdvice(error)}`);
    return 2;
  }
  line("ok", `${address}: ${toOrigin(looked, named)}`);
  const preset = findPreset(looked.provider);
  if (preset && preset.appPassword.kind !== "optional") {
    const { kind, steps, url } = preset.appPassword;
    line("note", `app password ${kind}: ${steps}${url === undefined ? "" : ` ${url}`}`);
  }
  await step(`IMAP ${toText(found.imap)}`, "answers, the certificate verifies", () =>
    reachImap(found.imap, { outbound, signal }),
  );
  await step(`SMTP ${toText(found.smtp)}`, "answers, the certificate verifies", () =>
    reachSmtp(found.smtp, { outbound, signal }),
  );

  const password = (await terminal.readInput()).replace(/\r?\n$/, "");
  if (password === "") line("note", "no login was tried: put the app password on standard input to try one");
  else
    await step("login over IMAP and SMTP", "works", async () => {
      const nothing = { host: "", port: "", security: "tls" } as const;
      await connector.connectAccount(
        {
          provider: found.provider,
          address,
          username: named.user ?? "",
          password,
          imap: found.provider === "generic" ? toTyped(found.imap) : nothing,
          smtp: found.provider === "generic" ? toTyped(found.smtp) : nothing,
          level: "send",
          withoutSending: false,
        },
        { signal, peer: "operator" },
      );
    });
  return failed === 0 ? 0 : 1;
}

/** What to do about it, for somebody at a terminal who may change the settings. */
function toAdvice(error: AppError): string {
  if (error instanceof ConnectError && error.field === "address") return "Write it as name@example.org.";
  if (error.code === "host_refused")
    return `${error.hint} To use one at home, name it in ALLOW_PRIVATE_HOSTS.`;
  return error.hint;
}

/** What a domain tells about its mail. */
const evidence: Record<DiscoveredServers["source"], string> = {
  preset: "its domain",
  mx: "its MX records",
  srv: "its SRV records",
  autoconfig: "its autoconfig file",
  guess: "nothing",
};

/** Whose mail it is, how we know, and where the servers come from. */
export function toOrigin(
  { provider, source }: Pick<DiscoveredServers, "provider" | "source">,
  named: NamedServers,
): string {
  const company = findPreset(provider)?.name;
  const who = company === undefined ? "no company we know" : `${company}, by ${evidence[source]}`;
  const where =
    company !== undefined
      ? "from our table"
      : source === "guess"
        ? "guessed by the usual names, since nothing was found"
        : `from ${evidence[source]}`;
  if (named.imap !== undefined && named.smtp !== undefined) return `${who}; servers as you named them`;
  if (named.imap !== undefined) return `${who}; IMAP as you named it, SMTP ${where}`;
  if (named.smtp !== undefined) return `${who}; SMTP as you named it, IMAP ${where}`;
  return `${who}; servers ${where}`;
}

function withNamed(found: DiscoveredServers, named: NamedServers): DiscoveredServers {
  if (named.imap === undefined && named.smtp === undefined) return found;
  return {
    ...found,
    provider: "generic",
    imap: named.imap === undefined ? found.imap : toServer(named.imap, { imaps: 993, imap: 143 }),
    smtp: named.smtp === undefined ? found.smtp : toServer(named.smtp, { smtps: 465, smtp: 587 }),
  };
}

/** `text` is a URL with one of the schemes, each with its usual port. Throws invalid_input. */
function toServer(text: string, schemes: Readonly<Record<string, number>>): MailServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol.replace(":", "") ?? "";
  const usual = schemes[scheme];
  if (url === undefined || usual === undefined || url.hostname === "")
    throw new AppError("invalid_input", `${text} is not a server.`, {
      hint: `Write it as ${Object.keys(schemes).join("://HOST:PORT (TLS) or ")}://HOST:PORT (STARTTLS).`,
    });
  return {
    host: url.hostname,
    port: url.port === "" ? usual : Number(url.port),
    security: scheme.endsWith("s") ? "tls" : "starttls",
  };
}

function toText({ host, port, security }: MailServer): string {
  return `${host}:${port} (${security === "tls" ? "TLS" : "STARTTLS"})`;
}

function toTyped({ host, port, security }: MailServer) {
  return { host, port: String(port), security };
}
