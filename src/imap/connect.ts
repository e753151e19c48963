/** Opens IMAP connections, and proves that a login works. */
import { ImapFlow } from "imapflow";
import { closingOn, raceAbort, withDeadline } from "../abort.ts";
import {
  type Credentials,
  type MailServer,
  type ServerCertificate,
  type ServerLogin,
  withLogin,
} from "../credentials.ts";
import { AppError } from "../errors.ts";
import { startTlsMissing } from "../outbound/network-failures.ts";
import type { Outbound } from "../outbound/outbound.ts";
import {
  type CertificateJudge,
  createCertificateReader,
  createPinJudge,
  toTlsOptions,
} from "../outbound/server-certificate.ts";
import { adjustClient } from "./client-behavior.ts";
import type { ImapCommandLog } from "./command-log.ts";
import { toImapError } from "./failures.ts";
import { cutLargeStructures } from "./large-structures.ts";
import { createPacedTransport } from "./paced-transport.ts";
import { allowPipelining } from "./pipeline.ts";
import { attachServerFacts, type ServerFacts } from "./server-memory.ts";

/** Maximum duration of each stage of opening, in milliseconds. */
export type ImapDeadlines = { connectMs: number; greetingMs: number; openMs: number };

export const imapDeadlines: ImapDeadlines = { connectMs: 10_000, greetingMs: 8_000, openMs: 25_000 };

/** `signal` ends the opening; afterwards the caller watches its own signal. */
type ConnectDeps = {
  outbound: Outbound;
  signal: AbortSignal;
  deadlines?: ImapDeadlines;
  logCommands?: ImapCommandLog;
  /** Known facts about the server; with them, the commands after the login need not be answered when `openImap` returns. */
  facts?: ServerFacts;
};

/** The login of a connection, and what decides about the server's certificate instead of the known authorities. */
type FlowOptions = { auth?: ServerLogin; judge?: CertificateJudge | undefined };

/**
 * Maximum size of what one connection may send us, in octets. imapflow's own limits are 1 GB and more. An email is
 * fetched in bounded parts; the longest line of an honest server is a SEARCH answer of some hundred thousand numbers.
 */
const responseLimits = {
  maxLineLength: 4 * 1024 * 1024,
  maxLiteralSize: 8 * 1024 * 1024,
  maxResponseSize: 20 * 1024 * 1024,
  maxResponseTokens: 200_000,
} as const;

/**
 * Connects and logs in; the caller closes the connection. The host is resolved, vetted and pinned each time.
 * Throws AppErrors: host_refused, host_unknown, host_unreachable, tls_failed, certificate_changed, starttls_missing,
 * not_a_mail_server, login_refused, login_unsupported, mail_server_busy, mail_server_failed, timed_out, cancelled. An
 * access token goes by OAUTHBEARER (RFC 7628) where the server offers it, else by XOAUTH2.
 */
export function openImap(credentials: Credentials, deps: ConnectDeps): Promise<ImapFlow> {
  return withLogin(credentials, deps.signal, (login) => logIn(credentials.imap, deps, login));
}

async function logIn(server: MailServer, deps: ConnectDeps, login: ServerLogin): Promise<ImapFlow> {
  const imap = await createFlow(server, deps, { auth: login, judge: createPinJudge(server) });
  try {
    await handshake(imap, deps);
    // PREAUTH (RFC 9051 section 7.1.4): logged in before a password was asked for, so that no login is proven.
    // imapflow keeps the text of an OK greeting, and of no other.
    if (!("greeting" in imap))
      throw new AppError("not_a_mail_server", "The mail server lets everybody in without a password.");
    return imap;
  } catch (error) {
    imap.close();
    if (!deps.signal.aborted && "accessToken" in login && refusesTokens(imap)) throw tokensUnsupported(error);
    throw error;
  }
}

/** imapflow's error for a server without a mechanism that it knows has no code. */
function refusesTokens({ capabilities, secureConnection }: ImapFlow): boolean {
  const hasMechanism = ["AUTH=OAUTHBEARER", "AUTH=XOAUTH2"].some((name) => capabilities.has(name));
  return secureConnection && capabilities.size > 0 && !hasMechanism;
}

const tokensUnsupported = (cause: unknown) =>
  new AppError("login_unsupported", "The mail server takes no access tokens for reading.", {
    cause,
    hint: "The operator of this server has to correct the servers of this sign-in.",
  });

/** Maximum duration of the optional work of `proveImap`, in milliseconds. */
const optionalWorkMs = 3_000;
/** Maximum duration of LOGOUT, in milliseconds. */
const logoutMs = 2_000;

/**
 * Logs in and out. `work` reads something in between; its result is undefined where it fails or takes too long, since
 * the login is proven all the same. Throws the errors of openImap.
 */
