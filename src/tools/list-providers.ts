import { z } from "zod";
import type { KnownProvider } from "./context.ts";
import { defineTool } from "./define-tool.ts";

const server = z.object({ host: z.string(), port: z.int(), security: z.enum(["tls", "starttls"]) });

/** Domains shown per company in the whole list; a request by name shows all. */
const maxListedDomains = 5;

const provider = z.object({
  id: z.string(),
  name: z.string(),
  domains: z.array(z.string()),
  more_domains: z.int(),
  imap: server,
  smtp: server,
  app_password: z.object({
    kind: z.enum(["needed", "optional", "unavailable"]),
    url: z.string().optional(),
    how: z.string().optional(),
  }),
  sign_in: z.string().optional(),
});

export const listProvidersTool = defineTool({
  name: "list_providers",
  title: "List mail providers",
  description:
    "Lists known mail companies: domains, servers, where a person gets an app password; for one company also how.",
  effect: "read",
  input: z.object({ name: z.string().max(320).optional().describe("Company or domain") }),
  output: z.object({ providers: z.array(provider), known: z.int() }),
  async run({ name }, { providers }) {
    const wanted = name?.trim().toLowerCase().replace(/^.*@/, "");
    const chosen = wanted ? providers.filter((candidate) => matchesName(candidate, wanted)) : providers;
    return {
      providers: chosen.map((each) => toProviderEntry(each, { full: Boolean(wanted) })),
      known: providers.length,
    };
  },
  render({ providers, known }) {
    if (providers.length === 0)
      return `Not one of the ${known} known companies. Its mailboxes can be connected with its own IMAP and SMTP servers, if it has any: the person types them in.`;
    return providers.map(showProvider).join("\n");
  },
});

function matchesName({ id, name, domains }: KnownProvider, wanted: string): boolean {
  return id === wanted || name.toLowerCase().includes(wanted) || domains.includes(wanted);
}

function toProviderEntry(
  { id, name, domains, imap, smtp, appPassword, signIn }: KnownProvider,
  { full }: { full: boolean },
): z.output<typeof provider> {
  const shown = full ? domains : domains.slice(0, maxListedDomains);
  return {
    id,
    name,
    domains: [...shown],
    more_domains: domains.length - shown.length,
    imap,
    smtp,
    app_password: {
      kind: appPassword.kind,
      url: appPassword.url,
      // With a sign-in, an app password that is unavailable needs no way around it.
      how: full && !(signIn && appPassword.kind === "unavailable") ? appPassword.steps : undefined,
    },
    sign_in: signIn,
  };
}

function showProvider({
  id,
  name,
  domains,
  more_domains,
  imap,
  smtp,
  app_password,
  sign_in,
}: z.output<typeof provider>): string {
  const more = more_domains > 0 ? ` and ${more_domains} more` : "";
  const { kind, url, how } = app_password;
  return [
    `${name} (${id})${domains.length > 0 ? `: ${domains.join(", ")}${more}` : ""}.`,
    `IMAP ${imap.host}:${imap.port} ${imap.security}, SMTP ${smtp.host}:${smtp.port} ${smtp.security}.`,
    `App password ${kind}${url ? `: ${url}` : "."}`,
    ...(how ? [how] : []),
    ...(sign_in
      ? [`Or without a password: Continue with ${sign_in}, on the page that connects a mailbox.`]
      : []),
  ].join(" ");
}
