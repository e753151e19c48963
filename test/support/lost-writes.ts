/**
 * Writes whose connection is lost: at each command of a call in turn, before the server gets the command or after it
 * executed it. The call is then repeated, and the mailboxes are compared with what the answers said.
 */
import { type ImapRewrite, startImapProxy } from "./imap-proxy.ts";
import { type MailServerKit, mailServer, type User } from "./mail-server.ts";
import { idsOf, newMailbox } from "./small-mailbox.ts";
import { type Writer, withWriter } from "./writer.ts";

const bare = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE NAMESPACE LIST-EXTENDED SPECIAL-USE";

/** Dovecot settings that imitate servers with fewer extensions. */
export const serverKinds = {
  "MOVE and UIDPLUS": "",
  "UIDPLUS without MOVE": `imap_capability = ${bare} UIDPLUS`,
  "MOVE without UIDPLUS": `imap_capability = ${bare} MOVE`,
  neither: `imap_capability = ${bare}`,
} as const;
export type ServerKind = keyof typeof serverKinds;

type Answer = { done: boolean; text: string };
type Write = (writer: Writer, ids: string[]) => Promise<Answer>;

async function attempt(writer: Writer, tool: string, input: Record<string, unknown>): Promise<Answer> {
  try {
    const { text, data } = await writer.call(tool, input);
    return { done: data.done === undefined || data.done === 3, text };
  } catch (error) {
    return { done: false, text: String(error) };
  }
}

export const writes: Readonly<Record<string, Write>> = {
  mark_as_read: (writer, ids) => attempt(writer, "mark_as_read", { ids }),
  flag_email: (writer, ids) => attempt(writer, "flag_email", { ids, flagged: true }),
  move_email: (writer, ids) => attempt(writer, "move_email", { ids, mailbox: "Archive" }),
  delete_email: (writer, ids) => attempt(writer, "delete_email", { ids }),
  "delete_email permanently": (writer, ids) => attempt(writer, "delete_email", { ids, permanently: true }),
  create_mailbox: (writer) => attempt(writer, "create_mailbox", { path: "New" }),
};

/** One lost connection: `at` counts the commands after the list of emails. */
export type Cut = { kind: ServerKind; write: string; at: number; when: "before" | "after" };

export type Trial = Cut & {
  /** False when the call had fewer commands than `at`. */
  cut: boolean;
  command: string;
  first: Answer;
  repeated: Answer;
  problems: string[];
};

/** Runs one trial. `problems` is empty when nothing was doubled or lost and no answer was false. */
export async function loseWrite({ kind, write, at, when }: Cut): Promise<Trial> {
  const settings = serverKinds[kind];
  const kit = await mailServer(settings === "" ? {} : { settings });
  const user = await newMailbox(kit);
  const work = writes[write];
  if (!work) throw new Error(`there is no write ${write}`);
  let count: number | undefined;
  let cutTag = "";
  let command = "";
  let hasHungUp = false;
  const rewrite: ImapRewrite = {
    command: (line) => {
      if (count === undefined || cutTag !== "") return line;
      count += 1;
      if (count !== at) return line;
      [cutTag = ""] = line.split(" ", 1);
      command = line.slice(cutTag.length + 1);
      return when === "before" ? "hang up" : line;
    },
    hangUpOn: (answer) => {
      // Once: the next connection uses the same tags.
      const isCut = when === "after" && !hasHungUp && cutTag !== "" && answer.startsWith(`${cutTag} `);
      hasHungUp ||= isCut;
      return isCut;
    },
  };
  const proxy = await startImapProxy(kit, rewrite);
  try {
    return await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const found = await idsOf(writer);
      const ids = ["one", "two", "three"].map((subject) => found.get(subject) ?? "");
      count = 0;
      const first = await work(writer, ids);
      const cut = cutTag !== "";
      const repeated = await work(writer, ids);
      const problems = await judge(kit, user, write, first, repeated);
      return { kind, write, at, when, cut, command, first, repeated, problems };
    });
  } finally {
    await proxy.stop();
  }
}

/** Compares the mailboxes with the answers. */
async function judge(
  kit: MailServerKit,
  user: User,
  write: string,
  first: Answer,
  repeated: Answer,
): Promise<string[]> {
  const problems: string[] = [];
  const emails = await Promise.all(
    ["INBOX", "Archive", "Trash"].map(async (mailbox) =>
      (await kit.read(user, mailbox)).map(({ subject, flags }) => ({
        subject,
        mailbox,
        seen: flags.includes("\\Seen"),
        flagged: flags.includes("\\Flagged"),
        deleted: flags.includes("\\Deleted"),
      })),
    ),
  ).then((lists) => lists.flat());
  const done = first.done || repeated.done;
  for (const subject of ["one", "two", "three"]) {
    const live = emails.filter((email) => email.subject === subject && !email.deleted);
    const target = { move_email: "Archive", delete_email: "Trash" }[write];
    if (live.length > 1) problems.push(`${subject} is there ${live.length} times`);
    if (live.length === 0 && write !== "delete_email permanently") problems.push(`${subject} is lost`);
    if (!done) continue;
    if (target && live.some(({ mailbox }) => mailbox !== target))
      problems.push(`${subject} was said to be in ${target}`);
    if (write === "delete_email permanently" && live.length > 0)
      problems.push(`${subject} was said to be erased`);
    if (write === "mark_as_read" && !live.every(({ seen }) => seen))
      problems.push(`${subject} was said to be read`);
    if (write === "flag_email" && !live.every(({ flagged }) => flagged))
      problems.push(`${subject} was said to be flagged`);
  }
  if (!emails.some(({ subject }) => subject === "theirs")) problems.push("theirs was expunged");
  const saysNotDone = !done && !/may have been done|lost|no longer|already/.test(first.text + repeated.text);
  if (saysNotDone) problems.push(`neither answer says what happened: ${first.text} ${repeated.text}`);
  return problems;
}

/** All trials of a write on a kind of server, until the call has no further command. */
export async function loseEachCommand(kind: ServerKind, write: string): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const when of ["before", "after"] as const)
    for (let at = 1; at < 60; at += 1) {
      const trial = await loseWrite({ kind, write, at, when });
      if (!trial.cut) break;
      trials.push(trial);
    }
  return trials;
}
