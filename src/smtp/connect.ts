/** Opens SMTP submission connections, and proves that a login works. */
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { closingOn } from "../abort.ts";
import {
  type Credentials,
  type MailServer,
  type ServerCertificate,
  type ServerLogin,
  withLogin,
} from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { FailureStage } from "../outbound/network-failures.ts";
import type { Outbound } from "../outbound/outbound.ts";
import {
  type CertificateJudge,
  createPinJudge,
  describeCertificate,
  isTlsSocket,
  toTlsOptions,
} from "../outbound/server-certificate.ts";
import type { SmtpCommandLog } from "./command-log.ts";
import { toSmtpError } from "./failures.ts";
import { logInWithToken, tokenMethod, toTokenAuth } from "./token-login.ts";

/**
 * Maximum duration of connecting, of the greeting, of silence in a command, and of silence behind the message, in
 * milliseconds. A server may take minutes for the last (RFC 5321 section 4.5.3.2.6), and a client that gives up does not
 * know what became of the email: it is longer than what an email may take in all, so that its budget ends it.
 */
export type SmtpDeadlines = { connectMs: number; greetingMs: number; silenceMs: number; answerMs: number };

export const smtpDeadlines: SmtpDeadlines = {
  connectMs: 20_000,
  greetingMs: 20_000,
  silenceMs: 30_000,
  answerMs: 60_000,
};

/** A connection that is logged in, and what its server offered. */
export type SmtpSession = {
  connection: SMTPConnection;
  /** The server offers SMTPUTF8: addresses with characters beyond ASCII (RFC 6531). */
  supportsUtf8: boolean;
  /** Sets how long the server may be silent, from the beginning of a message on, or in a command. */
  awaitsAnswer(toMessage: boolean): void;
};

/** `signal` ends the opening; afterwards the caller watches its own signal. */
type SmtpDeps = {
  outbound: Outbound;
  signal: AbortSignal;
  deadlines?: SmtpDeadlines;
  logCommands?: SmtpCommandLog;
  /** A login has succeeded there before: a lost connection is no reason to doubt the server. */
  isKnown?: boolean;
};

/**
 * Connects and logs in; the connection takes one email after another, and the caller closes it. The host is resolved,
 * vetted and pinned each time. Throws the errors of proveSmtp, and not_supported for an account that only reads.
 */
export async function openSmtp(credentials: Credentials, deps: SmtpDeps): Promise<SmtpSession> {
  if (deps.signal.aborted) throw toSmtpError(deps.signal.reason, "connect");
  if (!credentials.smtp) throw new AppError("not_supported", "This account was connected for reading only.");
  const { smtp } = credentials;
  const session = await withLogin(credentials, deps.signal, async (login) => {
    const judge = createPinJudge(smtp);
    return connect(await toOptions(smtp, deps, judge), deps.signal, {
      login,
      judge,
      stage: deps.isKnown ? "reconnect" : "connect",
      deadlines: deps.deadlines,
    });
  });
  // A server that hangs up on an idle connection is no failure; an 'error' event without a listener would be.
  session.connection.on("error", () => {});
  return session;
}

/**
 * Connects, logs in and leaves without sending. Throws AppErrors: host_refused, host_unknown, host_unreachable,
 * tls_failed, certificate_changed, not_a_mail_server, login_refused, mail_server_busy, mail_server_failed, timed_out,
 * cancelled.
 */
export async function proveSmtp(credentials: Credentials, deps: SmtpDeps): Promise<void> {
  const { connection } = await openSmtp(credentials, deps);
  connection.quit();
}

/** Connects, negotiates TLS and leaves before the login. Throws the errors of proveSmtp except login_refused. */
export async function reachSmtp(server: MailServer, deps: SmtpDeps): Promise<void> {
  const { connection } = await connect(await toOptions(server, deps), deps.signal);
  connection.quit();
}

/**
 * Reads the certificate of a server that the operator opened, whoever issued it, and leaves before a login. Undefined
 * where no TLS connection comes about. Throws host_refused for every other server, and cancelled.
 */
