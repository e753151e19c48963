import { expect, test } from "bun:test";
import { z } from "zod";
import { presets } from "../../src/providers/presets.ts";
import type { ToolContext } from "../../src/tools/context.ts";
import { createFence } from "../../src/tools/fence.ts";
import { listProvidersTool } from "../../src/tools/list-providers.ts";

const context: Pick<ToolContext, "providers"> = { providers: presets };
const answer = z.object({
  providers: z.array(
    z.looseObject({ id: z.string(), app_password: z.looseObject({ how: z.string().optional() }) }),
  ),
});

async function ask(input: { name?: string }) {
  const { structured, content } = await listProvidersTool.call(
    input,
    context as ToolContext,
    createFence("n"),
  );
  const text = content.map((block) => (block.type === "text" ? block.text : "")).join("");
  return { ...answer.parse(structured), text, structured };
}

test("Without a name every company is listed with its servers, within the usual budget of an answer", async () => {
  const { providers, text, structured } = await ask({});
  expect(providers.map(({ id }) => id)).toEqual(presets.map(({ id }) => id));
  expect(text.length).toBeLessThan(25_000);
  expect(JSON.stringify(structured).length).toBeLessThan(25_000);
  for (const { imap, smtp } of presets)
    expect(text).toContain(`IMAP ${imap.host}:${imap.port} ${imap.security}, SMTP ${smtp.host}`);
});

test.each(["fastmail", "Fastmail", "fastmail.com", "ann@fastmail.com", " FASTMAIL.COM "])(
  "%p is one company, with all its domains and how the app password is made",
  async (name) => {
    const { providers, text } = await ask({ name });
    const preset = presets.find(({ id }) => id === "fastmail");
    expect(providers).toMatchObject([{ id: "fastmail", domains: preset?.domains, more_domains: 0 }]);
    expect(text).toContain(preset?.appPassword.steps ?? "no steps");
  },
);

test("A company we do not know is said to be none, and what to do", async () => {
  const { providers, text } = await ask({ name: "nowhere.example" });
  expect(providers).toEqual([]);
  expect(text).toBe(
    `Not one of the ${presets.length} known companies. Its mailboxes can be connected with its own IMAP and SMTP servers, if it has any: the person types them in.`,
  );
});
