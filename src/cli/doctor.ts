/**
 * `doctor`: checks PUBLIC_URL from outside, through the proxies in front of the server, as Claude reaches it. Prints
 * one line per check: ok, or what to change.
 */
import { systemClock } from "../clock.ts";
import type { Config } from "../config.ts";
import { type ProbeReport, probeHeader, probePath, probePauseMs, sealProbe } from "../http/probe.ts";
import { readKeyRing } from "../key-ring.ts";
import { createLog } from "../log.ts";
import { type ProbeResponse, sendProbe } from "../probe-client.ts";
import { createSecrets } from "../secrets.ts";
import { productVersion } from "../version.ts";
import { issuerChecks } from "./check-issuers.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

/** Response time above which a check adds a warning. Claude gives up on discovery after 10 s. */
const slowMs = 2_000;
/** Sizes of request bodies that must pass: the limit of /mcp, and an upload of 25 MB with its form. */
const callBytes = 1_000_000;
const defaultUploadBytes = 26_000_000;

/** Resolves to a short result. Throws an Error whose message says what to change. */
type Check = () => string | Promise<string>;

/** Makes the headers that open the probe endpoint. */
type ProbeHeaders = () => Record<string, string>;

/** Returns the exit code: 0 when all checks pass, else 1. `uploadBytes` is smaller in most tests. */
export async function doctor(
  terminal: Terminal,
  { uploadBytes = defaultUploadBytes }: { uploadBytes?: number } = {},
): Promise<number> {
  const config = loadCommandConfig(terminal);
  const base = config.publicUrl;
  let failed = 0;
  async function report(subject: string, check: Check): Promise<void> {
    try {
      terminal.print(`ok    ${subject}: ${await check()}`);
    } catch (error) {
      failed += 1;
      terminal.print(`no    ${subject}: ${describeFailure(error)}`);
    }
  }

  terminal.print(`Checking ${base} from outside.`);
  await report("settings", () => checkSettings(config));
  await report("address", () => checkAddress(base));
  for (const { subject, check } of issuerChecks(config)) await report(subject, check);
  const health = await requestHealth(base);
  await report("reachable", () => checkReachable(health, base));
  if (health instanceof Error) return 1;
  await report("version", () => checkVersion(health));
  if (base.startsWith("https:")) {
    await report("certificate", () => checkCertificate(health, config));
    await report("plain http", () => checkRedirect(base, config));
  }
  await report("security headers", () => checkSecurityHeaders(health));
  for (const [path, member, expected] of metadataDocuments(base))
    await report(path, () => checkDocument(`${base}${path}`, member, expected));
  await report("401 challenge", () => checkChallenge(base));

  const probeHeaders = createProbeHeaders(config);
  if (probeHeaders === undefined) {
    terminal.print(
      "skip  proxy, body limits, streaming: run this on the server, with its settings and its user",
    );
    return failed === 0 ? 0 : 1;
  }
  await report("proxy headers", () => checkProxy(base, probeHeaders, config));
  await report("body limit of calls", () => checkBody(base, probeHeaders, callBytes));
  await report("body limit of uploads", () => checkBody(base, probeHeaders, uploadBytes));
  await report("streaming", () => checkStream(base, probeHeaders));
  return failed === 0 ? 0 : 1;
}

function checkAddress(base: string): string {
  if (base.startsWith("https:")) return base;
  throw new Error(`${base} is for this machine only. Set PUBLIC_URL to the https address that people reach.`);
}

async function requestHealth(base: string): Promise<ProbeResponse | Error> {
  try {
    return await sendProbe(`${base}/health`);
  } catch (error) {
    return error instanceof Error ? error : new Error("failed");
  }
}

/** Advice for error codes of Node and Bun. */
const advice: Readonly<Record<string, string>> = {
  ENOTFOUND: "this name has no address. Add a DNS record for it.",
  ECONNREFUSED: "nothing listens there. Is the proxy running, and is the port open in the firewall?",
  ConnectionRefused: "nothing listens there. Is the proxy running, and is the port open in the firewall?",
  CERT_HAS_EXPIRED:
    "the certificate has expired. Renew it; Caddy does so by itself, and with HTTPS=acme the line certificate_failed of the log says why it was not.",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the certificate is self-signed; Claude refuses it. Get one from Let's Encrypt.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the certificate's chain is incomplete. Serve fullchain.pem, not cert.pem.",
  SELF_SIGNED_CERT_IN_CHAIN:
    "the certificate's authority is not publicly trusted. Get one from Let's Encrypt.",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name. Get one for this name.",
};