export async function readSmtpCertificate(
  server: MailServer,
  deps: SmtpDeps,
): Promise<ServerCertificate | undefined> {
  let certificate: ServerCertificate | undefined;
  const judge: CertificateJudge = (socket) => {
    certificate = describeCertificate(socket);
    return undefined;
  };
  try {
    const { connection } = await connect(await toOptions(server, deps, judge), deps.signal, { judge });
    connection.quit();
  } catch (error) {
    const isExpected = error instanceof AppError && error.code !== "host_refused";
    if (deps.signal.aborted || !isExpected) throw error;
  }
  return certificate;
}

/** Uses nodemailer's bare connection, because only that can be closed while it connects and logs in. */
async function connect(
  options: Awaited<ReturnType<typeof toOptions>>,
  signal: AbortSignal,
  {
    login,
    judge,
    stage = "connect",
    deadlines = smtpDeadlines,
  }: {
    login?: ServerLogin;
    judge?: CertificateJudge | undefined;
    stage?: FailureStage;
    deadlines?: SmtpDeadlines | undefined;
  } = {},
): Promise<SmtpSession> {
  if (signal.aborted) throw toSmtpError(signal.reason, "connect");
  const connection = new SMTPConnection({ ...options, customAuth: { [tokenMethod]: logInWithToken } });
  let supportsUtf8 = false;
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  using _closing = closingOn(signal, () => reject(signal.reason));
  connection.on("error", reject);
  connection.on("end", () => reject(new Error("The connection ended")));
  connection.connect((failure) => {
    if (failure) return reject(failure);
    const refusal = judge && judgeConnection(connection, judge);
    if (refusal) return reject(refusal);
    // The last response so far is the one to EHLO: a line per extension (RFC 5321 section 4.1.1.1).
    const offers = connection.lastServerResponse || "";
    supportsUtf8 = /^250[ -]SMTPUTF8\b/im.test(offers);
    if (login === undefined) return resolve();
    // RFC 4954: sent even where the server offers no AUTH, since a login that is never tried proves nothing.
    try {
      const auth = "pass" in login ? login : toTokenAuth(login, offers, options);
      connection.login(auth, (refused) => (refused ? reject(refused) : resolve()));
    } catch (error) {
      reject(error);
    }
  });
  try {
    await ready;
    const { silenceMs, answerMs } = deadlines;
    const awaitsAnswer = (toMessage: boolean) => {
      const { _socket: socket } = connection;
      if (socket) socket.setTimeout(toMessage ? answerMs : silenceMs);
    };
    return { connection, supportsUtf8, awaitsAnswer };
  } catch (error) {
    connection.close();
    throw toSmtpError(error, stage);
  }
}

/** Judges the certificate of a connection. Without TLS there is none, and nothing may be sent there. */
function judgeConnection({ _socket: socket }: SMTPConnection, judge: CertificateJudge): Error | undefined {
  return socket && isTlsSocket(socket) ? judge(socket) : new Error("The connection is not encrypted");
}

/** Pins the connection to the vetted address; the name stays for SNI and the certificate. */
async function toOptions(
  { host, port, security }: MailServer,
  deps: SmtpDeps,
  judge?: CertificateJudge | undefined,
) {
  const deadlines = deps.deadlines ?? smtpDeadlines;
  // Only a server that the operator opened may show a certificate of its own making.
  const vet = judge ? deps.outbound.vetOpened : deps.outbound.vet;
  const { address, servername, port: vettedPort } = await vet({ host, port });
  return {
    host: address,
    port: vettedPort,
    secure: security === "tls",
    requireTLS: security === "starttls",
    servername,
    tls: { ...toTlsOptions(judge), servername },
    // The name in EHLO; nodemailer's default would tell strangers the machine's own.
    name: "[127.0.0.1]",
    connectionTimeout: deadlines.connectMs,
    greetingTimeout: deadlines.greetingMs,
    socketTimeout: deadlines.silenceMs,
    socketCloseTimeout: 0,
    ...deps.logCommands?.(),
  };
}
