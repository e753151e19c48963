/**
 * send_email whose connection is lost, at each command of the submission and of IMAP in turn. The call is then repeated,
 * by the same process or by a new one, and what arrived and what was filed is compared with what the answers said.
 */
import { startImapProxy } from "./imap-proxy.ts";
import { createFaults, type LosingServer } from "./lost-writes.ts";
import type { User } from "./mail-server.ts";
import { startSmtpProxy } from "./smtp-proxy.ts";
import { eventually } from "./waiting.ts";
import { openWriter, type Writer } from "./writer.ts";

/** `submits`: adds a user to the submission server, where that is not the kit's own. */
export type SendingServer = LosingServer & { addUser?(user: User): void };

export type SendCut = {
  protocol: "smtp" | "imap";
  at: number;
  when: "before" | "after";
  /** Sends a draft, which is to be gone afterwards. */
  draft: boolean;
  /** The repeated call comes from a new process. */
  restart: boolean;
};

export type SendTrial = SendCut & { command: string | undefined; answers: string[]; problems: string[] };

async function attempt(writer: Writer, input: Record<string, unknown>): Promise<string> {
  try {
    return (await writer.call("send_email", input)).text;
  } catch (error) {
    const hint = error instanceof Error && "hint" in error ? ` ${error.hint}` : "";
    const code = error instanceof Error && "code" in error ? ` (${error.code})` : "";
    return `refused: ${error}${hint}${code}`;
  }
}

/** Runs one trial. `problems` is empty when nothing was doubled or lost and no answer was false. */
export async function loseSend(server: SendingServer, cut: SendCut): Promise<SendTrial> {
  const { kit, toPath } = server;
  const [ann, ben] = [await kit.newUser(), await kit.newUser()];
  for (const user of [ann, ben]) server.addUser?.(user);
  await kit.withImap(ann, async (imap) => {
    const there = new Set((await imap.list()).map(({ path }) => path));
    for (const name of ["Sent", "Drafts"])
      if (!there.has(toPath(name))) await imap.mailboxCreate(toPath(name));
  });
  const faults = createFaults({ write: "send_email", at: cut.at, when: cut.when });
  const imap = await startImapProxy(kit, cut.protocol === "imap" ? faults.rewrite : {});
  const smtp = await startSmtpProxy(kit.smtp, cut.protocol === "smtp" ? cut : undefined);
  let writer = await openWriter({ kit, user: ann, imap: imap.imap, smtp: smtp.smtp });
  try {
    const email = { to: [ben.address], subject: "new", body: "text" };
    const draft = cut.draft ? (await writer.call("draft_email", email)).data.draft_id : undefined;
    const input = cut.draft ? { draft_id: draft } : email;
    faults.start();
    const first = await attempt(writer, input);
    faults.stop();
    if (cut.restart) writer = await writer.restart();
    const repeated = await attempt(writer, input);
    const answers = [first, repeated];
    const command = cut.protocol === "smtp" ? smtp.command() : faults.command() || undefined;
    return { ...cut, command, answers, problems: await judge(server, { ann, ben }, answers, cut.draft) };
  } finally {
    await writer.close();
    await Promise.all([imap.stop(), smtp.stop()]);
  }
}

const saysSent = (answer: string) => /^(Sent\.|.*\n\nSent\.)/.test(answer);
const saysUnknown = (answer: string) => /\(maybe_sent\)/.test(answer);

async function judge(
  { kit, toPath }: SendingServer,
  { ann, ben }: { ann: User; ben: User },
  answers: readonly string[],
  isDraft: boolean,
): Promise<string[]> {
  const live = async (user: User, mailbox: string) =>
    (await kit.read(user, mailbox)).filter(({ flags }) => !flags.includes("\\Deleted")).length;
  const isSent = answers.some(saysSent);
  if (isSent) await eventually(async () => (await live(ben, "INBOX")) > 0, { what: "the email to arrive" });
  const [arrived, copies, drafts] = [
    await live(ben, "INBOX"),
    await live(ann, toPath("Sent")),
    await live(ann, toPath("Drafts")),
  ];
  const text = answers.join("\n");
  return [
    arrived > 1 ? `it arrived ${arrived} times` : "",
    copies > 1 ? `there are ${copies} copies` : "",
    arrived === 1 && !isSent && !answers.some(saysUnknown) ? "it was said not to be sent, and arrived" : "",
    arrived === 0 && !answers.some(saysUnknown) ? "it is lost" : "",
    /The copy is in/.test(text) && copies === 0 ? "there is no copy where one was named" : "",
    /could not be put into Sent/.test(text) && copies > 0
      ? "there is a copy that was said to be missing"
      : "",
    isSent && !/The copy is in|could not be put into Sent/.test(text) ? "nothing was said of the copy" : "",
    isDraft && isSent && drafts > 0 && !/draft could not be removed/.test(text)
      ? "the draft is still there"
      : "",
    isDraft && !isSent && drafts === 0 ? "the draft is gone" : "",
  ].filter((problem) => problem !== "");
}

/** All trials on a server, until the call has no further command. */
export async function loseEachSend(
  server: SendingServer,
  { protocol, draft }: Pick<SendCut, "protocol" | "draft">,
): Promise<SendTrial[]> {
  const trials: SendTrial[] = [];
  for (const when of ["before", "after"] as const)
    for (const restart of [false, true])
      for (let at = 1; at < 60; at += 1) {
        const trial = await loseSend(server, { protocol, at, when, draft, restart });
        if (trial.command === undefined) break;
        trials.push(trial);
      }
  return trials;
}
