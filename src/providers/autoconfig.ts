/**
 * Thunderbird's autoconfig document (clientConfig 1.1): the servers a domain names for itself. It comes from a
 * stranger's web server: a host is judged by outbound.ts before anything connects to it.
 */
import { DomUtils, parseDocument } from "htmlparser2";
import type { MailServer } from "../credentials.ts";
import { flatten } from "../html/depth.ts";
import type { Provider } from "./provider.ts";

export type AutoconfigServers = { imap: MailServer; smtp: MailServer; username: Provider["username"] };

type Nodes = Parameters<typeof DomUtils.getElementsByTagName>[1];

/** The first IMAP and SMTP server with TLS or STARTTLS; undefined when either is missing. Never throws. */
export function toAutoconfig(xml: string, domain: string): AutoconfigServers | undefined {
  const document = parseDocument(flatten(xml), { xmlMode: true });
  const servers = (tag: string, type: string) =>
    DomUtils.getElementsByTagName(tag, document)
      .filter((element) => element.attribs.type === type)
      .flatMap((element) => {
        const server = toServer(element, domain);
        return server ? [{ server, username: textOf("username", element) }] : [];
      })
      .toSorted((a, b) => Number(b.server.security === "tls") - Number(a.server.security === "tls"));
  const imap = servers("incomingServer", "imap")[0];
  const smtp = servers("outgoingServer", "smtp")[0];
  if (!imap || !smtp) return undefined;
  return { imap: imap.server, smtp: smtp.server, username: toUsername(imap.username) };
}

/** `plain` and anything unknown is passed over: the password would travel in clear. */
function toServer(element: Nodes, domain: string): MailServer | undefined {
  const security = { SSL: "tls", STARTTLS: "starttls" } as const;
  const socket = textOf("socketType", element);
  const host = textOf("hostname", element).replaceAll("%EMAILDOMAIN%", domain).toLowerCase();
  const port = Number(textOf("port", element));
  if ((socket !== "SSL" && socket !== "STARTTLS") || !isHost(host) || !Number.isInteger(port))
    return undefined;
  return { host, port, security: security[socket] };
}

/** Only what can be shown as a name; whether it may be used is judged at the connection. */
function isHost(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(text);
}

function toUsername(text: string): Provider["username"] {
  if (text === "%EMAILADDRESS%") return "address";
  return text === "%EMAILLOCALPART%" ? "local-part" : "address-then-local-part";
}

function textOf(tag: string, parent: Nodes): string {
  const [element] = DomUtils.getElementsByTagName(tag, parent, true, 1);
  return element ? DomUtils.textContent(element).trim() : "";
}
