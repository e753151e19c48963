/** The benchmark's mail server: a Dovecot over generated mailboxes, with counting and delaying proxies before it. */
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
  /** Through the proxies. */
  servers: { imap: MailServer; smtp: MailServer };
  proxies: { imap: CountingProxy; smtp: CountingProxy };
  /** A user whose INBOX holds this many generated emails. */
  userWith(emails: number): Promise<User>;
  /** Bare connections through the same proxies, as the baselines use them. */
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
    // As Dovecot comes: each login has a process of its own.
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
    async userWith(emails) {
      const address = `bench-${emails}@example.test`;
      const folder = join(cache, address);
      prepareMailbox(folder, emails);
      if (process.getuid?.() === 0) await Bun.$`chown -R mail:mail ${folder}`;
      const user = await kit.setUser(address);
      // The first look builds Dovecot's index; a mail server has that, too.
      await kit.withImap(user, async (imap) => {
        await imap.mailboxOpen("INBOX");
        await imap.search({ all: true });
      });
      return user;
    },
    async openImap(user) {
      const imap = new ImapFlow({
        host: "localhost",
        port: proxies.imap.port,
        secure: true,
        auth: { user: user.address, pass: user.password },
        disableAutoIdle: true,
        disableCompression: true,
        logger: false,
      });
      imap.on("error", () => {});
      await imap.connect();
      return imap;
    },
    openSmtp: (user) =>
      createTransport({
        host: "localhost",
        port: proxies.smtp.port,
        secure: true,
        pool: true,
        maxConnections: 1,
        auth: { user: user.address, pass: user.password },
      }),
    async stop() {
      await Promise.all([proxies.imap.stop(), proxies.smtp.stop()]);
      await kit.stop();
    },
  };
}
