/**
 * Connecting a mail account: turns what a person entered into proven credentials, by finding the servers and logging
 * in to IMAP and SMTP. Stores nothing.
 */
import type { Config } from "../config.ts";
import type { Credentials } from "../credentials.ts";
import { AppError } from "../errors.ts";
import type { Level } from "../grant.ts";
import type { Login } from "../http/login-limits.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { Outbound } from "../outbound/outbound.ts";
import type { Discover, DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { requireAddress } from "./address.ts";
import { requireAddressOwnership, selectUsernames } from "./address-ownership.ts";
import {
  type AcceptedCertificates,
  createCertificateOffers,
  type OfferedCertificates,
  type ReadCertificate,
} from "./certificate-offers.ts";
import { ConnectError, toConnectError } from "./connect-error.ts";
import type { FailedGuesses } from "./failed-guesses.ts";
import {
  type LoginServers,
  type MailboxInput,
  normalizePassword,
  resolveServers,
  trimPassword,
} from "./server-resolution.ts";
import type { PasswordCredentials } from "./stored-credentials.ts";

/** The values that a person entered in the connect form. */
export type ConnectRequest = MailboxInput & {
  address: string;
  password: string;
  level: Level;
  /** True when the person continues without sending after the SMTP login failed. */
  withoutSending: boolean;
  /** Fingerprints of the certificates that the person accepted; absent where none can be. */
  acceptedCertificates?: AcceptedCertificates;
};

/** Logs in and out again. Rejects with an AppError of the mail connection. */
type ProveLogin = (credentials: Credentials, signal: AbortSignal) => Promise<void>;

/**
 * Logs in to IMAP and out again. With `writes`, resolves with the display name of the person's own emails, when they
 * have one. With `openedOnly`, connects only to an address that the operator opened.
 */
export type ProveImap = (
  credentials: Credentials,
  signal: AbortSignal,
  options: { writes: boolean; openedOnly: boolean },
) => Promise<string | undefined>;

/** Reports the step that begins, for a page that shows progress. */
export type Progress = (step: "servers" | "imap" | "smtp") => void;

export type AccountConnector = ReturnType<typeof createAccountConnector>;

/**
 * Deadline of one login. It bounds a server that answers each stage just in time: discovery and three logins (a
 * second user name, SMTP) must end before a proxy or a browser gives up.
 */
const defaultLoginMs = 25_000;

type ConnectOptions = { signal: AbortSignal; progress?: Progress | undefined };

/** Creates the connector. `loginMs`: deadline of one login, shorter in tests. */
export function createAccountConnector(deps: {
  config: Pick<Config, "allowedEmails" | "allowPrivateHosts">;
  discover: Discover;
  limits: Pick<Limits, "withLogin">;
  failedGuesses: FailedGuesses;
  proveImap: ProveImap;
  proveSmtp: ProveLogin;
  vetOpened: Outbound["vetOpened"];
  /** Absent: no certificate is offered for acceptance. */
  readCertificate?: ReadCertificate;
  loginMs?: number;
}) {
  const { config, discover, limits, failedGuesses, loginMs = defaultLoginMs } = deps;
  const offers = createCertificateOffers(deps);
  const withDeadline = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(loginMs)]);

  async function proveLogins(
    request: ConnectRequest,
    servers: LoginServers,
    address: string,
    { login, progress, signal, openedOnly }: ConnectOptions & { login: Login; openedOnly: boolean },
  ): Promise<PasswordCredentials> {
    const { provider, found } = servers;
    const accepted = request.acceptedCertificates ?? { imap: "", smtp: "" };
    const imap = await offers.pin(provider, servers.imap, accepted.imap);
    const smtp = await offers.pin(provider, servers.smtp, accepted.smtp);
    const sends = (request.level === "approve" || request.level === "send") && !request.withoutSending;
    const password = normalizePassword(request.password, servers.passwordKind);
    // Blanks around a password are rarely meant and easily pasted.
    const passwords = [...new Set([password, trimPassword(password)])];
    const candidates = servers.usernames.flatMap((username) =>
      passwords.map((each) => ({ username, password: each })),
    );

    progress?.("imap");
    const credentials = await withFirstAccepted(candidates, async (candidate) => {
      const reading: PasswordCredentials = { address, ...candidate, provider, imap };
      const writes = request.level !== "read";
      const proof = login.at(imap, (signal) =>
        deps.proveImap(reading, withDeadline(signal), { writes, openedOnly }),
      );
      const name = await locateFailure("imap", found, proof, (error) =>
        offers.find(
          "imap",
          { provider, imap, smtp: sends ? smtp : undefined },
          { error, signal: withDeadline(signal) },
        ),
      );
      return name === undefined ? reading : { ...reading, name };
    });
    if (!sends) return credentials;

    progress?.("smtp");
    const sending: PasswordCredentials = { ...credentials, smtp };
    const proof = login.at(smtp, (signal) => deps.proveSmtp(sending, withDeadline(signal)));
    await locateFailure("smtp", found, proof, (error) =>
      offers.find("smtp", { provider, smtp }, { error, signal: withDeadline(signal) }),
    );
    return sending;
  }

  return {
    /**
     * Finds the servers of an address, within 3 seconds and without a login. Throws ConnectError for an address that
     * is invalid or not allowed. `peer`: the client address, whose discoveries wait for each other.
     */
    async findServers(
      address: string,
      options: { signal: AbortSignal; peer?: string },
    ): Promise<DiscoveredServers> {
      return discover(requireAddress(address, config.allowedEmails), { ...options, lane: "discovery" });
    },

    /**
     * Proves the IMAP login, and then the SMTP login when the level includes sending. In this order, a wrong password
     * costs one failed login instead of two. `peer`: the client address that the rate limits count. Throws
     * ConnectError, or AppError rate_limited.
     */
    async connectAccount(
      request: ConnectRequest,
      options: ConnectOptions & { peer: string },
    ): Promise<PasswordCredentials> {
      const address = requireAddress(request.address, config.allowedEmails);
      if (trimPassword(request.password) === "")
        throw new ConnectError("invalid_input", "The password is missing.", { field: "password" });
      if (findPreset(request.provider)?.appPassword.kind === "unavailable") throw passwordsUnavailable();
      options.progress?.("servers");
      const { peer, signal } = options;
      const discoverForLogin: Discover = (each) => discover(each, { signal, peer, lane: "login" });
      const resolved = await resolveServers(request, address, discoverForLogin, signal);
      if (resolved.passwordKind === "unavailable") throw passwordsUnavailable(resolved.found);
      const { openedOnly } = resolved.enteredByUser
        ? await requireAddressOwnership(address, resolved, config, {
            findServers: () => discoverForLogin(address, { signal }),
            vetOpened: deps.vetOpened,
          })
        : { openedOnly: false };
      const servers = { ...resolved, usernames: selectUsernames(address, resolved, config) };
      const accounts = [address, ...servers.usernames.map((name) => `${name} at ${servers.imap.host}`)];
      try {
        return await limits.withLogin({ peer, accounts, signal }, (login) =>
          proveLogins(request, servers, address, { login, progress: options.progress, signal, openedOnly }),
        );
      } catch (error) {
        if (error instanceof ConnectError && error.code === "login_refused" && error.side === "imap")
          failedGuesses.add([address, ...servers.usernames], servers.imap.host);
        throw error;
      }
    },

    /** Returns how often a password was refused for this account within a day. */
    countFailedGuesses: failedGuesses.count,
  };
}

