/**
 * The mail server of the tests: a real Dovecot and a real submission server on localhost, with a certificate of the
 * run's own authority. `mailServer(options)` is shared by all tests that ask for equal options, each with users of its
 * own (`newUser()`); `startMailServer(options)` belongs to one test, which may kill or restart it and must stop it.
 */
import { randomBytes } from "node:crypto";
import type { MailServer } from "../../src/credentials.ts";
import { trustedAuthority } from "./authority.ts";
import { type Dovecot, type DovecotOptions, startDovecot } from "./dovecot.ts";
import {
  createMailboxAccess,
  type Delivery,
  type MailboxAccess,
  type Stored,
  type User,
} from "./mailbox-access.ts";
import { deliverByLmtp, type Submission, startSubmission } from "./submission.ts";

export type { Delivery, Stored, User };

export type MailServerKit = MailboxAccess & {
  /** IMAP and SMTP with TLS from the first byte. */
  imap: MailServer;
  smtp: MailServer;
  /** IMAP and SMTP with STARTTLS, required. */
  imapStarttls: MailServer;
  smtpStarttls: MailServer;
  /** Makes a user with empty special-use mailboxes. */
  newUser(): Promise<User>;
  /** Makes a user of a given address, or gives an existing one a new password. */
  setUser(address: string): Promise<User>;
  /** Gives the user another password; the old one is refused from now on. */
  changePassword(user: User): Promise<User>;
  submission: Submission;
  dovecot: Dovecot;
  stop(): Promise<void>;
};

export type MailServerOptions = Omit<DovecotOptions, "certificate">;

/** Starts a mail server for one test. Throws when the programs are missing: see installed.ts for skipping. */
export async function startMailServer(options: MailServerOptions = {}): Promise<MailServerKit> {
  const certificate = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1", "mail.good.test"] });
  const dovecot = await startDovecot({ ...options, certificate });
  const users = new Map<string, string>();
  const submission = await startSubmission({
    certificate,
    deliver: deliverByLmtp(dovecot.ports.lmtp),
    check: (username, password) => users.get(username) === password,
    exists: (address) => users.has(address),
  });
  let count = 0;

  async function setPassword(address: string): Promise<User> {
    // Dovecot rereads a user when the file's size or second changes: no two passwords in a row have one length.
    count += 1;
    const password = `pw-${randomBytes(9).toString("hex")}${"x".repeat(count % 40)}`;
    users.set(address, password);
    await dovecot.setPassword(address, password);
    return { address, password };
  }

  return {
    imap: { host: "localhost", port: dovecot.ports.imaps, security: "tls" },
    imapStarttls: { host: "localhost", port: dovecot.ports.imap, security: "starttls" },
    smtp: { host: "localhost", port: submission.ports.tls, security: "tls" },
    smtpStarttls: { host: "localhost", port: submission.ports.starttls, security: "starttls" },
    setUser: (address) => setPassword(address),
    newUser: () => setPassword(`user-${randomBytes(5).toString("hex")}@example.test`),
    changePassword: (user) => setPassword(user.address),
    ...createMailboxAccess(dovecot.ports.imaps, dovecot.log),
    submission,
    dovecot,
    async stop() {
      await Promise.all([submission.stop(), dovecot.kill()]);
    },
  };
}

const shared = new Map<string, Promise<MailServerKit>>();

/** The mail server that all tests of this process with equal options share: started at the first call. */
export function mailServer(options: MailServerOptions = {}): Promise<MailServerKit> {
  const key = JSON.stringify(options);
  const running = shared.get(key);
  if (running) return running;
  const starting = startMailServer(options).catch((error: unknown) => {
    shared.delete(key);
    throw error;
  });
  shared.set(key, starting);
  return starting;
}

/** Stops the shared mail servers, at the end of the run. */
export async function stopMailServers(): Promise<void> {
  const started = await Promise.all([...shared.values()].map((kit) => kit.catch(() => undefined)));
  shared.clear();
  await Promise.all(started.map((kit) => kit?.stop()));
}
