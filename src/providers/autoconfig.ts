/**
 * Thunderbird's autoconfig document (clientConfig 1.1), in which a domain names its mail servers. It comes from a
 * web server that nobody vouches for: outbound.ts checks each host before a connection to it is opened.
 */
import { Parser } from "htmlparser2";
import type { MailServer } from "../credentials.ts";
import type { Provider } from "./provider.ts";

export type AutoconfigServers = {
  imap: MailServer;
  smtp: MailServer;
  username: Provider["username"];
  /** Host of the issuer at which programs sign in, in lower case; undefined when the document names none. */
  issuerHost?: string | undefined;
};

/** An incomingServer, outgoingServer or oAuth2 element: its type, and the first text of each element inside it. */
type ConfigElement = { tag: string; type: string; fields: Map<string, string> };

/** Deeper than any clientConfig: htmlparser2 takes quadratic time on elements nested by the million. */
const maxDepth = 100;

/**
 * Reads the first IMAP and the first SMTP server, those with TLS before those with STARTTLS. Undefined when either is
 * missing. Never throws.
 */
export function parseAutoconfig(xml: string, domain: string): AutoconfigServers | undefined {
  const elements = readElements(xml);
  const first = (tag: string, type: string) =>
    elements
      .filter((element) => element.tag === tag && element.type === type)
      .flatMap(({ fields }) => {
        const server = toMailServer(fields, domain);
        return server ? [{ server, username: fields.get("username") ?? "" }] : [];
      })
      .toSorted((a, b) => Number(b.server.security === "tls") - Number(a.server.security === "tls"))[0];
  const imap = first("incomingServer", "imap");
  const smtp = first("outgoingServer", "smtp");
  if (!imap || !smtp) return undefined;
  const issuer = elements.find(({ tag }) => tag === "oAuth2")?.fields.get("issuer");
  return {
    imap: imap.server,
    smtp: smtp.server,
    username: toUsername(imap.username),
    issuerHost: issuer === undefined ? undefined : toIssuerHost(issuer),
  };
}

/** Returns the host of an issuer, which autoconfig documents write as a bare host or as a URL. */
export function toIssuerHost(text: string): string | undefined {
  const url = text.includes("://") ? text : `https://${text}`;
  const host = URL.canParse(url) ? new URL(url).hostname.toLowerCase() : "";
  return isHostName(host) && host.includes(".") ? host : undefined;
}

/** None when the document is nested too deep. */
function readElements(xml: string): ConfigElement[] {
  const elements: ConfigElement[] = [];
  let server: ConfigElement | undefined;
  let field: { name: string; text: string } | undefined;
  let depth = 0;
  const parser = new Parser(
    {
      onopentag(name, { type = "" }) {
        depth += 1;
        if (depth > maxDepth) parser.pause();
        else if (name === "incomingServer" || name === "outgoingServer" || name === "oAuth2") {
          server = { tag: name, type, fields: new Map() };
          elements.push(server);
        } else if (server) field = { name, text: "" };
      },
      ontext(text) {
        if (field) field.text += text;
      },
      onclosetag(name) {
        depth -= 1;
        if (field && !server?.fields.has(field.name)) server?.fields.set(field.name, field.text.trim());
        field = undefined;
        if (name === server?.tag) server = undefined;
      },
    },
    { xmlMode: true },
  );
  parser.end(xml);
  return depth > maxDepth ? [] : elements;
}

/** Undefined without TLS or STARTTLS, which would send the password in clear text. */
function toMailServer(fields: ReadonlyMap<string, string>, domain: string): MailServer | undefined {
  const socket = fields.get("socketType");
  const host = (fields.get("hostname") ?? "").replaceAll("%EMAILDOMAIN%", domain).toLowerCase();
  const port = Number(fields.get("port") ?? "");
  if (!isHostName(host) || !Number.isInteger(port)) return undefined;
  if (socket === "SSL") return { host, port, security: "tls" };
  return socket === "STARTTLS" ? { host, port, security: "starttls" } : undefined;
}

/** Checks only that it can be shown as a host name; outbound.ts decides whether a connection is allowed. */
function isHostName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(text);
}

function toUsername(text: string): Provider["username"] {
  if (text === "%EMAILADDRESS%") return "address";
  return text === "%EMAILLOCALPART%" ? "local-part" : "address-then-local-part";
}
