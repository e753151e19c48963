import { z } from "zod";
import type { KnownProvider } from "./context.ts";
import { defineTool } from "./define-tool.ts";

const server = z.object({ host: z.string(), port: z.int(), security: z.enum(["tls", "starttls"]) });

/** In the whole list a company shows so many of its domains; asked for by name it shows all. */
const domainsInList = 5;

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
});

export const listProviders = defineTool({
  name: "list_providers",
  title: "List mail providers",
  description:
    "Lists known mail companies: domains, servers, where a person gets an app password; for one company also how.",
  effect: "read",
  input: z.object({ name: z.string().max(320).optional().describe("Company or domain") }),
  output: z.object({ providers: z.array(provider), known: z.int() }),
  async run({ name }, { providers }) {
    const wanted = name?.trim().toLowerCase().replace(/^.*@/, "");
    const chosen = wanted ? providers.filter((candidate) => isMeant(candidate, wanted)) : providers;
    return {
      providers: chosen.map((each) => toEntry(each, Boolean(wanted))),
      known: providers.length,
    };
  },
  render({ providers, known }) {
    if (providers.length === 0)
      return `None of the ${known} known companies. It connects by its own IMAP and SMTP servers, if it has any: the person types them in.`;
    return providers.map(show).join("\n");
  },
});

function isMeant({ id, name, domains }: KnownProvider, wanted: string): boolean {
  return id === wanted || name.toLowerCase().includes(wanted) || domains.includes(wanted);
}

function toEntry(
  { id, name, domains, imap, smtp, appPassword }: KnownProvider,
  whole: boolean,
): z.output<typeof provider> {
  const shown = whole ? domains : domains.slice(0, domainsInList);
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
      ...(whole ? { how: appPassword.steps } : {}),
    },
  };
}

function show({
  id,
  name,
  domains,
  more_domains,
  imap,
  smtp,
  app_password,
}: z.output<typeof provider>): string {
  const more = more_domains > 0 ? ` and ${more_domains} more` : "";
  const { kind, url, how } = app_password;
  return [
    `${name} (${id})${domains.length > 0 ? `: ${domains.join(", ")}${more}` : ""}.`,
    `IMAP ${imap.host}:${imap.port} ${imap.security}, SMTP ${smtp.host}:${smtp.port} ${smtp.security}.`,
    `App password ${kind}${url ? `: ${url}` : "."}`,
    ...(how ? [how] : []),
  ].join(" ");
}
