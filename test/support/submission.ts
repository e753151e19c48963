/**
 * A real submission server: implicit TLS on one port, required STARTTLS on another, AUTH against the users of the mail
 * server. It delivers accepted emails, so that users receive what others send.
 */
import { createTransport } from "nodemailer";
import { SMTPServer, type SMTPServerAddress } from "smtp-server";
import { type Certificate, trustedAuthority } from "./authority.ts";

export type Submitted = {
  username: string;
  from: string;
  recipients: string[];
  /** The email as received. */
  raw: string;
};

export type Submission = {
  ports: { tls: number; starttls: number };
  /** Accepted emails, oldest first. */
  submitted: readonly Submitted[];
  /** Number of successful logins so far. */
  logins(): number;
  stop(): Promise<void>;
};

export type Deliver = (from: string, recipients: readonly string[], raw: string) => Promise<void>;

/** Delivers over LMTP on a port of 127.0.0.1. */
export function deliverByLmtp(port: number): Deliver {
  return async (from, recipients, raw) => {
    const lmtp = createTransport({ host: "127.0.0.1", port, lmtp: true, ignoreTLS: true });
    try {
      await lmtp.sendMail({ envelope: { from, to: [...recipients] }, raw });
    } finally {
      lmtp.close();
    }
  };
}

const refusal = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });

/** Starts the submission server of a real IMAP server on localhost. `passwords`: those of the users by address. */
export function startSubmissionOf(
  passwords: ReadonlyMap<string, string>,
  deliver: Deliver,
): Promise<Submission> {
  return startSubmission({
    certificate: trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] }),
    deliver,
    check: (username, password) => passwords.get(username) === password,
    exists: (address) => passwords.has(address),
  });
}

/** Starts a server. `check` verifies a password; `exists` tells whether an address accepts mail. */
export async function startSubmission(options: {
  certificate: Certificate;
  /** Delivers an accepted email to at least one recipient. */
  deliver: Deliver;
  check(username: string, password: string): boolean;
  exists(address: string): boolean;
  /** Verifies an access token (XOAUTH2); rejects with the reply of a refusal. Absent: only passwords are taken. */
  checkToken?(username: string, token: string): Promise<void>;
}): Promise<Submission> {
  const submitted: Submitted[] = [];
  let logins = 0;

  function create(secure: boolean): SMTPServer {
    const server = new SMTPServer({
      secure,
      key: options.certificate.key,
      cert: options.certificate.cert,
      authMethods: options.checkToken ? ["PLAIN", "LOGIN", "XOAUTH2"] : ["PLAIN", "LOGIN"],
      disableReverseLookup: true,
      size: 30 * 1024 * 1024,
      onAuth(auth, _session, done) {
        const [username, password] = [auth.username ?? "", auth.password ?? ""];
        if (options.checkToken && auth.method === "XOAUTH2") {
          options.checkToken(username, auth.accessToken ?? "").then(
            () => {
              logins += 1;
              done(null, { user: username });
            },
            (error: Error) => done(error),
          );
          return;
        }
        if (!options.check(username, password)) return done(refusal(535, "5.7.8 Authentication failed"));
        logins += 1;
        done(null, { user: username });
      },
      onRcptTo({ address }, _session, done) {
        if (options.exists(address)) return done();
        done(refusal(550, "5.1.1 No such user"));
      },
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          if (stream.sizeExceeded) return done(refusal(552, "5.3.4 Too big"));
          const sender = session.envelope.mailFrom;
          const from = sender ? sender.address : "";
          const recipients = session.envelope.rcptTo.map((to: SMTPServerAddress) => to.address);
          const raw = Buffer.concat(chunks).toString("utf8");
          submitted.push({ username: String(session.user), from, recipients, raw });
          const delivered =
            recipients.length > 0 ? options.deliver(from, recipients, raw) : Promise.resolve();
          delivered.then(
            () => done(null, "2.0.0 Queued"),
            (error: Error) => done(refusal(451, `4.3.0 ${error.message}`)),
          );
        });
      },
    });
    // A client may close the connection at any time.
    server.on("error", () => {});
    return server;
  }

  async function listen(server: SMTPServer): Promise<number> {
    const inner = server.listen(0, "127.0.0.1");
    await new Promise<void>((resolve) => inner.once("listening", resolve));
    const address = inner.address();
    if (address === null || typeof address === "string") throw new Error("no port was given");
    return address.port;
  }

  const [overTls, overStarttls] = [create(true), create(false)];
  const ports = { tls: await listen(overTls), starttls: await listen(overStarttls) };
  return {
    ports,
    submitted,
    logins: () => logins,
    async stop() {
      await Promise.all(
        [overTls, overStarttls].map((server) => new Promise<void>((done) => server.close(done))),
      );
    },
  };
}
