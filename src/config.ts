/**
 * The settings: one schema, read once from the environment and frozen. The `describe` texts are shown by --help and in
 * the README's table.
 */
import { z } from "zod";
import { isHostEntry, isNetworkEntry } from "./host-list.ts";
import {
  amount,
  type ClientRegistration,
  databaseUrl,
  describeExpectedOrigin,
  describeShape,
  findUnknownSettings,
  isAddressOrDomain,
  isContact,
  isKeyRing,
  isMailAddress,
  listOf,
  loopback,
  onOff,
  port,
  redirectUri,
  seconds,
  toEntries,
  toRegistration,
  webOrigin,
  wholeNumber,
} from "./setting-forms.ts";

export const settings = z.object({
  PUBLIC_URL: z
    .string()
    .transform((text) => text.replace(/(?<!\/)\/+$/, ""))
    .refine(webOrigin, { error: ({ input }) => `must be ${describeExpectedOrigin(String(input))}` })
    .refine(
      (text) => !webOrigin(text) || text.startsWith("https:") || loopback(text),
      "must be https unless it is localhost",
    )
    .optional()
    .describe("The address people and clients reach the server at. Default: http://localhost:PORT."),
  HOST: z
    .string()
    .min(1)
    .default("127.0.0.1")
    .describe("The address to listen on. With HTTPS=acme the default is ::, which is every address."),
  PORT: port
    .default(3000)
    .describe("The port to listen on; 0 takes a free one. With HTTPS=acme the default is 443."),
  HTTPS: z
    .enum(["off", "acme"], "must be off or acme")
    .default("off")
    .describe(
      "With acme the server gets and renews the certificate of PUBLIC_URL by itself, on ports 443 and 80; with off a proxy in front does.",
    ),
  HTTP_PORT: port
    .default(80)
    .describe(
      "With HTTPS=acme: the port for the certificate authority's checks and for redirects to https. The authority always comes to port 80.",
    ),
  ACME_DIRECTORY: z
    .url({ protocol: /^https$/, error: "must be the https address of an ACME directory" })
    .default("https://acme-v02.api.letsencrypt.org/directory")
    .describe("With HTTPS=acme: the certificate authority's directory."),
  ACME_CONTACT: z
    .string()
    .refine((text) => isMailAddress(text), "must be an email address")
    .optional()
    .describe(
      "With HTTPS=acme: an email address that the certificate authority may write to. Default: none.",
    ),
  DATA_DIR: z
    .string()
    .min(1)
    .default("./data")
    .describe(
      "Folder of the database and, unless configured, the server key and the generated client. Created with mode 0700.",
    ),
  DATABASE_URL: databaseUrl
    .optional()
    .describe(
      "A Postgres database, for more than one replica: postgres://user:password@host:port/database. Default: SQLite in DATA_DIR.",
    ),
  DATABASE_DIRECT_URL: databaseUrl
    .optional()
    .describe(
      "With DATABASE_URL of a pooler in transaction mode: the address of Postgres itself, to listen for signals.",
    ),
  DATABASE_CONNECTIONS: amount(10, 1_000).describe(
    "With DATABASE_URL: maximum number of connections to the database, for each replica.",
  ),
  DRAIN_SECONDS: z.coerce
    .number("must be a whole number of seconds, at most 300")
    .int("must be a whole number of seconds, at most 300")
    .min(0, "must be a whole number of seconds, at most 300")
    .max(300, "must be a whole number of seconds, at most 300")
    .optional()
    .describe(
      "Seconds for which a stopping server is not ready and goes on serving, so that a balancer leaves it first. Default: 0, with DATABASE_URL 10.",
    ),
  ENCRYPTION_KEY: z
    .string()
    .refine(isKeyRing, "must be 32 bytes in hex or base64: openssl rand -hex 32")
    .optional()
    .describe(
      "The server key: 32 bytes in hex or base64. Several keys, comma-separated, form a ring: the first seals, all unseal.",
    ),
  ENCRYPTION_KEY_FILE: z
    .string()
    .optional()
    .describe(
      "A file with the server key, one key per line. Default: DATA_DIR/server.key, created when absent.",
    ),
  OAUTH_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe("The client id to enter in Claude. Default: generated in DATA_DIR."),
  OAUTH_CLIENT_SECRET: z
    .string()
    .min(16, "must have at least 16 characters")
    .optional()
    .describe("The client secret to enter in Claude. Default: generated in DATA_DIR."),
  ACCEPTED_CLIENTS: z
    .string()
    .default("claude,inspector")
    .transform(toEntries)
    .describe(
      "Programs that may connect, comma-separated: claude, inspector, codex, chatgpt, vscode, cursor, gemini, opencode, mcp-remote, librechat, goose, zed, qwen. The list replaces the default.",
    ),
  ALLOWED_REDIRECT_URIS: listOf(
    redirectUri,
    "must be absolute URIs without a fragment, such as https://app.example.org/callback; http only on this machine",
  ).describe("Further redirect URIs to accept, comma-separated, compared as strings."),
  ALLOWED_ORIGINS: listOf(webOrigin, "each must be an origin such as https://app.example.org").describe(
    "Further web origins that may call the server from a browser, comma-separated.",
  ),
  SEED_ORIGINS: onOff("on").describe(
    "Lets web pages of email-connector.fly.dev and connectmyemail.com call the server from a browser: on or off.",
  ),
  OPERATOR_NAME: z
    .string()
    .max(80, "must have at most 80 characters")
    .refine((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text), "must be one line of text")
    .optional()
    .describe("The person or company that runs this server, named on every page beside the password."),
  OPERATOR_CONTACT: listOf(
    isContact,
    "each must be an email address, or a URI such as https://example.org/security",
  ).describe(
    "Where to reach the operator and to report a vulnerability: addresses and https URLs, comma-separated, shown on every page and in /.well-known/security.txt. Default: no such file.",
  ),
  ALLOWED_EMAILS: listOf(isAddressOrDomain, "each must be an address or @domain").describe(
    "Addresses and @domains that may connect, comma-separated. Default: anyone may connect their own mailbox.",
  ),
  ALLOW_PRIVATE_HOSTS: listOf(isHostEntry, "each must be a name, an address or a CIDR").describe(
    "Mail servers on private addresses that may be used, on any port: names, addresses, CIDRs, comma-separated.",
  ),
  MICROSOFT_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The id of your app registration at Microsoft, with which people sign in at Outlook.com and Microsoft 365. Default: none do.",
    ),
  MICROSOFT_CLIENT_SECRET: z.string().min(1).optional().describe("The secret of that app registration."),
  MICROSOFT_TENANT: z
    .string()
    .regex(/^[\w.-]{1,100}$/, "must be common, organizations, consumers, or a tenant's id or domain")
    .default("common")
    .describe("Who may sign in at Microsoft: common, organizations, consumers, or a tenant's id or domain."),
  GOOGLE_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The id of your OAuth client at Google, with which people sign in at Gmail and Google Workspace. Default: none do.",
    ),
  GOOGLE_CLIENT_SECRET: z.string().min(1).optional().describe("The secret of that OAuth client."),
  SIGN_IN_FILE: z
    .string()
    .optional()
    .describe(
      "A JSON file with further issuers at which people sign in to their mailbox, see the guide sign-in.",
    ),
  TRUSTED_PROXIES: listOf(
    isNetworkEntry,
    "each must be an address or a CIDR such as 127.0.0.1 or 10.0.0.0/8",
  ).describe("Addresses or CIDRs of reverse proxies whose X-Forwarded-For is believed, comma-separated."),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent")
    .default("info")
    .describe("Lowest level that is logged, on stderr: debug, info, warn, error or silent."),
  METRICS_TOKEN: z
    .string()
    .min(16, "must have at least 16 characters")
    .optional()
    .describe("The bearer token that opens /metrics, 16 characters or more. Default: /metrics is disabled."),
  CALLS_PER_MINUTE: amount(60, 6_000).describe("Maximum tool calls per minute for one person's connection."),
  SENDS_PER_HOUR: amount(10, 1_000).describe("Maximum emails sent per hour for one person's connection."),
  SENDS_PER_DAY: amount(50, 10_000).describe("Maximum emails sent per day for one person's connection."),
  APPROVALS_MAX_MB: amount(1024, 1_000_000).describe(
    "Maximum megabytes of emails that wait for people's approval, over all people.",
  ),
  IMAP_CONNECTIONS: wholeNumber(100_000)
    .optional()
    .describe(
      "Maximum number of open IMAP connections, over all people. Default: what fits in IMAP_MEMORY_MB.",
    ),
  IMAP_MEMORY_MB: wholeNumber(1_000_000)
    .optional()
    .describe(
      "Memory for open IMAP connections, which take 0.4 MB each. Default: a quarter of the machine's or container's memory.",
    ),
  IMAP_CONNECTIONS_PER_HOST: amount(500, 100_000).describe(
    "Maximum number of open IMAP connections to one mail server, over all people.",
  ),
  APPROVE_ON_PAGE_ONLY: onOff("off").describe(
    "Lets what waits for the person be decided on the server's own page alone, never on a card in the conversation: on or off.",
  ),
  REQUIRE_USER_INTERACTION: onOff("off").describe(
    "Lets Claude Code ask the person before each call that sends or erases, also after they said always allow: on or off.",
  ),
  WARM_UP: onOff("on").describe(
    "Opens the mailbox of a person who called a tool within the last day as soon as their client lists the tools: on or off.",
  ),
  ACCESS_TOKEN_LIFETIME_SECONDS: seconds(2_592_000, 31_536_000).describe("Lifetime of an access token."),
  AUTHORIZATION_CODE_LIFETIME_SECONDS: seconds(300, 600).describe("Lifetime of an authorization code."),
  SESSION_IDLE_SECONDS: seconds(1800, 86_400).describe("Idle time after which an MCP session ends."),
});