export async function proveImap<T>(
  credentials: Credentials,
  deps: ConnectDeps,
  work?: (imap: ImapFlow) => Promise<T>,
): Promise<T | undefined> {
  const imap = await openImap(credentials, deps);
  try {
    return work && (await endAfter(optionalWorkMs, imap, work(imap)));
  } finally {
    await endAfter(logoutMs, imap, imap.logout());
    imap.close();
  }
}

/** Closes the connection unless `work` ends within `ms`. Undefined when it fails or takes longer. */
async function endAfter<T>(ms: number, imap: ImapFlow, work: Promise<T>): Promise<T | undefined> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  using _closing = closingOn(controller.signal, () => imap.close());
  try {
    return await raceAbort(controller.signal, work);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Connects, negotiates TLS and leaves before the login: the server is there and its certificate verifies. Throws
 * AppErrors: host_refused, host_unknown, host_unreachable, tls_failed, not_a_mail_server, mail_server_busy.
 */
export async function reachImap(server: MailServer, deps: ConnectDeps): Promise<void> {
  const imap = await createFlow(server, deps);
  try {
    await handshake(imap, deps);
  } catch (error) {
    // Without credentials imapflow fails where the login would come: after TLS, with the capabilities read.
    const isReached = imap.secureConnection && imap.capabilities.size > 0;
    if (deps.signal.aborted || !isReached) throw error;
  } finally {
    imap.close();
  }
}

/**
 * Reads the certificate of a server that the operator opened, whoever issued it; nothing but what precedes TLS is sent.
 * Undefined where no TLS connection comes about. Throws host_refused for every other server, and cancelled.
 */
export async function readImapCertificate(
  server: MailServer,
  deps: ConnectDeps,
): Promise<ServerCertificate | undefined> {
  const { judge, read } = createCertificateReader();
  const imap = await createFlow(server, deps, { judge });
  try {
    await handshake(imap, deps);
  } catch (error) {
    if (deps.signal.aborted) throw error;
  } finally {
    imap.close();
  }
  return read();
}

/** Connects a client within its deadlines, and logs in if it has credentials. Throws AppErrors. */
async function handshake(
  imap: ImapFlow,
  { signal, deadlines = imapDeadlines, facts }: ConnectDeps,
): Promise<void> {
  const ending = withDeadline(signal, deadlines.openMs);
  using _closing = closingOn(ending, () => imap.close());
  let isRefused = false;
  imap.on("response", ({ response }: { response: string }) => {
    isRefused = response.toUpperCase() !== "OK";
  });
  try {
    // It may have fired while the name was resolved.
    ending.throwIfAborted();
    await imap.connect();
    ending.throwIfAborted();
  } catch (error) {
    if (signal.aborted) throw toImapError(signal.reason, "connect");
    if (ending.aborted)
      throw new AppError("host_unreachable", "The mail server does not answer in time.", { cause: error });
    // imapflow's error for missing or refused STARTTLS has no code. The capabilities came unencrypted.
    const isPlain = !imap.secureConnection && imap.capabilities.size > 0;
    if (isPlain && (isRefused || !imap.capabilities.has("STARTTLS"))) throw startTlsMissing(error);
    // A connected mailbox has logged in there before.
    throw toImapError(error, facts ? "reconnect" : "connect");
  }
}

/** Creates a client that is not connected yet: pinned to a vetted address, TLS required, answers bounded. */
async function createFlow(
  server: MailServer,
  { outbound, signal, deadlines = imapDeadlines, logCommands, facts }: ConnectDeps,
  { auth, judge }: FlowOptions = {},
): Promise<ImapFlow> {
  if (signal.aborted) throw toImapError(signal.reason, "connect");
  // Only a server that the operator opened may show a certificate of its own making.
  const vetted = await (judge ? outbound.vetOpened : outbound.vet)(server);
  const imap = new ImapFlow({
    host: vetted.address,
    port: vetted.port,
    servername: vetted.servername,
    secure: server.security === "tls",
    // When undefined, imapflow uses STARTTLS only where it is offered and else sends the password in clear.
    doSTARTTLS: server.security === "starttls" ? true : undefined,
    tls: toTlsOptions(judge),
    auth,
    clientInfo: { name: "email-connector" },
    connectionTimeout: deadlines.connectMs,
    greetingTimeout: deadlines.greetingMs,
    socketTimeout: 5 * 60_000,
    disableAutoIdle: true,
    // 0.85 MB of DEFLATE can inflate to a response of 402 MB.
    disableCompression: true,
    // The extensions of IMAP4rev2 are used one by one; every server speaks IMAP4rev1.
    disableIMAP4rev2: true,
    logger: false,
    transport: createPacedTransport(outbound.throttle, judge),
    ...responseLimits,
  });
  // A flight reads in many mailboxes at a time, each with listeners of its own.
  imap.setMaxListeners(100);
  // An 'error' event without a listener would end the process; the failure also arrives as a rejection.
  imap.on("error", () => {});
  if (facts) attachServerFacts(imap, facts);
  allowPipelining(imap);
  adjustClient(imap);
  cutLargeStructures(imap);
  logCommands?.(imap);
  return imap;
}
