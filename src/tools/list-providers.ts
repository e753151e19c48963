import { z } from "zod";
import { defineTool } from "./define-tool.ts";

const server = z.object({ host: z.string(), port: z.int(), security: z.enum(["tls", "starttls"]) });

export const listProviders = defineTool({
  name: "list_providers",
  title: "List mail providers",
  description:
    "Lists the mail companies this server knows: their domains, servers, and how a person gets the app password to connect. Mailboxes anywhere else connect by their own IMAP and SMTP servers.",
  effect: "read",
  input: z.object({}),
  output: z.object({
    providers: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        domains: z.array(z.string()),
        imap: server,
        smtp: server,
        app_password: z.object({
          kind: z.enum(["needed", "optional", "unavailable"]),
          how: z.string(),
          url: z.string().optional(),
        }),
      }),
    ),
  }),
  async run(_input, { providers }) {
    return {
      providers: providers.map(({ id, name, domains, imap, smtp, appPassword }) => ({
        id,
        name,
        domains: [...domains],
        imap,
        smtp,
        app_password: { kind: appPassword.kind, how: appPassword.steps, url: appPassword.url },
      })),
    };
  },
  render: ({ providers }) =>
    providers
      .map(({ id, name, domains, imap, smtp, app_password }) =>
        [
          `${name} (${id})${domains.length > 0 ? `: ${domains.join(", ")}` : ""}`,
          `  IMAP ${imap.host}:${imap.port} ${imap.security}, SMTP ${smtp.host}:${smtp.port} ${smtp.security}`,
          `  App password ${app_password.kind}. ${app_password.how}${app_password.url ? ` ${app_password.url}` : ""}`,
        ].join("\n"),
      )
      .join("\n"),
});
