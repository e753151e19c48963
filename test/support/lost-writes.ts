/**
 * Writes whose connection is lost: at each command of a call in turn, before the server gets the command or after it
 * executed it. The call is then repeated, and the mailboxes are compared with what the answers said.
 */
import { type ImapRewrite, startImapProxy } from "./imap-proxy.ts";
import { type MailServerKit, mailServer, type User } from "./mail-server.ts";
import { idsOf, newMailbox } from "./small-mailbox.ts";
import { openWriter, type Writer } from "./writer.ts";

const bare = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE NAMESPACE LIST-EXTENDED SPECIAL-USE";

/** Dovecot settings that imitate servers with fewer extensions. */
export const serverKinds = {
  "MOVE and UIDPLUS": "",
  "UIDPLUS without MOVE": `imap_capability = ${bare} UIDPLUS`,
  "MOVE without UIDPLUS": `imap_capability = ${bare} MOVE`,
  neither: `imap_capability = ${bare}`,
} as const;
export type ServerKind = keyof typeof serverKinds;

/** A server whose connections are lost. `toPath`: its path of a mailbox, which is made where it is missing. */
export type LosingServer = {
  kit: Pick<MailServerKit, "imap" | "smtp" | "newUser" | "deliver" | "read" | "withImap">;
  toPath(name: string): string;
};

/** Dovecot as one of the kinds. */
export async function dovecotAs(kind: ServerKind): Promise<LosingServer> {
  const settings = serverKinds[kind];
  return { kit: await mailServer(settings === "" ? {} : { settings }), toPath: (name) => name };
}

type Answer = { done: boolean; text: string };
type Write = (writer: Writer, ids: string[], operation: string) => Promise<Answer>;

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
  draft_email: (writer) =>
    attempt(writer, "draft_email", { to: ["ben@example.test"], subject: "new", body: "text" }),
  undo: (writer, _ids, operation) => attempt(writer, "undo", { operation_id: operation }),
};

/** The mailbox that a write leaves the three emails in. */
const targets: Readonly<Record<string, string>> = {
  move_email: "Archive",
  delete_email: "Trash",
  undo: "INBOX",
};

/** Commands of a new connection, before its work. */
const loginCommand = /^(CAPABILITY|LOGIN|AUTHENTICATE|ID|NAMESPACE|ENABLE|COMPRESS)\b/;

/** One lost connection: `at` counts the commands after the list of emails. */
export type Cut = {
  write: string;
  at: number;
  when: "before" | "after";
  /**
   * The command after the first loss, counted from the login on, after whose execution the connection is lost once
   * more. The repeated call then comes from a new process.
   */
  again?: number;
};

export type Trial = Cut & {
  /** False when the call had fewer commands than `at`, or fewer than `again` after it. */
  cut: boolean;
  command: string;
  first: Answer;
  repeated: Answer;
  problems: string[];
};

/** Closes the connection at the commands of a cut; the counting begins with `start`. */
export function createFaults({ at, when, again }: Cut) {
  let count: number | undefined;
  /** Commands whose answers are cut off, by their connection-wide tag, once each. */
  let cutTag = "";
  let losses = 0;
  const commands: string[] = [];
  const rewrite: ImapRewrite = {
    command: (line) => {
      const [tag = ""] = line.split(" ", 1);
      const command = line.slice(tag.length + 1);
      // The end of a literal is no command.
      const isWork = command !== "" && !(losses > 0 && loginCommand.test(command));
      if (count === undefined || cutTag !== "" || !isWork) return line;
      count += 1;
      if (losses > (again === undefined ? 0 : 1) || count !== (losses === 0 ? at : again)) return line;
      commands.push(command);
      if (losses > 0 || when === "after") {
        cutTag = tag;
        return line;
      }
      losses += 1;
      count = 0;
      return "hang up";
    },
    hangUpOn: (answer) => {
      const isCut = cutTag !== "" && answer.startsWith(`${cutTag} `);
      if (!isCut) return false;
      cutTag = "";
      losses += 1;
      count = 0;
      return true;
    },
  };
  return {
    rewrite,
    start() {
      count = 0;
    },
    stop() {
      count = undefined;
    },
    isDone: () => losses === (again === undefined ? 1 : 2),
    command: () => commands.join(", then "),
  };
}

