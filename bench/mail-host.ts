/** The benchmark's mail server: Dovecot with generated mailboxes, behind proxies that count and delay. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { createTransport, type Transporter } from "nodemailer";
import type { MailServer } from "../src/credentials.ts";
import { type CountingProxy, startCountingProxy } from "../test/support/counting-proxy.ts";
import { type MailServerKit, startMailServer, type User } from "../test/support/mail-server.ts";
import { prepareMailbox } from "./mailbox.ts";

export type MailHost = {
  kit: MailServerKit;
  /** The servers as reached through the proxies. */
  servers: { imap: MailServer; smtp: MailServer };
  proxies: { imap: CountingProxy; smtp: CountingProxy };
  /** Creates a user whose INBOX has this many generated emails. */
  createUser(emails: number): Promise<User>;
  /** Opens bare connections through the same proxies, for the baselines. */
  openImap(user: User): Promise<ImapFlow>;
  openSmtp(user: User): Transporter;
  stop(): Promise<void>;
};

const cache = join(import.meta.dir, ".cache/mail");

export async function startMailHost(): Promise<MailHost> {
  mkdirSync(cache, { recursive: true });
  const kit = await startMailServer({
    mailFolder: cache,
    format: "maildir",
    // Dovecot's default: one process per login.
    settings: "service imap {\n  service_count = 1\n}",
  });
  const proxies = {
    imap: await startCountingProxy(kit.imap.port),
    smtp: await startCountingProxy(kit.smtp.port),
  };
  return {
    kit,
    proxies,
    servers: {
      imap: { ...kit.imap, port: proxies.imap.port },
      smtp: { ...kit.smtp, port: proxies.smtp.port },
    },
    async createUser(emails) {
      const address = `bench-${emails}@example.test`;
      const folder = join(cache, address);
      prepareMailbox(folder, emails);
      if (process.getuid?.() === 0) await Bun.$`chown -R mail:mail ${folder}`;
      const user = await kit.setUser(address);
      // Builds Dovecot's index, which a mail server in use has as well.
      await kit.withImap(user, async (imap) => {
        await imap.mailboxOpen("INBOX");
        await imap.search({ all: true });
      });
      return user;
    },
    openImap: (user) => openBareImap(proxies.imap.port, user),
    openSmtp: (user) => openBareSmtp(proxies.smtp.port, user),
    async stop() {
      await Promise.all([proxies.imap.stop(), proxies.smtp.stop()]);
      await kit.stop();
    },
  };
}

export async function openBareImap(port: number, user: User): Promise<ImapFlow> {
  const imap = new ImapFlow({
    host: "localhost",
    port,
    secure: true,
    auth: { user: user.address, pass: user.password },
    disableAutoIdle: true,
    disableCompression: true,
    logger: false,
  });
  imap.on("error", () => {});
  await imap.connect();
  return imap;
}

export function openBareSmtp(port: number, user: User): Transporter {
  return createTransport({
    host: "localhost",
    port,
    secure: true,
    pool: true,
    maxConnections: 1,
    auth: { user: user.address, pass: user.password },
  });
}
