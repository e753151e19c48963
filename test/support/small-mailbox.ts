/** A small mailbox whose emails are identified by their subject. */
import type { MailServerKit, User } from "./mail-server.ts";
import type { Writer } from "./writer.ts";

type Rows = { id: string; subject: string }[];

/** Builds an email whose body is its subject. */
export const raw = (subject: string) =>
  `From: ben@example.test\nTo: ann@example.test\nSubject: ${subject}\nMessage-ID: <${subject}@example.test>\n\n${subject}\n`;

/** Maps the subjects of the newest hundred emails to their ids. */
export async function idsOf(writer: Writer, mailbox = "inbox"): Promise<Map<string, string>> {
  const { data } = await writer.call("get_recent_emails", { mailbox, limit: 100 });
  return new Map((data.emails as Rows).map(({ id, subject }) => [subject, id]));
}

export const subjects = async (kit: Pick<MailServerKit, "read">, user: User, mailbox = "INBOX") =>
  (await kit.read(user, mailbox)).map(({ subject }) => subject).sort();

/** Makes a user with `one`, `two`, `three` in the inbox, and `theirs`, which another client marked as deleted. */
export async function newMailbox(kit: Pick<MailServerKit, "newUser" | "deliver">): Promise<User> {
  const user = await kit.newUser();
  for (const subject of ["one", "two", "three"]) await kit.deliver(user, raw(subject));
  await kit.deliver(user, raw("theirs"), { flags: ["\\Deleted"] });
  return user;
}