/** The advice about a failed check: the words of the check itself, or those for a lost connection. */
function describeFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (code !== undefined)
    return advice[code] ?? `no response (${code}). Run this again, and look into the proxy's log.`;
  return error instanceof Error
    ? error.message
    : "failed. Run this again, and look into the log of the server.";
}

function checkReachable(health: ProbeResponse | Error, base: string): string {
  if (health instanceof Error) {
    const code = "code" in health && typeof health.code === "string" ? health.code : health.name;
    throw new Error(
      `${base}: ${advice[code] ?? `no response (${code}). Look at what answers there: curl -v ${base}/health.`}`,
    );
  }
  if (health.status !== 200)
    throw new Error(
      `/health answers ${health.status}. The proxy answers, but email-connector behind it does not. Start it, or look into its log (journalctl -u email-connector).`,
    );
  return describeTime(health);
}

function describeTime({ totalMs }: ProbeResponse): string {
  return totalMs > slowMs ? `${totalMs} ms, which is slow: Claude waits 10 s at most` : `${totalMs} ms`;
}

function checkVersion(health: ProbeResponse): string {
  const { version } = parseJsonObject(health);
  if (typeof version !== "string")
    throw new Error("another program answers. Point the proxy to email-connector.");
  if (version !== productVersion)
    throw new Error(`${version} is running, this is ${productVersion}. Restart the server after an upgrade.`);
  return version;
}

const hourMs = 3_600_000;

/** Settings that are valid one by one, and wrong or of no use together. */
function checkSettings(config: Config): string {
  const [unknown] = config.unknownSettings;
  if (unknown !== undefined)
    throw new Error(`there is no setting ${unknown}. Remove it, or correct its name: --help lists all.`);
  if (config.ownHttps && config.trustedProxies.length > 0)
    throw new Error(
      "HTTPS=acme answers callers itself, and TRUSTED_PROXIES names a proxy in front. Remove one of both.",
    );
  if (config.ownHttps && config.httpPort !== 80)
    return `HTTP_PORT is ${config.httpPort}: something has to send port 80 there, where the authority comes`;
  return config.allowedEmails.length === 0
    ? "valid; anybody may connect their own mailbox, unless you set ALLOWED_EMAILS"
    : "valid";
}

/**
 * A certificate is renewed at a third of its lifetime by most programs: it expires when half of that third has passed,
 * whether it is valid for 90 days, for 6, or for 12 hours.
 */
export function checkCertificate(
  {
    certificateStartsAt,
    certificateEndsAt,
  }: Pick<ProbeResponse, "certificateStartsAt" | "certificateEndsAt">,
  { ownHttps }: Pick<Config, "ownHttps">,
  nowMs: number = systemClock.now(),
): string {
  if (certificateStartsAt === undefined || certificateEndsAt === undefined)
    throw new Error("its expiry date could not be read. Look at it: openssl s_client -connect HOST:443.");
  const leftMs = certificateEndsAt - nowMs;
  const left =
    leftMs < 48 * hourMs
      ? `${Math.floor(leftMs / hourMs)} hours`
      : `${Math.floor(leftMs / (24 * hourMs))} days`;
  if (leftMs >= (certificateEndsAt - certificateStartsAt) / 6) return `valid for ${left}`;
  throw new Error(
    ownHttps
      ? `it expires in ${left}, and should have been renewed: the line certificate_failed of the log says why not.`
      : `it expires in ${left}. Renew it; Caddy does so by itself.`,
  );
}

async function checkRedirect(base: string, { ownHttps }: Config): Promise<string> {
  const url = new URL(base);
  // Only the default https port has a default plain port.
  if (url.port !== "") return `not checked: https is on port ${url.port}`;
  const plain = await sendProbe(`http://${url.hostname}/health`, { timeoutMs: 5_000 }).catch(() => undefined);
  if (plain === undefined) {
    if (!ownHttps) return "closed";
    throw new Error(
      "port 80 does not answer. The authority comes there for each renewal: open it in the firewall.",
    );
  }
  if (plain.status >= 300 && plain.status < 400 && String(plain.headers.location).startsWith("https:"))
    return "redirects to https";
  throw new Error("port 80 answers without redirecting to https. Redirect it in the proxy.");
}

function checkSecurityHeaders({ headers }: ProbeResponse): string {
  const missing = ["strict-transport-security", "x-content-type-options", "x-frame-options"].filter(
    (name) => headers[name] === undefined,
  );
  if (missing.length > 0) throw new Error(`the proxy removes ${missing.join(", ")}. Let them through.`);
  return "arrive";
}