/** Runs one trial. `problems` is empty when nothing was doubled or lost and no answer was false. */
export async function loseWrite(server: LosingServer, cut: Cut): Promise<Trial> {
  const { kit, toPath } = server;
  const user = await newMailbox(kit);
  await kit.withImap(user, async (imap) => {
    const there = new Set((await imap.list()).map(({ path }) => path));
    for (const name of ["Archive", "Trash", "Drafts"])
      if (!there.has(toPath(name))) await imap.mailboxCreate(toPath(name));
  });
  const work = writes[cut.write];
  if (!work) throw new Error(`there is no write ${cut.write}`);
  const faults = createFaults(cut);
  const proxy = await startImapProxy(kit, faults.rewrite);
  let writer = await openWriter({ kit, user, imap: proxy.imap });
  try {
    const found = await idsOf(writer);
    const ids = ["one", "two", "three"].map((subject) => found.get(subject) ?? "");
    const moved =
      cut.write === "undo" ? await writer.call("move_email", { ids, mailbox: "Archive" }) : undefined;
    const operation = String(moved?.data.operation_id);
    faults.start();
    const first = await work(writer, ids, operation);
    faults.stop();
    if (cut.again !== undefined) writer = await writer.restart();
    const repeated = await work(writer, ids, operation);
    const problems = await judge(server, user, cut.write, [first, repeated]);
    return { ...cut, cut: faults.isDone(), command: faults.command(), first, repeated, problems };
  } finally {
    await writer.close();
    await proxy.stop();
  }
}

/** Compares the mailboxes with the answers. */
async function judge(
  { kit, toPath }: LosingServer,
  user: User,
  write: string,
  [first, repeated]: readonly [Answer, Answer],
): Promise<string[]> {
  const problems: string[] = [];
  const emails = await Promise.all(
    ["INBOX", "Archive", "Trash"].map(async (mailbox) =>
      (await kit.read(user, mailbox === "INBOX" ? mailbox : toPath(mailbox))).map(({ subject, flags }) => ({
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
    const there = emails.filter((email) => email.subject === subject);
    // Undo cannot erase copies without UIDPLUS, and says that they stay.
    const staysInArchive =
      write === "undo" && /The copies in "[^"]*Archive" stay/.test(first.text + repeated.text);
    const live = there.filter(
      ({ deleted, mailbox }) => !deleted && !(staysInArchive && mailbox === "Archive"),
    );
    for (const mailbox of ["INBOX", "Archive", "Trash"])
      if (there.filter((email) => email.mailbox === mailbox).length > 1)
        problems.push(`${subject} is twice in ${mailbox}`);
    const target = targets[write];
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
  const drafts = (await kit.read(user, toPath("Drafts"))).length;
  // A draft that was answered and is asked for once more is another one.
  const wanted = first.done && repeated.done ? 2 : 1;
  if (drafts > wanted) problems.push(`the draft is there ${drafts} times`);
  if (write === "draft_email" && done && drafts === 0) problems.push("the draft was said to be saved");
  if (!emails.some(({ subject }) => subject === "theirs")) problems.push("theirs was expunged");
  const saysNotDone = !done && !/may have been done|lost|no longer|already/.test(first.text + repeated.text);
  if (saysNotDone) problems.push(`neither answer says what happened: ${first.text} ${repeated.text}`);
  return problems;
}

/** All trials of a write on a kind of server, until the call has no further command. */
export async function loseEachCommand(server: LosingServer, write: string): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const when of ["before", "after"] as const)
    for (let at = 1; at < 60; at += 1) {
      const trial = await loseWrite(server, { write, at, when });
      if (!trial.cut) break;
      trials.push(trial);
    }
  return trials;
}

/** All trials in which the connection is lost after a command, and again after each command that follows. */
export async function loseTwice(server: LosingServer, write: string): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (let at = 1; at < 60; at += 1) {
    const first = trials.length;
    for (let again = 1; again < 60; again += 1) {
      const trial = await loseWrite(server, { write, at, when: "after", again });
      if (!trial.cut) break;
      trials.push(trial);
    }
    if (trials.length === first) break;
  }
  return trials;
}
