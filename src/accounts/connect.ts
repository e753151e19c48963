/**
 * From what a person typed to credentials that are proven: servers found, IMAP login done, SMTP login done.
 * Saves nothing; a grant takes the credentials over.
 */
import { z } from "zod";
import type { Config } from "../config.ts";
import { AppError, type FailureCode } from "../errors.ts";
import type { Credentials, MailServer } from "../mail/mail.ts";
import type { Level } from "../oauth/grant.ts";
import type { Discover, Found } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import type { Provider } from "../providers/provider.ts";

/** A server as typed. */
type TypedServer = { host: string; port: string; security: "tls" | "starttls" };

/** What a person typed. `provider` is a preset's id, "generic" for typed servers, "" to find it. */
export type ConnectRequest = {
  provider: string;
  address: string;
  password: string;
  imap: TypedServer;
  smtp: TypedServer;
  level: Level;
  /** The SMTP server refused before, and the person goes on without it. */
  withoutSending: boolean;
};

export type ConnectField =
  | "address"
  | "provider"
  | "password"
  | "imap_host"
  | "imap_port"
  | "smtp_host"
  | "smtp_port";

/** A failure with the field it belongs to and which of the two logins it was. */
export class ConnectError extends AppError {
  readonly field: ConnectField;
  readonly side: "imap" | "smtp" | undefined;

  constructor(
    code: FailureCode,
    message: string,
    options: {
      field: ConnectField;
      side?: "imap" | "smtp" | undefined;
      hint?: string;
      cause?: unknown;
      retryAfterSeconds?: number;
    },
  ) {
    super(code, message, options);
    this.name = "ConnectError";
    this.field = options.field;
    this.side = options.side;
  }
}

/** Proves a login and leaves. Throws an AppError from mail/failures. */
export type ProveLogin = (credentials: Credentials, signal: AbortSignal) => Promise<void>;

/** Says which login is under way, for a page that shows progress. */
export type Progress = (step: "servers" | "imap" | "smtp") => void;

export type Connect = ReturnType<typeof createConnect>;

const addressShape = z.email().max(254);

export function createConnect(deps: {
  config: Pick<Config, "allowedEmails">;
  discover: Discover;
  proveImap: ProveLogin;
  proveSmtp: ProveLogin;
}) {
  const { config, discover } = deps;

  /** The typed address as it is used. Throws ConnectError when it is none, or not one of those who may. */
  function requireAddress(typed: string): string {
    const parsed = addressShape.safeParse(typed.trim());
    if (!parsed.success)
      throw new ConnectError("invalid_input", "This is not an email address.", { field: "address" });
    if (!isAllowed(parsed.data, config.allowedEmails))
      throw new ConnectError("permission_missing", "This server is not open to this address.", {
        field: "address",
        hint: "Ask whoever runs this server.",
      });
    return parsed.data;
  }

  return {
    /** The servers that belong to an address, within 3 s, without any login. Throws ConnectError on a bad address. */
    async findServers(address: string, options: { signal: AbortSignal }): Promise<Found> {
      return discover(requireAddress(address), options);
    },

    /**
     * Proves IMAP, then SMTP when the person lets Claude send: in this order, so that a wrong password costs one
     * failed login and not two. Throws ConnectError, or what the throttle throws.
     */
    async connectAccount(
      request: ConnectRequest,
      options: { signal: AbortSignal; progress?: Progress },
    ): Promise<Credentials> {
      const { signal, progress } = options;
      const address = requireAddress(request.address);
      progress?.("servers");
      const found = await toServers(request, address, (mailAddress) => discover(mailAddress, { signal }));
      if (found.appPassword?.kind === "unavailable" && request.provider !== "generic")
        throw new ConnectError("not_supported", "This company takes no passwords over IMAP any more.", {
          field: "provider",
        });
      if (request.password === "")
        throw new ConnectError("invalid_input", "The password is missing.", { field: "password" });
      const sends = request.level === "send" && !request.withoutSending;
      const base = {
        address,
        password: toPassword(request.password, found.appPassword),
        provider: found.provider,
        imap: found.imap,
      };

      progress?.("imap");
      const username = await proveOneOf(toUsernames(address, found.username), async (name) => {
        await withSide("imap", deps.proveImap({ ...base, username: name }, signal));
      });
      const credentials: Credentials = { ...base, username };
      if (!sends) return credentials;

      progress?.("smtp");
      const sending: Credentials = { ...credentials, smtp: found.smtp };
      await withSide("smtp", deps.proveSmtp(sending, signal));
      return sending;
    },
  };
}

