/** Which servers, user names and password a filled-in form means. */

import type { MailServer } from "../credentials.ts";
import type { Discover, DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import type { Provider } from "../providers/provider.ts";
import { ConnectError } from "./connect-error.ts";

/** A server as typed: "" where nothing was typed. */
export type TypedServer = { host: string; port: string; security: "tls" | "starttls" };

/** The part of a form that says where to log in and as whom. */
export type TypedMailbox = {
  /** A preset's id, "generic" for typed servers, "" to find them from the address. */
  provider: string;
  /** Where it is not the address; only with typed servers. */
  username: string;
  imap: TypedServer;
  smtp: TypedServer;
};

export type Servers = {
  provider: string;
  imap: MailServer;
  smtp: MailServer;
  /** To be tried in this order. */
  usernames: readonly string[];
  passwordKind?: Provider["appPassword"]["kind"] | undefined;
  /** What was looked up, when nothing was chosen. */
  found?: DiscoveredServers | undefined;
  /** A person named them. */
  typed?: boolean;
};

/** Typed servers where the choice asks for them, else those of the choice, else those of the address. */
export async function toServers(
  typed: TypedMailbox,
  address: string,
  discover: Discover,
  signal: AbortSignal,
): Promise<Servers> {
  const preset = findPreset(typed.provider);
  if (typed.provider === "generic" || (preset?.ownServers && typed.imap.host !== ""))
    return {
      provider: typed.provider,
      typed: true,
      imap: requireServer(typed.imap, "imap"),
      smtp: requireServer(
        typed.smtp.host === "" ? { ...typed.smtp, host: typed.imap.host } : typed.smtp,
        "smtp",
      ),
      usernames: [typed.username === "" ? address : typed.username],
      passwordKind: preset?.appPassword.kind,
    };
  if (preset) return ofPreset(preset, address);
  if (typed.provider !== "")
    throw new ConnectError("invalid_input", "There is no such provider.", { field: "provider" });

  const found = await discover(address, { signal });
  requireSeen(found, address);
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
 * RFC 6186 section 6: DNS is not to be believed when it sends a password to another domain; the person has to see
 * that server first. A company of our table, and a host under the address's own domain, need no such look.
 */
function requireSeen(found: DiscoveredServers, address: string): void {
  if (found.source !== "srv" || found.provider !== "generic") return;
  const domain = address.slice(address.lastIndexOf("@") + 1);
  const isOwn = ({ host }: MailServer) => host === domain || host.endsWith(`.${domain}`);
  if (isOwn(found.imap) && isOwn(found.smtp)) return;
  throw new ConnectError("invalid_input", "The domain names servers of another domain.", {
    field: "imap_host",
    side: "imap",
    found,
    hint: "Check the servers, then go on with them.",
  });
}

function ofPreset(preset: Provider, address: string): Servers {
  const { id, imap, smtp, username, appPassword } = preset;
  return {
    provider: id,
    imap,
    smtp,
    usernames: toUsernames(address, username),
    passwordKind: appPassword.kind,
  };
}

/** iCloud takes the address for some people and the part before @ for others. */
function toUsernames(address: string, rule: Provider["username"]): readonly string[] {
  const localPart = address.slice(0, address.lastIndexOf("@"));
  const names = {
    address: [address],
    "local-part": [localPart],
    "address-then-local-part": [address, localPart],
  };
  return names[rule];
}

const usualPort = { imap: { tls: 993, starttls: 143 }, smtp: { tls: 465, starttls: 587 } } as const;

function requireServer(typed: TypedServer, side: "imap" | "smtp"): MailServer {
  if (typed.host === "")
    throw new ConnectError("invalid_input", "The server's name is missing.", { field: `${side}_host`, side });
  const port = typed.port === "" ? usualPort[side][typed.security] : toPort(typed.port);
  if (port === undefined)
    throw new ConnectError("invalid_input", "This is not a port.", { field: `${side}_port`, side });
  return { host: typed.host.toLowerCase(), port, security: typed.security };
}

function toPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/**
 * An app password is pasted the way the company shows it: Google's in four groups with spaces between them. A
 * password of the person's own choosing is left as it is, unless it looks exactly like Google's.
 */
export function toPassword(typed: string, kind: Provider["appPassword"]["kind"] | undefined): string {
  const isGrouped = /^\s*[a-z]{4}(?:[ \u00a0][a-z]{4}){3}\s*$/.test(typed);
  return kind === "needed" || isGrouped ? typed.replace(/\s+/g, "") : typed;
}
