/** Everyday jobs as a model does them: the calls, the tokens of the answers and of the arguments, each with its limit. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { toInbox } from "../support/inbox.ts";
import { describeMail } from "../support/installed.ts";
import { invitations, toInvitationEmail } from "../support/invitations.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { subjects } from "../support/small-mailbox.ts";
import { openWriter, type Writer, type WriterAnswer } from "../support/writer.ts";

/**
 * An upper estimate of the tokens of a text: a word has a token for every four characters, and ids and selections,
 * which are words of no language, one for every two.
 */
function toTokens(text: string): number {
  const opaque = text.match(/[\w-]{40,}/g) ?? [];
  const characters = opaque.reduce((sum, word) => sum + word.length, 0);
  return Math.ceil(characters / 2 + (text.length - characters) / 4);
}

/** The calls of a job, with the tokens of their answers and arguments. */
type Count = { calls: number; answered: number; typed: number };
type Call = (name: string, input?: Record<string, unknown>) => Promise<WriterAnswer>;

/** Emails of this year that the jobs are about. */
function toStories(user: User): string[] {
  const email = (from: string, subject: string, date: string, body: string, more = "") =>
    `From: ${from}\nTo: ${user.address}\nSubject: ${subject}\nDate: ${date}\nMessage-ID: <${subject.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${date.slice(5, 7).trim()}@stories.test>\n${more}\n${body}\n`;
  const references = (id: string) =>
    `In-Reply-To: <${id}@stories.test>\nReferences: <offsite-01@stories.test>\n`;
  return [
    email(
      "Harbor Shop <billing@shop.test>",
      "Invoice 4711",
      "Thu, 12 Mar 2026 09:00:00 +0100",
      "Dear customer,\n\nyour order:\n\nChair 120.00 EUR\nDelivery 9.50 EUR\nTotal 129.50 EUR\n\nPayable within 14 days.",
    ),
    email(
      "Ann Weber <ann@weber.test>",
      "Friday",
      "Mon, 23 Nov 2026 10:00:00 +0100",
      "Hi,\n\ncan we move our meeting to Friday at ten?\n\nAnn",
    ),
    email(
      "Ben Hart <ben@hart.test>",
      "Offsite",
      "Sun, 01 Nov 2026 10:00:00 +0100",
      "Shall we meet in Lyon or in Turin? I prefer May.",
    ),
    email(
      "Ben Hart <ben@hart.test>",
      "Re: Offsite",
      "Tue, 03 Nov 2026 10:00:00 +0100",
      "Lyon it is. 12 to 14 May, hotel by the river, you book the train.\n\n> Lyon, and rather the second week.\n",
      references("offsite-01"),
    ),
    `List-Id: <climb.lists.test>\nList-Unsubscribe: <https://lists.test/climb>\n${email("Climb <news@climb.test>", "Climb weekly 7", "Wed, 25 Nov 2026 10:00:00 +0100", "News of the week.")}`,
    toInvitationEmail((invitations[0]?.calendar ?? "").replaceAll("ann@example.test", user.address), {
      from: "Ben <ben@corp.test>",
    }).replace("Subject: Invitation", "Subject: Invitation: Quarterly review on Tuesday"),
  ];
}

/** Limits of each job: calls, tokens of the answers, and of what is typed. */
const limits: Readonly<Record<string, { calls: number; answered: number; typed?: number }>> = {
  "find the March invoice and tell the total": { calls: 3, answered: 400 },
  "reply to Ann": { calls: 3, answered: 500 },
  "what is in my inbox (2,000 emails)": { calls: 1, answered: 1_200 },
  "put all newsletters older than a month in the trash (600 of 12 senders)": {
    calls: 2,
    answered: 1_500,
    typed: 150,
  },
  "accept Tuesday's invitation": { calls: 2, answered: 500 },
  "leave this list": { calls: 2, answered: 300 },
  "what did Ben and I agree": { calls: 2, answered: 800 },
};

type Rows = { id: string; subject: string }[];
const firstId = ({ data }: WriterAnswer) => (data.emails as Rows)[0]?.id ?? "";

