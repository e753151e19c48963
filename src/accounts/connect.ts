/**
 * From what a person typed to credentials that are proven: servers found, IMAP login done, SMTP login done.
 * Saves nothing; a grant takes the credentials over.
 */
import { domainToASCII } from "node:url";
import { z } from "zod";
import type { Config } from "../config.ts";
import type { Credentials } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { Level } from "../grant.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Outbound } from "../outbound.ts";
import type { Discover, DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { ConnectError, toConnectError } from "./connect-error.ts";
import { type Servers, type TypedMailbox, toPassword, toServers } from "./connect-servers.ts";
import { requireProof, toProvingNames } from "./require-proof.ts";

/** What a person typed. */
export type ConnectRequest = TypedMailbox & {
  address: string;
  password: string;
  level: Level;
  /** The SMTP server refused before, and the person goes on without it. */
  withoutSending: boolean;
};

/** Proves a login and leaves. Throws an AppError from mail/failures. */
export type ProveLogin = (credentials: Credentials, signal: AbortSignal) => Promise<void>;

/**
 * The same, and answers under which name the person writes, where `writes` asks for it and it is to be found.
 * `openedOnly`: to an address that the operator opened, or not at all.
 */
export type ProveImap = (
  credentials: Credentials,
  signal: AbortSignal,
  options: { writes: boolean; openedOnly: boolean },
) => Promise<string | undefined>;

/** Says which login is under way, for a page that shows progress. */
export type Progress = (step: "servers" | "imap" | "smtp") => void;

export type Connect = ReturnType<typeof createConnect>;

/**
 * How long one login may take. A server that drips stays within the deadlines of its stages; with discovery and a
 * second user name three logins are done before a proxy's or a browser's patience ends.
 */
export const loginMs = 25_000;

const addressShape = z.email().max(254);

export function createConnect(deps: {
  config: Pick<Config, "allowedEmails" | "allowPrivateHosts">;
  discover: Discover;
  limits: Pick<Limits, "withLogin">;
  proveImap: ProveImap;
  proveSmtp: ProveLogin;
  vetOpened: Outbound["vetOpened"];
  loginMs?: number;
}) {
  const { config, discover, limits } = deps;
  const inTime = (signal: AbortSignal) =>
    AbortSignal.any([signal, AbortSignal.timeout(deps.loginMs ?? loginMs)]);

  async function prove(
    request: ConnectRequest,
    servers: Servers,
    address: string,
    options: { signal: AbortSignal; progress?: Progress | undefined; openedOnly: boolean },
  ): Promise<Credentials> {
    const { signal, progress, openedOnly } = options;
    const { provider, imap, smtp, found } = servers;
    const password = toPassword(request.password, servers.passwordKind);

    progress?.("imap");
    const credentials = await firstThatWorks(servers.usernames, async (username) => {
      const reading: Credentials = { address, username, password, provider, imap };
      const writes = request.level !== "read";
      const name = await at("imap", found, deps.proveImap(reading, inTime(signal), { writes, openedOnly }));
      return name === undefined ? reading : { ...reading, name };
    });
    if (request.level !== "send" || request.withoutSending) return credentials;

    progress?.("smtp");
    const sending: Credentials = { ...credentials, smtp };
    await at("smtp", found, deps.proveSmtp(sending, inTime(signal)));
    return sending;
  }

  return {
    /** The servers that belong to an address, within 3 s, without any login. Throws ConnectError on a bad address. */
    async findServers(address: string, options: { signal: AbortSignal }): Promise<DiscoveredServers> {
      return discover(requireAddress(address, config.allowedEmails), options);
    },

    /**
     * Proves IMAP, then SMTP when the person lets Claude send: in this order, so that a wrong password costs one
     * failed login and not two. `peer` is who asks, as the throttle counts. Throws ConnectError, or rate_limited.
     */
    async connectAccount(
      request: ConnectRequest,
      options: { signal: AbortSignal; peer: string; progress?: Progress | undefined },
    ): Promise<Credentials> {
      const address = requireAddress(request.address, config.allowedEmails);
      if (request.password === "")
        throw new ConnectError("invalid_input", "The password is missing.", { field: "password" });
      if (findPreset(request.provider)?.appPassword.kind === "unavailable") throw unavailable();
      options.progress?.("servers");
      const meant = await toServers(request, address, discover, options.signal);
      if (meant.passwordKind === "unavailable") throw unavailable(meant.found);
      const { openedOnly } = meant.typed
        ? await requireProof(address, meant, config, {
            findServers: () => discover(address, { signal: options.signal }),
            vetOpened: deps.vetOpened,
          })
        : { openedOnly: false };
      const servers = { ...meant, usernames: toProvingNames(address, meant, config) };
      const hosts = [servers.imap.host, servers.smtp.host];
      const accounts = [address, ...servers.usernames.map((name) => `${name} at ${servers.imap.host}`)];
      return limits.withLogin({ peer: options.peer, accounts, hosts }, () =>
        prove(request, servers, address, { ...options, openedOnly }),
      );
    },
  };
}

function unavailable(found?: DiscoveredServers): ConnectError {
  return new ConnectError("not_supported", "This company takes no passwords over IMAP any more.", {
    field: "provider",
    found,
  });
}

/** The typed address as it is used, its domain in ASCII. Throws when it is none, or not one of those who may. */
function requireAddress(typed: string, allowed: readonly string[]): string {
  const split = typed.trim().lastIndexOf("@");
  const localPart = typed.trim().slice(0, split);
  const domain = typed.trim().slice(split + 1);
  // domainToASCII drops line ends and tabs, and would make one address of two lines.
  const address = addressShape.safeParse(/\s/.test(domain) ? "" : `${localPart}@${domainToASCII(domain)}`);
  if (split < 1 || !address.success)
    throw new ConnectError("invalid_input", "This is not an email address.", { field: "address" });
  if (!isAllowed(address.data, allowed))
    throw new ConnectError("permission_missing", "This server is not open to this address.", {
      field: "address",
      hint: "Ask whoever runs this server.",
    });
  return address.data;
}

/** `allowed` holds addresses and @domains; empty lets everybody in. Case does not count. */
function isAllowed(address: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const lower = address.toLowerCase();
  return allowed.some((entry) => {
    const rule = entry.toLowerCase();
    return rule.startsWith("@") ? lower.endsWith(rule) : lower === rule;
  });
}

/** What `attempt` gives for the first user name that is let in; only a refused login leads to the next. */
async function firstThatWorks<T>(
  usernames: readonly string[],
  attempt: (username: string) => Promise<T>,
): Promise<T> {
  let refusal: unknown;
  for (const username of usernames) {
    try {
      return await attempt(username);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "login_refused") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** A failure of one of the two logins, with the field where the person can mend it. */
async function at<T>(
  side: "imap" | "smtp",
  found: DiscoveredServers | undefined,
  login: Promise<T>,
): Promise<T> {
  try {
    return await login;
  } catch (error) {
    const refused = error instanceof AppError && error.code === "login_refused";
    throw toConnectError(error, { field: refused ? "password" : `${side}_host`, side, found });
  }
}