export type Config = Readonly<{
  /** Variables that begin like settings and are none. */
  unknownSettings: readonly string[];
  /** Without a trailing slash. The issuer, the resource and all links are derived from it. */
  publicUrl: string;
  host: string;
  port: number;
  /** The server gets its own certificate from an ACME authority. */
  ownHttps: boolean;
  httpPort: number;
  acmeDirectory: string;
  acmeContact: string | undefined;
  dataDir: string;
  /** Undefined: SQLite in `dataDir`. */
  database: Readonly<{ url: string; directUrl: string | undefined; connections: number }> | undefined;
  drainMs: number;
  encryptionKey: string | undefined;
  encryptionKeyFile: string | undefined;
  oauthClientId: string | undefined;
  oauthClientSecret: string | undefined;
  /** Families of oauth/known-clients.ts. */
  acceptedClients: readonly string[];
  allowedRedirectUris: readonly string[];
  allowedOrigins: readonly string[];
  /** The web origins of two hosted servers may call this one from a browser. */
  seedOrigins: boolean;
  /** `contacts`: URIs, the preferred one first. */
  operator: { name: string | undefined; contacts: readonly string[] };
  allowedEmails: readonly string[];
  allowPrivateHosts: readonly string[];
  /** The operator's app registration at Microsoft; undefined when people do not sign in there. */
  microsoft: (ClientRegistration & { tenant: string }) | undefined;
  google: ClientRegistration | undefined;
  signInFile: string | undefined;
  trustedProxies: readonly string[];
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
  metricsToken: string | undefined;
  callsPerMinute: number;
  sendsPerHour: number;
  sendsPerDay: number;
  /** Megabytes of emails that wait for an approval, over all people. */
  approvalsMaxMb: number;
  imapConnections: { total: number | undefined; memoryMb: number | undefined; perHost: number };
  /** Cards in the conversation open the page, and never decide. */
  approveOnPageOnly: boolean;
  /** Tools that send or erase carry anthropic/requiresUserInteraction. */
  requireUserInteraction: boolean;
  /** Opens connections before a grant's first call. */
  warmUp: boolean;
  accessTokenLifetimeSeconds: number;
  authorizationCodeLifetimeSeconds: number;
  sessionIdleSeconds: number;
}>;