describeMail("Everyday jobs", () => {
  let kit: MailServerKit;
  let user: User;
  let writer: Writer;
  const counts = new Map<string, Count>();

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    await kit.setUser("ben@corp.test");
    await kit.setUser("ann@weber.test");
    const inbox = toInbox({ perList: 50, personal: 1_358, now: Date.now() });
    const stories = toStories(user).map((raw) => ({ raw, date: toReceived(raw) }));
    await kit.deliverAll(user, [...inbox, ...stories]);
    writer = await openWriter({ kit, user });
  });
  afterAll(async () => {
    await writer?.close();
    if (process.env.JOBS_TABLE) process.stdout.write(`${toTable(counts)}\n`);
  });

  /** Plays a job and holds its limits. */
  async function play(name: string, job: (call: Call) => Promise<unknown>): Promise<void> {
    const count: Count = { calls: 0, answered: 0, typed: 0 };
    await job(async (tool, input = {}) => {
      const answer = await writer.call(tool, input);
      count.calls += 1;
      count.answered += toTokens(answer.text);
      count.typed += toTokens(JSON.stringify(input));
      return answer;
    });
    counts.set(name, count);
    const limit = limits[name];
    expect(count.calls).toBeLessThanOrEqual(limit?.calls ?? 0);
    expect(count.answered).toBeLessThanOrEqual(limit?.answered ?? 0);
    expect(count.typed).toBeLessThanOrEqual(limit?.typed ?? 200);
  }

  const jobs: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
    "find the March invoice and tell the total": async (call) => {
      const query = "invoice after:2026-03-01 before:2026-04-01";
      const found = await call("search_emails", { query, limit: 5 });
      expect((await call("get_email", { id: firstId(found) })).text).toContain("Total 129.50 EUR");
    },
    "reply to Ann": async (call) => {
      const found = await call("search_emails", { query: "from:ann newer_than:1m", limit: 3 });
      const sent = await call("send_email", { reply_to: firstId(found), body: "Friday at ten suits me." });
      expect(sent.data.accepted).toEqual(["ann@weber.test"]);
    },
    "what is in my inbox (2,000 emails)": async (call) => {
      const { data } = await call("overview");
      expect(data.total).toBe(2_000);
      expect(toTokens(JSON.stringify(data))).toBeLessThanOrEqual(1_200);
    },
    "put all newsletters older than a month in the trash (600 of 12 senders)": async (call) => {
      const found = await call("search_emails", { query: "list:* older_than:1m", limit: 10 });
      expect(found.data.total).toBe(600);
      const moved = await call("delete_email", { selection: found.data.selection });
      expect(moved.data).toMatchObject({ done: 600, not_done: [] });
      expect(await subjects(kit, user, "Trash")).toHaveLength(600);
    },
    "accept Tuesday's invitation": async (call) => {
      const found = await call("search_emails", { query: "subject:invitation Tuesday", limit: 3 });
      const answered = await call("answer_invitation", { id: firstId(found), answer: "accept" });
      expect(answered.data.accepted).toEqual(["ben@corp.test"]);
    },
    "leave this list": async (call) => {
      const found = await call("search_emails", { query: "subject:climb from:climb.test", limit: 1 });
      expect((await call("unsubscribe", { id: firstId(found) })).data.link).toBe("https://lists.test/climb");
    },
    "what did Ben and I agree": async (call) => {
      const found = await call("search_emails", { query: "from:ben@hart.test", limit: 5 });
      expect((await call("get_thread", { id: firstId(found) })).text).toContain("12 to 14 May");
    },
  };

  test.each(Object.keys(limits))("%s", (name) =>
    play(name, jobs[name] ?? (() => Promise.reject(new Error(name)))),
  );
});

/** When an email arrived: by its Date header, in UTC. */
const toReceived = (raw: string) => new Date(/^Date: (.*)$/m.exec(raw)?.[1] ?? "2026-11-24T10:00:00Z");

/** The counts as a table, for the note. */
function toTable(counts: ReadonlyMap<string, Count>): string {
  const rows = [...counts].map(([name, { calls, answered, typed }]) => {
    const limit = limits[name];
    return `| ${name} | ${calls} of ${limit?.calls} | ${answered} of ${limit?.answered} | ${typed} |`;
  });
  return ["| job | calls | tokens of answers | typed |", "| --- | ---: | ---: | ---: |", ...rows].join("\n");
}
