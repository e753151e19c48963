/**
 * The connect form as it travels: its field names, and the fields that came back as one plain value.
 * Nothing is judged here but shape; what a mail server has to say is accounts/connect.ts's business.
 */
import type { Level } from "../grant.ts";

/** The names on the wire. `request` is the sealed authorization request. */
export const fieldNames = {
  request: "request",
  address: "address",
  provider: "provider",
  password: "password",
  username: "username",
  imapHost: "imap_host",
  imapPort: "imap_port",
  imapTls: "imap_tls",
  smtpHost: "smtp_host",
  smtpPort: "smtp_port",
  smtpSecure: "smtp_secure",
  level: "level",
  next: "then",
  withoutSending: "without_sending",
} as const;

/** A host as typed: port is still text, so that the page can show it again; "" where nothing was typed. */
export type TypedServer = { host: string; port: string; security: "tls" | "starttls" };

/**
 * What the person wants after a proven login. Buttons carry it, so a plain POST without it goes straight on.
 * go: back to the client with a code. ask: show the page that offers another mailbox.
 * add: (from that page) an empty form. finish: (from that page) back to the client.
 */
export type Next = "go" | "ask" | "add" | "finish";

export type ConnectForm = {
  request: string;
  /** A preset's id, "generic" for typed servers, "" when it is to be found from the address. */
  provider: string;
  address: string;
  /** Never rendered. */
  password: string;
  /** For typed servers, where the user name is not the address. */
  username: string;
  imap: TypedServer;
  smtp: TypedServer;
  level: Level;
  next: Next;
  /** The SMTP server refused before, and the person goes on without sending. */
  withoutSending: boolean;
};

/** A form nobody has filled in yet. */
export function emptyConnectForm(request: string, level: Level = "send"): ConnectForm {
  return {
    request,
    provider: "",
    address: "",
    password: "",
    username: "",
    imap: { host: "", port: "", security: "tls" },
    smtp: { host: "", port: "", security: "tls" },
    level,
    next: "ask",
    withoutSending: false,
  };
}

/** Fields as Hono's parseBody gives them; files and repeated fields count as absent. Never throws. */
export function toConnectForm(fields: Readonly<Record<string, unknown>>): ConnectForm {
  const raw = (name: string) => {
    const value = fields[name];
    return typeof value === "string" ? value.slice(0, 8_192) : "";
  };
  const text = (name: string) => raw(name).trim().slice(0, 320);
  const withoutSending = text(fieldNames.withoutSending) !== "";
  return {
    request: raw(fieldNames.request),
    provider: text(fieldNames.provider).toLowerCase(),
    address: text(fieldNames.address),
    password: raw(fieldNames.password).slice(0, 1_024),
    username: text(fieldNames.username),
    imap: toServer(text(fieldNames.imapHost), text(fieldNames.imapPort), text(fieldNames.imapTls), "143"),
    smtp: toServer(text(fieldNames.smtpHost), text(fieldNames.smtpPort), text(fieldNames.smtpSecure), "587"),
    level: toLevel(text(fieldNames.level)),
    next: withoutSending ? "ask" : toNext(text(fieldNames.next)),
    withoutSending,
  };
}

/** Anything else is no consent to more than reading. */
function toLevel(text: string): Level {
  return text === "organise" || text === "send" ? text : "read";
}

function toNext(text: string): Next {
  return text === "ask" || text === "add" || text === "finish" ? text : "go";
}

/** `security` may be a word, a checkbox's value, or absent: then the port's custom decides. */
function toServer(host: string, port: string, security: string, startTlsPort: string): TypedServer {
  const word = security.toLowerCase();
  const startTls =
    ["starttls", "false", "0", "off", "no"].includes(word) || (word === "" && port === startTlsPort);
  return { host, port, security: startTls ? "starttls" : "tls" };
}
