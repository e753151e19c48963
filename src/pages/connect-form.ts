/**
 * The connect form on the wire: its field names, its parsed value and its purpose. Only the shape is checked here;
 * accounts/account-connector.ts judges the values.
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
  askForNewPeople: "ask_for_new_people",
  private: "private",
  next: "then",
  withoutSending: "without_sending",
  acceptImapCertificate: "accept_imap_certificate",
  acceptSmtpCertificate: "accept_smtp_certificate",
  remove: "remove",
  passkey: "passkey",
  eachTime: "each_time",
} as const;

/** The field names of each server. */
export const serverFieldNames = {
  imap: { host: fieldNames.imapHost, port: fieldNames.imapPort, security: fieldNames.imapTls },
  smtp: { host: fieldNames.smtpHost, port: fieldNames.smtpPort, security: fieldNames.smtpSecure },
} as const;

/** A field at which the page can show a problem. */
export type FormField = (typeof fieldNames)[
  | "address"
  | "provider"
  | "password"
  | "username"
  | "imapHost"
  | "imapPort"
  | "smtpHost"
  | "smtpPort"];

/**
 * The step after the submission, which the pressed button carries.
 * go: after the login, redirect to the client with a code; the default, for a plain POST without a button.
 * ask: after the login, show the page that offers to add another account.
 * add, finish: the buttons of that page; the form for another account has `finish`, too.
 * sign-in: go to the issuer of the address, and come back with a login.
 * passkey: register a passkey, and show that page again.
 * cancel: redirect to the client with the error access_denied; every page with the request has that button.
 */
export type NextStep = "go" | "ask" | "add" | "finish" | "cancel" | "sign-in" | "passkey";

/** A server as entered. The port is still text, so that the page can show it again; "" where nothing was entered. */
export type ServerInput = { host: string; port: string; security: "tls" | "starttls" };

export type ConnectForm = {
  request: string;
  /** A preset's id, "generic" for entered servers, "" to find the servers from the address. */
  provider: string;
  address: string;
  /** Never rendered. */
  password: string;
  /** The user name where it is not the address; only with entered servers. */
  username: string;
  imap: ServerInput;
  smtp: ServerInput;
  level: Level;
  /** At the level `send`: what goes to an address that the person never wrote to waits for their approval. */
  asksForNewPeople: boolean;
  /** Names of mailboxes that are not to exist for Claude; from the form that finishes. */
  privateMailboxes: readonly string[];
  next: NextStep;
  /** True when the person continues without sending after the SMTP login failed. */
  withoutSending: boolean;
  /** SHA-256 fingerprints, in hex, of the certificates that the person accepts; "" where the authorities decide. */
  acceptedCertificates: { imap: string; smtp: string };
  /** The address of the connected account to remove, "" for none. */
  remove: string;
  /** The response of an authenticator to the registration of a passkey, "" for none. */
  passkey: string;
  /** Nothing but a passkey is to decide. */
  eachTime: boolean;
};

/** The purpose of a submission. */
type ConnectIntent = "cancel" | "finish" | "add" | "remove" | "lookup" | "sign-in" | "passkey" | "connect";

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
    asksForNewPeople: true,
    privateMailboxes: [],
    next: "ask",
    withoutSending: false,
    acceptedCertificates: { imap: "", smtp: "" },
    remove: "",
    passkey: "",
    eachTime: false,
  };
}

/** Parses the fields of Hono's `parseBody`; files and repeated fields count as absent. Never throws. */
export function toConnectForm(fields: Readonly<Record<string, unknown>>): ConnectForm {
  const raw = (name: string) => {
    const value = fields[name];
    return typeof value === "string" ? value.slice(0, 8_192) : "";
  };
  const text = (name: string) => raw(name).trim().slice(0, 320);
  const server = (name: Record<"host" | "port" | "security", string>, startTlsPort: string) =>
    toServerInput(
      { host: text(name.host), port: text(name.port), security: text(name.security) },
      startTlsPort,
    );
  const withoutSending = text(fieldNames.withoutSending) !== "";
  return {
    request: raw(fieldNames.request),
    provider: text(fieldNames.provider).toLowerCase(),
    address: text(fieldNames.address),
    password: raw(fieldNames.password).slice(0, 1_024),
    username: text(fieldNames.username),
    imap: server(serverFieldNames.imap, "143"),
    smtp: server(serverFieldNames.smtp, "587"),
    level: toConsentedLevel(text(fieldNames.level)),
    asksForNewPeople: text(fieldNames.askForNewPeople) === "on",
    privateMailboxes: toNames(raw(fieldNames.private)),
    next: withoutSending ? "ask" : toNextStep(text(fieldNames.next)),
    withoutSending,
    acceptedCertificates: {
      imap: text(fieldNames.acceptImapCertificate),
      smtp: text(fieldNames.acceptSmtpCertificate),
    },
    remove: text(fieldNames.remove),
    passkey: raw(fieldNames.passkey),
    eachTime: text(fieldNames.eachTime) === "on",
  };
}

/**
 * Tells what a submission asks for. An address alone, sent from our page, asks for its servers: without a script there
 * is no other way to look them up.
 */
export function toIntent({ next, provider, password, address, remove }: ConnectForm): ConnectIntent {
  if (next !== "go" && next !== "ask") return next;
  if (remove !== "") return "remove";
  const isLookup = next === "ask" && provider === "" && password === "" && address !== "";
  return isLookup ? "lookup" : "connect";
}

/** Returns "read" for every unknown value, because only an explicit choice is consent to more. */
function toConsentedLevel(text: string): Level {
  return text === "organise" || text === "approve" || text === "send" ? text : "read";
}

/** A name per line, at most a hundred. */
function toNames(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 100);
}

function toNextStep(text: string): NextStep {
  const steps = ["ask", "add", "finish", "cancel", "sign-in", "passkey"] as const;
  return steps.find((step) => step === text) ?? "go";
}

/** Reads `security` as a word or a checkbox's value; when it is absent, the port decides. */
function toServerInput(
  { host, port, security }: Record<"host" | "port" | "security", string>,
  startTlsPort: string,
): ServerInput {
  const word = security.toLowerCase();
  const startTls =
    ["starttls", "false", "0", "off", "no"].includes(word) || (word === "" && port === startTlsPort);
  return { host, port, security: startTls ? "starttls" : "tls" };
}