/** The metadata documents: path, the member that must identify this server, and its value. */
function metadataDocuments(base: string): [path: string, member: string, expected: string][] {
  return [
    ["/.well-known/oauth-protected-resource/mcp", "resource", `${base}/mcp`],
    ["/.well-known/oauth-protected-resource", "resource", `${base}/mcp`],
    ["/.well-known/oauth-authorization-server", "issuer", base],
    ["/oauth/meta", "issuer", base],
  ];
}

async function checkDocument(url: string, member: string, expected: string): Promise<string> {
  const response = await sendProbe(url);
  if (response.status !== 200)
    throw new Error(`answers ${response.status}. Let the proxy pass on everything under /.well-known/.`);
  const actual = parseJsonObject(response)[member];
  if (actual !== expected)
    throw new Error(
      `${member} is ${JSON.stringify(actual)}, not ${expected}. Set PUBLIC_URL, and restart the server.`,
    );
  return describeTime(response);
}

async function checkChallenge(base: string): Promise<string> {
  const response = await sendProbe(`${base}/mcp`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  const challenge = String(response.headers["www-authenticate"] ?? "");
  if (response.status !== 401)
    throw new Error(`POST /mcp answers ${response.status}, not 401. Let the proxy pass /mcp on unchanged.`);
  if (!challenge.includes(`resource_metadata="${base}/`))
    throw new Error(
      "the WWW-Authenticate header is missing. Let the proxy pass it on, without an error page of its own.",
    );
  return describeTime(response);
}

/** Returns undefined when this user cannot read the server key. */
function createProbeHeaders(config: Config): ProbeHeaders | undefined {
  try {
    const secrets = createSecrets(readKeyRing(config, createLog("silent")));
    return () => ({ [probeHeader]: sealProbe(secrets, systemClock) });
  } catch {
    return undefined;
  }
}

async function checkProxy(base: string, probeHeaders: ProbeHeaders, config: Config): Promise<string> {
  const response = await sendProbe(`${base}${probePath}`, {
    method: "POST",
    // The server must not take this address for the caller's.
    headers: { ...probeHeaders(), "X-Forwarded-For": "203.0.113.77" },
  });
  if (response.status === 404)
    throw new Error("the server uses a different key than this command. Run it with the server's settings.");
  if (response.status !== 200)
    throw new Error(`answers ${response.status}. Let the proxy pass POST ${probePath} on unchanged.`);
  const report = parseJsonObject(response) as Partial<ProbeReport>;
  if (report.peer === "203.0.113.77")
    throw new Error(
      "callers can choose the address they are counted by. Let the proxy replace X-Forwarded-For.",
    );
  const { hostname } = new URL(base);
  if (report.host?.replace(/:\d+$/, "") !== hostname)
    throw new Error(`the Host arrives as ${report.host}. Let the proxy pass the caller's Host on.`);
  if (base.startsWith("https:") && !config.ownHttps && config.trustedProxies.length === 0)
    throw new Error("all callers appear to be the proxy. Set TRUSTED_PROXIES to its address.");
  return `callers are distinguished; this one is ${report.peer}`;
}

async function checkBody(base: string, probeHeaders: ProbeHeaders, bytes: number): Promise<string> {
  const response = await sendProbe(`${base}${probePath}`, {
    method: "POST",
    headers: { ...probeHeaders(), "Content-Type": "application/octet-stream" },
    body: new Uint8Array(bytes),
    // A slow line is not the server's: people upload from their browsers, over theirs.
    timeoutMs: 600_000,
  });
  const { bytes: arrived } = parseJsonObject(response);
  if (response.status !== 200 || arrived !== bytes)
    throw new Error(`${toMegabytes(bytes)} answers ${response.status}. Raise the proxy's limit to 27 MB.`);
  return `${toMegabytes(bytes)} pass, ${response.totalMs} ms`;
}

async function checkStream(base: string, probeHeaders: ProbeHeaders): Promise<string> {
  const response = await sendProbe(`${base}${probePath}`, {
    headers: { ...probeHeaders(), "Accept-Encoding": "gzip" },
  });
  const [firstMs = 0] = response.chunkTimesMs;
  const lastMs = response.chunkTimesMs.at(-1) ?? 0;
  if (response.status !== 200)
    throw new Error(`answers ${response.status}. Let the proxy pass GET ${probePath} on unchanged.`);
  if (response.headers["content-encoding"] !== undefined)
    throw new Error(
      "the proxy compresses streams, which delays them. Exclude text/event-stream from compression.",
    );
  if (lastMs - firstMs < probePauseMs / 2)
    throw new Error("the proxy buffers responses. Switch its buffering off for /mcp.");
  return `first bytes after ${firstMs} ms`;
}

function toMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

/** Parses a JSON object; anything else gives an empty object. */
function parseJsonObject({ body }: ProbeResponse): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
