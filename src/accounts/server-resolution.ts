/** Resolution of a filled-in connect form to servers, user names and a password. */
import type { MailServer } from "../credentials.ts";
import type { Discover, DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import type { Provider } from "../providers/provider.ts";
import { ConnectError } from "./connect-error.ts";

/** A server as entered. The port is still text, so that the page can show it again; "" where nothing was entered. */
type EnteredServer = { host: string; port: string; security: "tls" | "starttls" };

/** The fields of the connect form that say where to log in, and as which user. */
export type MailboxInput = {
  /** A preset's id, "generic" for entered servers, "" to find the servers from the address. */
  provider: string;
  /** The user name where it is not the address; only with entered servers. */
  username: string;
  imap: EnteredServer;
  smtp: EnteredServer;
};

/** The servers of a login. */
export type LoginServers = {
  provider: string;
  imap: MailServer;
  smtp: MailServer;
  /** The user names to try, in this order. */
  usernames: readonly string[];
  passwordKind?: Provider["appPassword"]["kind"] | undefined;
  /** The result of the discovery, when there was one. */
  found?: DiscoveredServers | undefined;
  /** True when the person entered the servers. */
  enteredByUser?: boolean;
};

/**
 * Resolves the servers: those entered, when the provider asks for them; else those of the chosen provider; else those
 * discovered from the address. Throws ConnectError for a bad field.
 */
export async function resolveServers(
  input: MailboxInput,
  address: string,
  discover: Discover,
  signal: AbortSignal,
): Promise<LoginServers> {
  const preset = findPreset(input.provider);
  if (input.provider === "generic" || (preset?.ownServers && input.imap.host !== ""))
    return {
      provider: input.provider,
      enteredByUser: true,
      imap: requireServer(input.imap, "imap"),
      smtp: requireServer(
        input.smtp.host === "" ? { ...input.smtp, host: parseTypedHost(input.imap.host).host } : input.smtp,
        "smtp",
      ),
      usernames: [input.username === "" ? address : input.username],
      passwordKind: preset?.appPassword.kind,
    };
  if (preset) return toPresetServers(preset, address);
  if (input.provider !== "")
    throw new ConnectError("invalid_input", "There is no such provider.", { field: "provider" });

  const found = await discover(address, { signal });
  requireConfirmation(found, address);
  const { provider, imap, smtp, username } = found;
  return {
    provider,
    imap,
    smtp,
    usernames: toUsernames(address, username),
    passwordKind: findPreset(provider)?.appPassword.kind,
    found,
  };
}

/**
 * Refuses servers that only DNS names and that belong to another domain: RFC 6186 section 6 wants the person to
 * confirm them before they get the password. Known providers and hosts under the address's own domain are exempt.
 */
function requireConfirmation(found: DiscoveredServers, address: string): void {
  if (found.source !== "srv" || found.provider !== "generic") return;
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const isOwn = ({ host }: MailServer) => host === domain || host.endsWith(`.${domain}`);
  if (isOwn(found.imap) && isOwn(found.smtp)) return;
  throw new ConnectError("invalid_input", "The domain names servers of another domain.", {
    field: "imap_host",
    side: "imap",
    found,
    hint: "Check the servers, then continue with them.",
  });
}

function toPresetServers(preset: Provider, address: string): LoginServers {
  const { id, imap, smtp, username, appPassword } = preset;
  return {
    provider: id,
    imap,
    smtp,
    usernames: toUsernames(address, username),
    passwordKind: appPassword.kind,
  };
}

/** Lists the user names to try. iCloud accepts the address of some accounts and only the local part of others. */
function toUsernames(address: string, rule: Provider["username"]): readonly string[] {
  const localPart = address.slice(0, address.lastIndexOf("@"));
  const names = {
    address: [address],
    "local-part": [localPart],
    "address-then-local-part": [address, localPart],
  };
  return names[rule];
}

const defaultPorts = { imap: { tls: 993, starttls: 143 }, smtp: { tls: 465, starttls: 587 } } as const;

function requireServer(input: EnteredServer, side: "imap" | "smtp"): MailServer {
  const { host, port: typedPort } = parseTypedHost(input.host);
  if (host === "")
    throw new ConnectError("invalid_input", "The server's name is missing.", { field: `${side}_host`, side });
  const text = typedPort ?? input.port;
  const port = text === "" ? defaultPorts[side][input.security] : parsePort(text);
  if (port === undefined)
    throw new ConnectError("invalid_input", "This is not a port.", { field: `${side}_port`, side });
  return { host: host.toLowerCase(), port, security: input.security };
}

/** Reads a host that was copied from the address bar or from instructions: without a scheme, path and port. */
function parseTypedHost(text: string): { host: string; port?: string | undefined } {
  const [authority = ""] = text
    .trim()
    .replace(/^[a-z]+:\/+/i, "")
    .split("/");
  const [, host = authority, port] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(authority) ?? [];
  return { host, port };
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Removes blanks around a password, also those of no width, which come along when it is copied from a web page. */
export function trimPassword(password: string): string {
  const isBlank = (character: string) =>
    /\s/.test(character) || "\u200b\u200c\u200d\u2060".includes(character);
  const characters = [...password];
  const start = characters.findIndex((character) => !isBlank(character));
  const end = characters.findLastIndex((character) => !isBlank(character));
  return start < 0 ? "" : characters.slice(start, end + 1).join("");
}

/**
 * Removes the spaces with which a provider displays an app password (Google: four groups of four). A password that
 * the person chose is left unchanged, unless it has exactly the form of Google's.
 */
export function normalizePassword(
  password: string,
  kind: Provider["appPassword"]["kind"] | undefined,
): string {
  const isGrouped = /^\s*[a-z]{4}(?:[ \u00a0][a-z]{4}){3}\s*$/.test(password);
  return kind === "needed" || isGrouped ? password.replace(/\s+/g, "") : password;
}
