import { expect, test } from "bun:test";
import { z } from "zod";
import { presets } from "../../src/providers/presets.ts";
import { loadIssuers } from "../../src/signin/issuers.ts";
import { toKnownProviders } from "../../src/signin/known-providers.ts";
import type { ToolContext } from "../../src/tools/context.ts";
import { createFence } from "../../src/tools/fence.ts";
import { listProvidersTool } from "../../src/tools/list-providers.ts";
import { exampleIssuer } from "../support/example-issuer.ts";

const context: Pick<ToolContext, "providers"> = { providers: presets };
const answer = z.object({
  providers: z.array(
    z.looseObject({ id: z.string(), app_password: z.looseObject({ how: z.string().optional() }) }),
  ),
});

async function listProviders(input: { name?: string }, providers = context.providers) {
  const { structured, content } = await listProvidersTool.call(
    input,
    { ...context, providers } as ToolContext,
    createFence("0".repeat(16)),
  );
  const text = content.map((block) => (block.type === "text" ? block.text : "")).join("");
  return { ...answer.parse(structured), text, structured };
}

test("without a name, every company is listed with its servers, in at most 25,000 characters", async () => {
  const { providers, text, structured } = await listProviders({});
  expect(providers.map(({ id }) => id)).toEqual(presets.map(({ id }) => id));
  expect(text.length).toBeLessThan(25_000);
  expect(JSON.stringify(structured).length).toBeLessThan(25_000);
  for (const { imap, smtp } of presets)
    expect(text).toContain(`IMAP ${imap.host}:${imap.port} ${imap.security}, SMTP ${smtp.host}`);
});

test.each(["fastmail", "Fastmail", "fastmail.com", "ann@fastmail.com", " FASTMAIL.COM "])(
  "%p selects one company, with all its domains and the steps to an app password",
  async (name) => {
    const { providers, text } = await listProviders({ name });
    const preset = presets.find(({ id }) => id === "fastmail");
    expect(providers).toMatchObject([{ id: "fastmail", domains: preset?.domains, more_domains: 0 }]);
    expect(text).toContain(preset?.appPassword.steps ?? "no steps");
  },
);

test("an unknown company is reported as unknown, with a hint how to connect", async () => {
  const { providers, text } = await listProviders({ name: "nowhere.example" });
  expect(providers).toEqual([]);
  expect(text).toBe(
    `Not one of the ${presets.length} known companies. Its mailboxes can be connected with its own IMAP and SMTP servers, if it has any: the person types them in.`,
  );
});

test("a company at which the operator lets people sign in says so, and one of SIGN_IN_FILE is listed", async () => {
  const microsoft = { clientId: "m", clientSecret: "s", tenant: "common" };
  const issuers = loadIssuers({ microsoft, google: undefined, signInFile: undefined });
  const known = toKnownProviders([...issuers, exampleIssuer]);
  const outlook = await listProviders({ name: "outlook.com" }, known);
  expect(outlook.providers).toMatchObject([{ id: "outlook", sign_in: "Microsoft" }]);
  expect(outlook.text).toContain("Continue with Microsoft");
  // With the sign-in there is nothing to work around.
  expect(outlook.providers[0]?.app_password.how).toBeUndefined();
  const own = await listProviders({ name: "ann@example.test" }, known);
  expect(own.providers).toMatchObject([{ id: "example", sign_in: "Example Mail" }]);
  const without = await listProviders({ name: "outlook.com" });
  expect(without.text).not.toContain("Continue with");
});
