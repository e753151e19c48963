/** Opens SMTP submission, and proves that a login works. */
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Credentials, MailServer } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { Outbound } from "../outbound/outbound.ts";
import { toSmtpError } from "./failures.ts";

/** How long a stage may take, in milliseconds: connecting, the greeting, silence in between. */
export type SmtpDeadlines = { connectMs: number; greetingMs: number; silenceMs: number };

export const smtpDeadlines: SmtpDeadlines = { connectMs: 20_000, greetingMs: 20_000, silenceMs: 30_000 };

/** A connection that is logged in, and what its server offered. */
export type SmtpSession = {
  connection: SMTPConnection;
  /** SMTPUTF8: addresses beyond ASCII (RFC 6531). */
  takesUtf8: boolean;
};

type SmtpDeps = { outbound: Outbound; signal: AbortSignal; deadlines?: SmtpDeadlines };

/**
 * A connection that is logged in and takes one email after another; the caller closes it. The host is judged and
 * pinned here. Throws what proveSmtp throws, and not_supported for an account connected for reading only.
 */
export async function openSmtp(credentials: Credentials, deps: SmtpDeps): Promise<SmtpSession> {
  if (deps.signal.aborted) throw toSmtpError(deps.signal.reason, "connect");
  const { auth, ...options } = await toOptions(credentials, deps);
  const session = await dial(options, deps.signal, auth);
  // A server that hangs up while nobody looks is no accident of ours.
  session.connection.on("error", () => {});
  return session;
}

/**
 * Connects, logs in and leaves, sending nothing. Throws AppErrors: host_refused, host_unknown, host_unreachable,
 * tls_failed, not_a_mail_server, login_refused, mail_server_busy, mail_server_failed, timed_out, cancelled.
 */
export async function proveSmtp(credentials: Credentials, deps: SmtpDeps): Promise<void> {
  const { connection } = await openSmtp(credentials, deps);
  connection.quit();
}

/** Connects, takes TLS and leaves before any login. Throws what proveSmtp throws, but for login_refused. */
export async function reachSmtp(server: MailServer, deps: SmtpDeps): Promise<void> {
  const { connection } = await dial(await toServerOptions(server, deps), deps.signal);
  connection.quit();
}

/** The bare connection, because only it can be closed while it connects and logs in. */
async function dial(
  options: Awaited<ReturnType<typeof toServerOptions>>,
  signal: AbortSignal,
  auth?: { user: string; pass: string },
): Promise<SmtpSession> {
  if (signal.aborted) throw toSmtpError(signal.reason, "connect");
  const connection = new SMTPConnection(options);
  let takesUtf8 = false;
  const { promise: proven, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  connection.on("error", reject);
  connection.on("end", () => reject(new Error("The connection ended")));
  connection.connect((failure) => {
    if (failure) return reject(failure);
    // The last answer so far is the one to EHLO: a line for each extension (RFC 5321 section 4.1.1.1).
    takesUtf8 = /^250[ -]SMTPUTF8\b/im.test(connection.lastServerResponse || "");
    if (auth === undefined) return resolve();
    // RFC 4954: asked for even where the server names no AUTH, since a login that is never tried proves nothing.
    connection.login(auth, (refusal) => (refusal ? reject(refusal) : resolve()));
  });
  try {
    await proven;
    return { connection, takesUtf8 };
  } catch (error) {
    connection.close();
    throw toSmtpError(error, "connect");
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

async function toOptions(credentials: Credentials, deps: SmtpDeps) {
  if (!credentials.smtp) throw new AppError("not_supported", "This account was connected for reading only.");
  const options = await toServerOptions(credentials.smtp, deps);
  return { ...options, auth: { user: credentials.username, pass: credentials.password } };
}

/** Pinned to the judged address; the name stays for SNI and the certificate. */
async function toServerOptions({ host, port, security }: MailServer, deps: SmtpDeps) {
  const deadlines = deps.deadlines ?? smtpDeadlines;
  const vetted = await deps.outbound.vet({ host, port });
  return {
    host: vetted.address,
    port: vetted.port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ...(vetted.servername === undefined ? {} : { servername: vetted.servername }),
    tls: {
      rejectUnauthorized: true,
      minVersion: "TLSv1.2" as const,
      ...(vetted.servername === undefined ? {} : { servername: vetted.servername }),
    },
    // The name in EHLO; the machine's own would tell strangers about it.
    name: "[127.0.0.1]",
    connectionTimeout: deadlines.connectMs,
    greetingTimeout: deadlines.greetingMs,
    socketTimeout: deadlines.silenceMs,
    socketCloseTimeout: 0,
  };
}