type Servers = {
  provider: string;
  imap: MailServer;
  smtp: MailServer;
  username: Provider["username"];
  appPassword?: Provider["appPassword"] | undefined;
};

/** Typed servers where the choice asks for them, else what belongs to the choice, else to the address. */
async function toServers(
  request: ConnectRequest,
  address: string,
  discover: (address: string) => Promise<Found>,
): Promise<Servers> {
  const preset = findPreset(request.provider);
  if (request.provider !== "" && request.provider !== "generic" && !preset)
    throw new ConnectError("invalid_input", "There is no such provider.", { field: "provider" });
  if (request.provider === "generic" || (preset?.ownServers && request.imap.host !== ""))
    return {
      provider: request.provider,
      imap: requireServer(request.imap, "imap"),
      smtp: requireServer(
        request.smtp.host === "" ? { ...request.smtp, host: request.imap.host } : request.smtp,
        "smtp",
      ),
      username: preset?.username ?? "address",
      appPassword: preset?.appPassword,
    };
  if (preset) return { ...preset, provider: preset.id };
  const found = await discover(address);
  return { ...found, appPassword: findPreset(found.provider)?.appPassword };
}

function requireServer(typed: TypedServer, side: "imap" | "smtp"): MailServer {
  if (typed.host === "")
    throw new ConnectError("invalid_input", "The server's name is missing.", { field: `${side}_host`, side });
  const usual = { imap: { tls: 993, starttls: 143 }, smtp: { tls: 465, starttls: 587 } }[side][
    typed.security
  ];
  const port = typed.port === "" ? usual : /^\d{1,5}$/.test(typed.port) ? Number(typed.port) : 0;
  if (port < 1 || port > 65_535)
    throw new ConnectError("invalid_input", "This is not a port.", { field: `${side}_port`, side });
  return { host: typed.host.toLowerCase(), port, security: typed.security };
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

/** The user names to try, in order: iCloud takes the address for some people and the part before @ for others. */
function toUsernames(address: string, rule: Provider["username"]): readonly string[] {
  const localPart = address.slice(0, address.lastIndexOf("@"));
  return { address: [address], "local-part": [localPart], "address-then-local-part": [address, localPart] }[
    rule
  ];
}

/** The first user name that `prove` lets through; only a refused login leads to the next. */
async function proveOneOf(
  usernames: readonly string[],
  prove: (username: string) => Promise<void>,
): Promise<string> {
  let refusal: unknown;
  for (const username of usernames) {
    try {
      await prove(username);
      return username;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "login_refused") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/**
 * An app password is pasted the way the company shows it: Google's in four groups with spaces between them. A
 * password of the person's own choosing is left as it is.
 */
function toPassword(typed: string, appPassword: Provider["appPassword"] | undefined): string {
  if (appPassword?.kind === "needed") return typed.replace(/\s+/g, "");
  return /^\s*[a-z]{4}(?:[ \u00a0][a-z]{4}){3}\s*$/.test(typed) ? typed.replace(/\s+/g, "") : typed;
}

/** A failure of one of the two logins, with the field of the form where the person can mend it. */
async function withSide(side: "imap" | "smtp", login: Promise<void>): Promise<void> {
  try {
    await login;
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof ConnectError) throw error;
    const field = error.code === "login_refused" ? "password" : (`${side}_host` as const);
    throw new ConnectError(error.code, error.message, {
      field,
      side,
      hint: error.hint,
      cause: error.cause,
      ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    });
  }
}