/** Returns every setting with its description and default, the source of --help and the README's table. */
export const describeSettings = () => describeShape(settings.shape);

/** Invalid settings: one line per problem, with the name of the setting and what it must be. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Tells whether an authority certifies the host of a URL: a name, no address. */
function isCertifiable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" && !isNetworkEntry(hostname.replace(/^\[(.*)\]$/, "$1"));
}

/** Reads the settings from the environment. An empty variable counts as unset. Throws ConfigError with all problems. */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = readEnvironment()): Config {
  const present = Object.fromEntries(
    Object.keys(settings.shape).flatMap((name) => {
      const value = env[name]?.trim();
      return value ? [[name, value]] : [];
    }),
  );
  const given = Object.keys(env).filter((name) => env[name]?.trim());
  const { misspelled, unknown } = findUnknownSettings(given, Object.keys(settings.shape));
  const parsed = settings.safeParse(present);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  for (const { name, nearest } of misspelled)
    problems.push(`${name}: there is no such setting; did you mean ${nearest}?`);
  if (present.ENCRYPTION_KEY && present.ENCRYPTION_KEY_FILE)
    problems.push("ENCRYPTION_KEY: set either this or ENCRYPTION_KEY_FILE, not both");
  for (const name of ["OAUTH", "MICROSOFT", "GOOGLE"])
    if (!present[`${name}_CLIENT_ID`] !== !present[`${name}_CLIENT_SECRET`])
      problems.push(`${name}_CLIENT_ID: set it together with ${name}_CLIENT_SECRET, or neither`);
  if (present.DATABASE_URL && !present.ENCRYPTION_KEY && !present.ENCRYPTION_KEY_FILE)
    problems.push("ENCRYPTION_KEY: set it, the same for all replicas, with DATABASE_URL");
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === "0")
    problems.push(
      "NODE_TLS_REJECT_UNAUTHORIZED: must not be 0; put test certificates into NODE_EXTRA_CA_CERTS",
    );
  if (present.HTTPS === "acme" && !isCertifiable(present.PUBLIC_URL ?? ""))
    problems.push("PUBLIC_URL: set it to https:// and the host name of the certificate, for HTTPS=acme");
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const set = parsed.data;
  const ownHttps = set.HTTPS === "acme";
  return Object.freeze({
    unknownSettings: unknown,
    publicUrl: set.PUBLIC_URL ?? `http://localhost:${set.PORT}`,
    host: ownHttps ? (present.HOST ?? "::") : set.HOST,
    port: ownHttps && present.PORT === undefined ? 443 : set.PORT,
    ownHttps,
    httpPort: set.HTTP_PORT,
    acmeDirectory: set.ACME_DIRECTORY,
    acmeContact: set.ACME_CONTACT,
    dataDir: set.DATA_DIR,
    database:
      set.DATABASE_URL === undefined
        ? undefined
        : {
            url: set.DATABASE_URL,
            directUrl: set.DATABASE_DIRECT_URL,
            connections: set.DATABASE_CONNECTIONS,
          },
    drainMs: (set.DRAIN_SECONDS ?? (set.DATABASE_URL === undefined ? 0 : 10)) * 1000,
    encryptionKey: set.ENCRYPTION_KEY,
    encryptionKeyFile: set.ENCRYPTION_KEY_FILE,
    oauthClientId: set.OAUTH_CLIENT_ID,
    oauthClientSecret: set.OAUTH_CLIENT_SECRET,
    acceptedClients: set.ACCEPTED_CLIENTS,
    allowedRedirectUris: set.ALLOWED_REDIRECT_URIS,
    allowedOrigins: set.ALLOWED_ORIGINS,
    seedOrigins: set.SEED_ORIGINS === "on",
    operator: {
      name: set.OPERATOR_NAME,
      contacts: set.OPERATOR_CONTACT.map((text) => (isMailAddress(text) ? `mailto:${text}` : text)),
    },
    allowedEmails: set.ALLOWED_EMAILS,
    allowPrivateHosts: set.ALLOW_PRIVATE_HOSTS,
    microsoft: toRegistration(set.MICROSOFT_CLIENT_ID, set.MICROSOFT_CLIENT_SECRET, {
      tenant: set.MICROSOFT_TENANT,
    }),
    google: toRegistration(set.GOOGLE_CLIENT_ID, set.GOOGLE_CLIENT_SECRET, {}),
    signInFile: set.SIGN_IN_FILE,
    trustedProxies: set.TRUSTED_PROXIES,
    logLevel: set.LOG_LEVEL,
    metricsToken: set.METRICS_TOKEN,
    callsPerMinute: set.CALLS_PER_MINUTE,
    sendsPerHour: set.SENDS_PER_HOUR,
    sendsPerDay: set.SENDS_PER_DAY,
    approvalsMaxMb: set.APPROVALS_MAX_MB,
    imapConnections: {
      total: set.IMAP_CONNECTIONS,
      memoryMb: set.IMAP_MEMORY_MB,
      perHost: set.IMAP_CONNECTIONS_PER_HOST,
    },
    approveOnPageOnly: set.APPROVE_ON_PAGE_ONLY === "on",
    requireUserInteraction: set.REQUIRE_USER_INTERACTION === "on",
    warmUp: set.WARM_UP === "on",
    accessTokenLifetimeSeconds: set.ACCESS_TOKEN_LIFETIME_SECONDS,
    authorizationCodeLifetimeSeconds: set.AUTHORIZATION_CODE_LIFETIME_SECONDS,
    sessionIdleSeconds: set.SESSION_IDLE_SECONDS,
  });
}

/** Returns the environment of this process: nothing else reads it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
