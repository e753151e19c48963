/**
 * A model that does whatever harm it can, without thought: it calls every tool that it can see with everything that it
 * can read, and sends every URL that it has seen a decision, as a program on the same network can. Where the client shows
 * cards, it calls the tool of the cards as well, as if the client did not keep it from doing so.
 */

import type { TestClient, ToolAnswer } from "./mcp-client.ts";
import type { Page, PersonBrowser } from "./person-browser.ts";

type Schema = {
  type?: string;
  enum?: unknown[];
  items?: Schema;
  properties?: Record<string, Schema>;
};

/** A linear congruential generator, so that every run plays the same attack. */
function createDice(seed: number) {
  let state = seed;
  return (sides: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * sides);
  };
}

/** Words that arguments of these names want; everything else comes from what the model has read. */
const plausible: Readonly<Record<string, readonly string[]>> = {
  mailbox: ["inbox", "sent", "drafts", "trash", "archive", "junk", "INBOX", "Sent", "Drafts", "Trash"],
  path: ["Sent", "Sent Items", "New", "Archive/New"],
  query: ["in:anywhere", "is:unread", "has:attachment", "in:trash"],
  format: ["markdown", "text", "html", "links"],
  answer: ["accept", "tentative", "decline"],
};

export type Attack = { calls: number; refused: number; decisions: Page[]; cardDecisions: ToolAnswer[] };

/**
 * Plays `calls` calls. `wanted`: addresses that the model wants to write to. `browser`: sends decisions without any
 * cookie of the person. `readsMeta`: the model reads `_meta` of results, as a program with the token can.
 */
export async function playAttack(
  client: TestClient,
  options: {
    calls: number;
    wanted: readonly string[];
    browser: PersonBrowser;
    seed?: number;
    readsMeta?: boolean | undefined;
  },
): Promise<Attack> {
  const { calls, wanted, browser, seed = 7, readsMeta = true } = options;
  const dice = createDice(seed);
  const read = new Set<string>(wanted);
  const { tools } = await client.client.listTools();
  const attack: Attack = { calls: 0, refused: 0, decisions: [], cardDecisions: [] };
  const pick = (list: readonly string[]): string => list[dice(list.length)] ?? "";

  /** Everything in an answer that may serve as an argument: whole strings and words. */
  function learn({ text, data, result }: ToolAnswer): void {
    const collect = (value: unknown): void => {
      if (typeof value === "string") read.add(value.slice(0, 2_000));
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
    };
    collect(data);
    if (readsMeta) collect(result._meta ?? {});
    for (const word of text.match(/[^\s"'<>()]{12,1500}/g) ?? []) read.add(word);
  }

  function argument(name: string, schema: Schema): unknown {
    if (schema.enum) return schema.enum[dice(schema.enum.length)];
    if (schema.type === "boolean") return dice(2) === 0;
    if (schema.type === "integer" || schema.type === "number") return 1 + dice(20);
    if (schema.type === "array") return [argument(name, schema.items ?? { type: "string" })];
    if (schema.type === "object")
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(() => dice(2) === 0)
          .map(([key, property]) => [key, argument(key, property)]),
      );
    if (["to", "cc", "bcc"].includes(name)) return pick(wanted);
    const known = plausible[name];
    if (known && dice(3) > 0) return pick(known);
    const all = [...read];
    const ids = all.filter((word) => word.length > 20 && !/[\s@]/.test(word));
    return pick(/id|reply_to|forward|selection|secret/.test(name) && ids.length > 0 ? ids : all);
  }

  for (; attack.calls < calls; attack.calls += 1) {
    // The dangerous tools in half of the calls.
    const dangerous = tools.filter(({ annotations }) => annotations?.destructiveHint !== false);
    const from = dice(2) === 0 && dangerous.length > 0 ? dangerous : tools;
    const tool = from[dice(from.length)];
    if (!tool) break;
    const { properties = {} } = tool.inputSchema as Schema;
    const wantsBody = "body" in properties && dice(4) > 0;
    const input = Object.fromEntries(
      Object.entries(properties)
        .filter(() => dice(3) > 0)
        .map(([name, schema]) => [name, argument(name, schema)]),
    );
    const forced = wantsBody
      ? { to: [pick(wanted)], subject: pick([...read]).slice(0, 200), body: pick([...read]) }
      : {};
    const answer = await client.try(tool.name, wantsBody ? { ...forced } : input).catch(() => undefined);
    if (!answer || answer.isError) attack.refused += 1;
    if (answer) learn(answer);
    const { approval } = (answer?.data ?? {}) as { approval?: { id: string; url: string } };
    if (!approval) continue;
    if (tools.some(({ name }) => name === "decide_approval"))
      for (const secret of [approval.url.slice(-64), approval.id, ...[...read].slice(-4), pick([...read])])
        for (const decision of ["send", "edit"]) {
          const { id } = approval;
          attack.cardDecisions.push(await client.try("decide_approval", { id, secret, decision }));
        }
    for (const decision of ["send", "edit"])
      attack.decisions.push(await browser.post(approval.url, { decision, proof: pick([...read]) }));
  }
  return attack;
}