function passwordsUnavailable(found?: DiscoveredServers): ConnectError {
  return new ConnectError("not_supported", "This provider no longer accepts passwords over IMAP.", {
    field: "provider",
    found,
  });
}

/** Runs `attempt` with each login until one is accepted; only a refused login leads to the next. */
async function withFirstAccepted<Login, T>(
  logins: readonly Login[],
  attempt: (login: Login) => Promise<T>,
): Promise<T> {
  let refusal: unknown;
  for (const login of logins) {
    try {
      return await attempt(login);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "login_refused") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function hostUnresolved(cause: AppError): AppError {
  return new AppError("host_unresolved", "The servers of this address could not be looked up just now.", {
    cause,
    retryAfterSeconds: 30,
  });
}

/**
 * Rethrows the failure of a login as a ConnectError with the form field at which the person can correct it, and with
 * the certificates that the person can accept.
 */
async function locateFailure<T>(
  side: "imap" | "smtp",
  found: DiscoveredServers | undefined,
  login: Promise<T>,
  findCertificates: (error: unknown) => Promise<OfferedCertificates>,
): Promise<T> {
  try {
    return await login;
  } catch (error) {
    const certificates = await findCertificates(error);
    const refused = error instanceof AppError && error.code === "login_refused";
    // A guess that DNS could not confirm: the domain may publish servers of other names.
    if (found?.isUncertain && error instanceof AppError && error.code === "host_unknown")
      throw toConnectError(hostUnresolved(error), { field: "address", side, found });
    throw toConnectError(error, {
      field: refused ? "password" : `${side}_host`,
      side,
      found,
      certificates,
    });
  }
}
