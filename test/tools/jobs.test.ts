/** Everyday jobs as a model does them: the calls, the tokens of the answers and of the arguments, each with its limit. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { toInbox } from "../support/inbox.ts";
import { describeMail } from "../support/installed.ts";
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

describeMail("Everyday jobs", () => {
  let kit: MailServerKit;
  let user: User;
  let writer: Writer;

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    await kit.deliverAll(user, toInbox({ perList: 50, personal: 1_364, now: Date.now() }));
    writer = await openWriter({ kit, user });
  });
  afterAll(() => writer?.close());

  /** Plays a job and returns its counts. */
  async function play(job: (call: Call) => Promise<unknown>): Promise<Count> {
    const count: Count = { calls: 0, answered: 0, typed: 0 };
    await job(async (name, input = {}) => {
      const answer = await writer.call(name, input);
      count.calls += 1;
      count.answered += Math.max(toTokens(answer.text), toTokens(JSON.stringify(answer.data)));
      count.typed += toTokens(JSON.stringify(input));
      return answer;
    });
    return count;
  }

  test("what is in my inbox (2,000 emails): 1 call, 1,200 tokens", async () => {
    const count = await play(async (call) => {
      const { data } = await call("overview");
      expect(data.total).toBe(2_000);
    });
    expect(count.calls).toBe(1);
    expect(count.answered).toBeLessThanOrEqual(1_200);
  });

  test("all newsletters older than a month to the trash (600 of 12 senders): 2 calls, 1,500 tokens, 150 typed", async () => {
    const count = await play(async (call) => {
      const found = await call("search_emails", { query: "list:* older_than:1m", limit: 10 });
      expect(found.data.total).toBe(600);
      const moved = await call("delete_email", { selection: found.data.selection });
      expect(moved.data).toMatchObject({ done: 600, not_done: [] });
    });
    expect(await subjects(kit, user, "Trash")).toHaveLength(600);
    expect(count.calls).toBe(2);
    expect(count.answered).toBeLessThanOrEqual(1_500);
    expect(count.typed).toBeLessThanOrEqual(150);
  });
});
