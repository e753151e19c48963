/** The mailboxes of the tests' mail servers, filled and read without the product. */
import { ImapFlow } from "imapflow";

export type User = { address: string; password: string };

export type Stored = {
  uid: number;
  flags: string[];
  /** INTERNALDATE. */
  date: Date;
  subject: string;
  messageId: string;
  /** The whole email, as stored. */
  raw: string;
};

export type Delivery = { mailbox?: string; flags?: readonly string[]; date?: Date };

export type MailboxAccess = {
  /** Appends an email to a mailbox (default INBOX, unread) without the product. Returns its UID. */
  deliver(user: User, raw: string | Uint8Array, options?: Delivery): Promise<number>;
  /** Appends many emails over one connection. Returns their UIDs. */
  deliverAll(user: User, emails: readonly ({ raw: string | Uint8Array } & Delivery)[]): Promise<number[]>;
  /** The emails in a mailbox by UID, read without the product. */
  read(user: User, mailbox?: string): Promise<Stored[]>;
  /** Lends an imapflow connection of the user and logs it out. */
  withImap<T>(user: User, work: (imap: ImapFlow) => Promise<T>): Promise<T>;
};

/** The UID of the newest email, for servers that do not tell that of an APPEND (RFC 4315). */
async function readHighestUid(imap: ImapFlow, mailbox: string): Promise<number> {
  await imap.mailboxOpen(mailbox, { readOnly: true });
  const newest = await imap.fetchOne("*", { uid: true });
  await imap.mailboxClose();
  if (!newest) throw new Error(`${mailbox} is empty after APPEND`);
  return newest.uid;
}

const isLostConnection = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "NoConnection";

/**
 * Opens mailboxes on an IMAP port with TLS of localhost. `log`: the server's own log, whose end is printed when it drops
 * the connection of a reader, which then reads a second time: that changes nothing and is no test of the product.
 */
export function createMailboxAccess(port: number, log: () => string = () => ""): MailboxAccess {
  async function withImap<T>(user: User, work: (imap: ImapFlow) => Promise<T>): Promise<T> {
    const imap = new ImapFlow({
      host: "localhost",
      port,
      secure: true,
      auth: { user: user.address, pass: user.password },
      logger: false,
    });
    imap.on("error", () => {});
    await imap.connect();
    try {
      return await work(imap);
    } finally {
      await imap.logout().catch(() => imap.close());
    }
  }

  const deliverAll: MailboxAccess["deliverAll"] = (user, emails) =>
    withImap(user, async (imap) => {
      const uids: number[] = [];
      for (const { raw, mailbox = "INBOX", flags = [], date } of emails) {
        const content = Buffer.from(typeof raw === "string" ? raw.replace(/\r?\n/g, "\r\n") : raw);
        const appended = await imap.append(mailbox, content, [...flags], date);
        if (!appended) throw new Error(`APPEND to ${mailbox} failed`);
        uids.push(appended.uid ?? (await readHighestUid(imap, mailbox)));
      }
      return uids;
    });

  return {
    deliverAll,
    async deliver(user, raw, delivery = {}) {
      const [uid] = await deliverAll(user, [{ raw, ...delivery }]);
      if (uid === undefined) throw new Error("nothing was delivered");
      return uid;
    },
    read: (user, mailbox = "INBOX") => readTwice(() => readOnce(user, mailbox)),
    withImap,
  };

  async function readTwice<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      const said = log().split("\n").slice(-30).join("\n");
      process.stderr.write(
        `\nThe mail server dropped a reader (${error}) and is asked again. Its log:\n${said}\n`,
      );
      return read();
    }
  }

  function readOnce(user: User, mailbox: string): Promise<Stored[]> {
    return withImap(user, async (imap) => {
      const status = await imap.mailboxOpen(mailbox, { readOnly: true });
      if (status.exists === 0) return [];
      const emails = await imap.fetchAll("1:*", {
        uid: true,
        flags: true,
        source: true,
        envelope: true,
        internalDate: true,
      });
      return emails.map((email) => ({
        uid: email.uid,
        flags: [...(email.flags ?? [])].filter((flag) => flag !== "\\Recent").sort(),
        date: new Date(email.internalDate ?? 0),
        subject: email.envelope?.subject ?? "",
        messageId: email.envelope?.messageId ?? "",
        raw: email.source?.toString("utf8") ?? "",
      }));
    });
  }
}
