/** Opens IMAP connections, and proves that a login works. Reading and writing are done in the rooms beside this one. */
import { ImapFlow } from "imapflow";
import type { Credentials, MailServer } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { Outbound, Vetted } from "../outbound.ts";
import type { Throttle } from "../throttle.ts";
import { toAppError } from "./failures.ts";
import { createPacedTransport } from "./paced-transport.ts";

/** How long a stage of opening may take, in milliseconds. */
export type ImapDeadlines = { connectMs: number; greetingMs: number; openMs: number };

export const imapDeadlines: ImapDeadlines = { connectMs: 10_000, greetingMs: 8_000, openMs: 25_000 };

/**
 * What one connection may send us. imapflow's own limits are 1 GB and more; a whole email comes in bounded parts,
 * and the widest honest line is a SEARCH answer of some hundred thousand numbers.
 */
const limits = {
  maxLineLength: 4 * 1024 * 1024,
  maxLiteralSize: 8 * 1024 * 1024,
  maxResponseSize: 20 * 1024 * 1024,
  maxResponseTokens: 200_000,
} as const;

/**
 * A connected and logged-in client; whoever opens it closes it. The host is judged and pinned anew each time.
 * Aborting `signal` while it opens closes it; afterwards the caller watches its own signal.
 * Throws AppErrors: host_refused, host_unknown, host_unreachable, tls_failed, not_a_mail_server, login_refused,
 * mail_server_busy, mail_server_failed, timed_out, cancelled.
 */
export async function openImap(
  credentials: Credentials,
  deps: { outbound: Outbound; signal: AbortSignal; deadlines?: ImapDeadlines },
): Promise<ImapFlow> {
  const deadlines = deps.deadlines ?? imapDeadlines;
  if (deps.signal.aborted) throw toAppError(deps.signal.reason, "connect");
  const vetted = await deps.outbound.vet(credentials.imap);
  const auth = { user: credentials.username, pass: credentials.password };
  const imap = createFlow(credentials.imap, vetted, deadlines, deps.outbound.throttle, auth);
  const deadline = AbortSignal.any([deps.signal, AbortSignal.timeout(deadlines.openMs)]);
  const end = () => imap.close();
  deadline.addEventListener("abort", end, { once: true });
  try {
    // While the name was looked up.
    deadline.throwIfAborted();
    await imap.connect();
    deadline.throwIfAborted();
    // PREAUTH (RFC 9051 section 7.1.4): logged in before any password was asked for, which proves nobody's login.
    // imapflow keeps the text of an OK greeting, and only of that.
    if (!("greeting" in imap))
      throw new AppError("not_a_mail_server", "The mail server lets everybody in without a password.");
    return imap;
  } catch (error) {
    imap.close();
    if (deps.signal.aborted) throw toAppError(deps.signal.reason, "connect");
    if (deadline.aborted)
      throw new AppError("host_unreachable", "The mail server does not answer in time.", { cause: error });
    throw toAppError(error, "connect");
  } finally {
    deadline.removeEventListener("abort", end);
  }
}

/** What is looked for beside a proof is not worth waiting for. */
const lookMs = 3_000;

/**
 * Logs in and out. `look` reads something in between; undefined where it fails or takes long, since the login is
 * proven all the same. Throws what openImap throws.
 */
export async function proveImap<T>(
  credentials: Credentials,
  deps: { outbound: Outbound; signal: AbortSignal; deadlines?: ImapDeadlines },
  look?: (imap: ImapFlow) => Promise<T>,
): Promise<T | undefined> {
  const imap = await openImap(credentials, deps);
  const tooLate = Promise.withResolvers<undefined>();
  const patience = setTimeout(() => {
    imap.close();
    tooLate.resolve(undefined);
  }, lookMs);
  const seen = await Promise.race([look?.(imap).catch(() => undefined), tooLate.promise]);
  clearTimeout(patience);
  // LOGOUT is a courtesy that a slow server may miss.
  const end = setTimeout(() => imap.close(), 2_000);
  await imap.logout().catch(() => {});
  clearTimeout(end);
  imap.close();
  return seen;
}

/**
 * Connects, takes TLS and leaves before any login: the server is there and its certificate verifies. Throws
 * AppErrors: host_refused, host_unknown, host_unreachable, tls_failed, not_a_mail_server, mail_server_busy.
 */
export async function reachImap(
  server: MailServer,
  deps: { outbound: Outbound; signal: AbortSignal; deadlines?: ImapDeadlines },
): Promise<void> {
  const vetted = await deps.outbound.vet(server);
  if (deps.signal.aborted) throw toAppError(deps.signal.reason, "connect");
  const imap = createFlow(server, vetted, deps.deadlines ?? imapDeadlines, deps.outbound.throttle);
  const end = () => imap.close();
  deps.signal.addEventListener("abort", end, { once: true });
  try {
    await imap.connect();
  } catch (error) {
    if (deps.signal.aborted) throw toAppError(deps.signal.reason, "connect");
    // Without a login to try, imapflow gives up where one would come: after TLS, with the capabilities read.
    if (imap.secureConnection && imap.capabilities.size > 0) return;
    throw toAppError(error, "connect");
  } finally {
    deps.signal.removeEventListener("abort", end);
    imap.close();
  }
}

/** A client that is not connected yet: pinned, TLS required, bounded. Without `auth` it cannot log in. */
function createFlow(
  server: MailServer,
  vetted: Vetted,
  deadlines: ImapDeadlines,
  throttle: Throttle,
  auth?: { user: string; pass: string },
): ImapFlow {
  const imap = new ImapFlow({
    host: vetted.address,
    port: vetted.port,
    ...(vetted.servername === undefined ? {} : { servername: vetted.servername }),
    secure: server.security === "tls",
    // Left open, imapflow takes STARTTLS when offered and else sends the password in clear.
    ...(server.security === "starttls" ? { doSTARTTLS: true } : {}),
    tls: { rejectUnauthorized: true, minVersion: "TLSv1.2" },
    ...(auth === undefined ? {} : { auth }),
    clientInfo: { name: "email-connector" },
    connectionTimeout: deadlines.connectMs,
    greetingTimeout: deadlines.greetingMs,
    socketTimeout: 5 * 60_000,
    disableAutoIdle: true,
    // 0.85 MB of DEFLATE can be 402 MB of response.
    disableCompression: true,
    // What IMAP4rev2 adds we ask for by extension; IMAP4rev1 is what every server has long spoken.
    disableIMAP4rev2: true,
    logger: false,
    transport: createPacedTransport(throttle),
    ...limits,
  });
  // An 'error' event nobody listens to would end the process; the failure also arrives as a rejection.
  imap.on("error", () => {});
  return imap;
}
