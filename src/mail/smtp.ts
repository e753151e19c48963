/** Opens SMTP submission, and proves that a login works. */
import nodemailer from "nodemailer";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { AppError } from "../errors.ts";
import type { Outbound } from "../outbound.ts";
import { toAppError } from "./failures.ts";
import type { Credentials, MailServer } from "./mail.ts";

/** How long a stage may take, in milliseconds: connecting, the greeting, silence in between. */
export type SmtpDeadlines = { connectMs: number; greetingMs: number; silenceMs: number };

export const smtpDeadlines: SmtpDeadlines = { connectMs: 20_000, greetingMs: 20_000, silenceMs: 30_000 };

type SmtpDeps = { outbound: Outbound; signal: AbortSignal; deadlines?: SmtpDeadlines };

/**
 * A transport for one email; nothing connects before `sendMail`. The host is judged and pinned here. Pass the same
 * `signal` to sendMail, which ends the connection when it fires. Throws host_refused, host_unknown, not_supported
 * (connected for reading only).
 */
export async function openSmtp(credentials: Credentials, deps: SmtpDeps) {
  const options = await toOptions(credentials, deps);
  return nodemailer.createTransport({ ...options, disableFileAccess: true, disableUrlAccess: true });
}

/**
 * Connects, logs in and leaves, sending nothing. Throws AppErrors: host_refused, host_unknown, host_unreachable,
 * tls_failed, not_a_mail_server, login_refused, mail_server_busy, mail_server_failed, timed_out, cancelled.
 */
export async function proveSmtp(credentials: Credentials, deps: SmtpDeps): Promise<void> {
  if (deps.signal.aborted) throw toAppError(deps.signal.reason, "connect");
  const { auth, ...options } = await toOptions(credentials, deps);
  await knock(options, deps.signal, auth);
}

/** Connects, takes TLS and leaves before any login. Throws what proveSmtp throws, but for login_refused. */
export async function reachSmtp(server: MailServer, deps: SmtpDeps): Promise<void> {
  await knock(await toServerOptions(server, deps), deps.signal);
}

/** The bare connection, because only it can be closed while it connects and logs in. */
async function knock(
  options: Awaited<ReturnType<typeof toServerOptions>>,
  signal: AbortSignal,
  auth?: { user: string; pass: string },
): Promise<void> {
  const connection = new SMTPConnection(options);
  const { promise: proven, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  connection.on("error", reject);
  connection.on("end", () => reject(new Error("The connection ended")));
  connection.connect((failure) => {
    if (failure) return reject(failure);
    if (auth === undefined) return resolve();
    // RFC 4954: asked for even where the server names no AUTH, since a login that is never tried proves nothing.
    connection.login(auth, (refusal) => (refusal ? reject(refusal) : resolve()));
  });
  try {
    await proven;
    connection.quit();
  } catch (error) {
    connection.close();
    throw toAppError(error, "connect");
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
