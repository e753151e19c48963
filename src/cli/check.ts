/** `check ADDRESS`: finds the servers of an address, connects to them over TLS, and tries a login. */
import { type ConnectRequest, createAccountConnector } from "../accounts/account-connector.ts";
import { ConnectError } from "../accounts/connect-error.ts";
import { createFailedGuesses } from "../accounts/failed-guesses.ts";
import { systemClock } from "../clock.ts";
import type { MailServer } from "../credentials.ts";
import { AppError } from "../errors.ts";
import { unlimitedLogins } from "../http/login-limits.ts";
import { proveImap, reachImap } from "../imap/connect.ts";
import { createOutbound } from "../outbound/outbound.ts";
import { createDiscover, type DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { loadIssuers } from "../signin/issuers.ts";
import { proveSmtp, reachSmtp } from "../smtp/connect.ts";
import { describeSignIn } from "./check-issuers.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

/** Servers to use instead of the discovered ones: `imaps://HOST[:PORT]` for TLS, `imap://` for STARTTLS; SMTP alike. */
export type ServerOverrides = { imap?: string; smtp?: string; user?: string };

/**
 * Returns the exit code: 0 when everything that was tried works, 1 when something fails, 2 when the address or an
 * override is invalid. The password is read from standard input; without one no login is tried.
 */
export async function check(
  address: string,
  overrides: ServerOverrides,
  terminal: Terminal,
): Promise<number> {
  const config = loadCommandConfig(terminal);
  const outbound = createOutbound({ allowPrivateHosts: config.allowPrivateHosts });
  const signal = AbortSignal.any([terminal.stopping, AbortSignal.timeout(60_000)]);
  const connector = createAccountConnector({
    config: { allowedEmails: [], allowPrivateHosts: config.allowPrivateHosts },
    discover: createDiscover({ outbound }),
    limits: unlimitedLogins,
    failedGuesses: createFailedGuesses({ clock: systemClock, hash: (value) => value }),
    proveImap: (credentials, loginSignal) =>
      proveImap<string>(credentials, { outbound, signal: loginSignal }),
    vetOpened: outbound.vetOpened,
    proveSmtp: (credentials, loginSignal) => proveSmtp(credentials, { outbound, signal: loginSignal }),
  });

  let discovered: DiscoveredServers;
  let servers: DiscoveredServers;
  try {
    discovered = await connector.findServers(address, { signal });
    servers = applyOverrides(discovered, overrides);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    terminal.printError(`${error.message} ${toAdvice(error)}`);
    return 2;
  }
  const report = createReport(terminal);
  report.print("ok", `${address}: ${describeSource(discovered, overrides)}`);
  const preset = findPreset(discovered.provider);
  if (preset && preset.appPassword.kind !== "optional") {
    const { kind, steps, url } = preset.appPassword;
    report.print("note", `app password ${kind}: ${steps}${url === undefined ? "" : ` ${url}`}`);
  }
  const signIn = describeSignIn(loadIssuers(config), address, discovered);
  if (signIn !== undefined) report.print("note", signIn);
  const { imap, smtp } = servers;
  const reached = "answers, the certificate verifies";
  await report.step(`IMAP ${describeServer(imap)}`, reached, () => reachImap(imap, { outbound, signal }));
  await report.step(`SMTP ${describeServer(smtp)}`, reached, () => reachSmtp(smtp, { outbound, signal }));

  const password = (await terminal.readStdin()).replace(/\r?\n$/, "");
  if (password === "")
    report.print("note", "no login was tried: put the app password on standard input to try one");
  else
    await report.step("login over IMAP and SMTP", "works", async () => {
      const request = toConnectRequest({ address, password, username: overrides.user ?? "", servers });
      await connector.connectAccount(request, { signal, peer: "operator" });
    });
  return report.failures() === 0 ? 0 : 1;
}

/** Prints one line per step, and counts the steps that fail. */
function createReport(terminal: Terminal) {
  let failures = 0;
  const print = (status: "ok" | "no" | "note", text: string) => terminal.print(`${status.padEnd(5)} ${text}`);
  return {
    print,
    failures: () => failures,
    /** Prints the subject, the outcome and the duration. Throws unexpected errors. */
    async step(subject: string, success: string, work: () => Promise<void>): Promise<void> {
      const startedAt = performance.now();
      try {
        await work();
        print("ok", `${subject}: ${success} (${Math.round(performance.now() - startedAt)} ms)`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failures += 1;
        print("no", `${subject}: ${error.message} ${toAdvice(error)} (${error.code})`);
      }
    },
  };
}

/** Fills in the form as a person would: servers are typed only where there is no preset. */
function toConnectRequest(login: {
  address: string;
  password: string;
  username: string;
  servers: DiscoveredServers;
}): ConnectRequest {
  const { address, password, username, servers } = login;
  const isTyped = servers.provider === "generic";
  const nothingTyped = { host: "", port: "", security: "tls" } as const;
  return {
    provider: servers.provider,
    address,
    username,
    password,
    imap: isTyped ? toTypedServer(servers.imap) : nothingTyped,
    smtp: isTyped ? toTypedServer(servers.smtp) : nothingTyped,
    level: "send",
    withoutSending: false,
  };
}

/** The hint of a failure, worded for an operator, who can change the settings. */
function toAdvice(error: AppError): string {
  if (error instanceof ConnectError && error.field === "address") return "Write it as name@example.org.";
  if (error.code === "host_refused")
    return `${error.hint} To use a server on a private address, add it to ALLOW_PRIVATE_HOSTS.`;
  return error.hint;
}

/** The published data of a domain that identified its servers. */
const evidence: Record<DiscoveredServers["source"], string> = {
  preset: "its domain",
  mx: "its MX records",
  srv: "its SRV records",
  autoconfig: "its autoconfig file",
  guess: "nothing",
};

/** Describes the mail company of an address, how it was identified, and the source of the servers. */
export function describeSource(
  { provider, source }: Pick<DiscoveredServers, "provider" | "source">,
  overrides: ServerOverrides,
): string {
  const companyName = findPreset(provider)?.name;
  const company = companyName === undefined ? "unknown company" : `${companyName}, by ${evidence[source]}`;
  const where =
    companyName !== undefined
      ? "from our table"
      : source === "guess"
        ? "guessed from common names, because nothing was found"
        : `from ${evidence[source]}`;
  if (overrides.imap !== undefined && overrides.smtp !== undefined) return `${company}; servers as given`;
  if (overrides.imap !== undefined) return `${company}; IMAP as given, SMTP ${where}`;
  if (overrides.smtp !== undefined) return `${company}; SMTP as given, IMAP ${where}`;
  return `${company}; servers ${where}`;
}

function applyOverrides(discovered: DiscoveredServers, overrides: ServerOverrides): DiscoveredServers {
  if (overrides.imap === undefined && overrides.smtp === undefined) return discovered;
  return {
    ...discovered,
    provider: "generic",
    imap:
      overrides.imap === undefined
        ? discovered.imap
        : parseServerUrl(overrides.imap, { imaps: 993, imap: 143 }),
    smtp:
      overrides.smtp === undefined
        ? discovered.smtp
        : parseServerUrl(overrides.smtp, { smtps: 465, smtp: 587 }),
  };
}

/** Parses a URL with one of `schemes`, each given with its default port. Throws invalid_input. */
function parseServerUrl(text: string, schemes: Readonly<Record<string, number>>): MailServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url?.protocol.replace(":", "") ?? "";
  const defaultPort = schemes[scheme];
  if (url === undefined || defaultPort === undefined || url.hostname === "")
    throw new AppError("invalid_input", `${text} is not a server.`, {
      hint: `Write it as ${Object.keys(schemes).join("://HOST:PORT (TLS) or ")}://HOST:PORT (STARTTLS).`,
    });
  return {
    host: url.hostname,
    port: url.port === "" ? defaultPort : Number(url.port),
    security: scheme.endsWith("s") ? "tls" : "starttls",
  };
}

function describeServer({ host, port, security }: MailServer): string {
  return `${host}:${port} (${security === "tls" ? "TLS" : "STARTTLS"})`;
}

function toTypedServer({ host, port, security }: MailServer) {
  return { host, port: String(port), security };
}
