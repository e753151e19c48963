/**
 * `doctor`: looks at PUBLIC_URL from outside, through whatever stands in front of the server, the way Claude does.
 * Each line says ok, or what to change.
 */
import { systemClock } from "../clock.ts";
import { type Config, loadConfig } from "../config.ts";
import { type Answer, ask } from "../front-door.ts";
import { type ProbeAnswer, probeHeader, probePath, probePauseMs, sealProbe } from "../http/probe.ts";
import { readKeyRing } from "../key-ring.ts";
import { createLog } from "../log.ts";
import { createSecrets } from "../secrets.ts";
import { productVersion } from "../version.ts";
import type { Terminal } from "./run.ts";

/** Claude gives up on discovery after 10 s; an answer that takes longer than this is worth a word. */
const slowMs = 2_000;
/** What /mcp takes, and what an upload of 25 MB needs. */
const callBytes = 1_000_000;
const uploadBytes = 26_000_000;

/** Throws an Error whose message says what to change. */
type Examine = () => Promise<string>;

/** 0 when all is well, 1 when a line says what to change. */
export async function doctor(terminal: Terminal): Promise<number> {
  const config = loadConfig(terminal.env);
  const base = config.publicUrl;
  let failed = 0;
  async function line(what: string, examine: Examine): Promise<void> {
    try {
      terminal.print(`ok    ${what}: ${await examine()}`);
    } catch (error) {
      failed += 1;
      terminal.print(`no    ${what}: ${error instanceof Error ? error.message : "failed"}`);
    }
  }

  terminal.print(`Looking at ${base} from outside.`);
  await line("address", async () => requirePublic(base));
  const reached = await reach(base);
  await line("reachable", async () => toReached(reached, base));
  if (reached instanceof Error) return 1;
  await line("version", async () => requireOurs(reached));
  if (base.startsWith("https:")) {
    await line("certificate", async () => requireFresh(reached));
    await line("plain http", () => examineRedirect(base));
  }
  await line("security headers", async () => requireHeaders(reached));
  for (const [path, member, expected] of documents(base))
    await line(path, () => examineDocument(`${base}${path}`, member, expected));
  await line("401 challenge", () => examineChallenge(base));

  const probe = sealedProbe(config);
  if (probe === undefined) {
    terminal.print(
      "skip  proxy, body limits, streaming: run this on the server, with its settings and its user",
    );
    return failed === 0 ? 0 : 1;
  }
  await line("proxy headers", () => examineProxy(base, probe, config));
  await line("body limit of calls", () => examineBody(base, probe, callBytes));
  await line("body limit of uploads", () => examineBody(base, probe, uploadBytes));
  await line("streaming", () => examineStream(base, probe));
  return failed === 0 ? 0 : 1;
}

function requirePublic(base: string): string {
  if (base.startsWith("https:")) return base;
  throw new Error(`${base} is for this machine only. Set PUBLIC_URL to the https address that people reach.`);
}

async function reach(base: string): Promise<Answer | Error> {
  try {
    return await ask(`${base}/health`);
  } catch (error) {
    return error instanceof Error ? error : new Error("failed");
  }
}

const advice: Readonly<Record<string, string>> = {
  ENOTFOUND: "this name has no address. Add a DNS record for it.",
  ECONNREFUSED: "nothing listens there. Is the proxy up, and the port open in the firewall?",
  ConnectionRefused: "nothing listens there. Is the proxy up, and the port open in the firewall?",
  CERT_HAS_EXPIRED: "the certificate has expired. Renew it; Caddy does so by itself.",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the certificate is self-signed; Claude refuses it. Get one from Let's Encrypt.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the certificate's chain is incomplete. Serve fullchain.pem, not cert.pem.",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate's authority is known to nobody. Get one from Let's Encrypt.",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name. Get one for this name.",
};

function toReached(reached: Answer | Error, base: string): string {
  if (reached instanceof Error) {
    const code = "code" in reached && typeof reached.code === "string" ? reached.code : reached.name;
    throw new Error(`${base}: ${advice[code] ?? `no answer (${code}).`}`);
  }
  if (reached.status !== 200)
    throw new Error(
      `/health answers ${reached.status}. The proxy is there, email-connector behind it is not.`,
    );
  return toTime(reached);
}

function toTime({ tookMs }: Answer): string {
  return tookMs > slowMs ? `${tookMs} ms, which is slow: Claude waits 10 s at most` : `${tookMs} ms`;
}

function requireOurs(reached: Answer): string {
  const { version } = toJson(reached);
  if (typeof version !== "string") throw new Error("another program answers. Point the proxy at this one.");
  if (version !== productVersion)
    throw new Error(`${version} is running, this is ${productVersion}. Restart the server after an upgrade.`);
  return version;
}

function requireFresh({ certificateEndsAt }: Answer): string {
  if (certificateEndsAt === undefined) throw new Error("its end could not be read.");
  const days = Math.floor((certificateEndsAt - systemClock.now()) / 86_400_000);
  if (days < 14) throw new Error(`it ends in ${days} days. Renew it; Caddy does so by itself.`);
  return `valid for ${days} days`;
}

async function examineRedirect(base: string): Promise<string> {
  const url = new URL(base);
  // A port of its own has no plain twin.
  if (url.port !== "") return `not looked at: https is on port ${url.port}`;
  const plain = await ask(`http://${url.hostname}/health`, { timeoutMs: 5_000 }).catch(() => undefined);
  if (plain === undefined) return "closed";
  if (plain.status >= 300 && plain.status < 400 && String(plain.headers.location).startsWith("https:"))
    return "leads to https";
  throw new Error("port 80 answers without leading to https. Redirect it in the proxy.");
}

function requireHeaders({ headers }: Answer): string {
  const missing = ["strict-transport-security", "x-content-type-options", "x-frame-options"].filter(
    (name) => headers[name] === undefined,
  );
  if (missing.length > 0) throw new Error(`the proxy removes ${missing.join(", ")}. Let them through.`);
  return "arrive";
}

/** Path, the member that must say who we are, and what it must say. */
function documents(base: string): [path: string, member: string, expected: string][] {
  return [
    ["/.well-known/oauth-protected-resource/mcp", "resource", `${base}/mcp`],
    ["/.well-known/oauth-protected-resource", "resource", `${base}/mcp`],
    ["/.well-known/oauth-authorization-server", "issuer", base],
    ["/oauth/meta", "issuer", base],
  ];
}

async function examineDocument(url: string, member: string, expected: string): Promise<string> {
  const answer = await ask(url);
  if (answer.status !== 200)
    throw new Error(`answers ${answer.status}. The proxy must pass /.well-known/ on and keep nothing of it.`);
  const said = toJson(answer)[member];
  if (said !== expected)
    throw new Error(
      `${member} is ${JSON.stringify(said)}, not ${expected}. Set PUBLIC_URL, and restart the server.`,
    );
  return toTime(answer);
}

async function examineChallenge(base: string): Promise<string> {
  const answer = await ask(`${base}/mcp`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  const challenge = String(answer.headers["www-authenticate"] ?? "");
  if (answer.status !== 401)
    throw new Error(`POST /mcp answers ${answer.status}, not 401. Pass /mcp on as it is.`);
  if (!challenge.includes(`resource_metadata="${base}/`))
    throw new Error(
      "the WWW-Authenticate header is lost. Let the proxy pass it on, and no error page of its own.",
    );
  return toTime(answer);
}

/** The header that opens the probe; undefined when the key is not ours to read. */
function sealedProbe(config: Config): (() => Record<string, string>) | undefined {
  try {
    const secrets = createSecrets(readKeyRing(config, createLog("silent")));
    return () => ({ [probeHeader]: sealProbe(secrets, systemClock) });
  } catch {
    return undefined;
  }
}

async function examineProxy(
  base: string,
  probe: () => Record<string, string>,
  config: Config,
): Promise<string> {
  const answer = await ask(`${base}${probePath}`, {
    method: "POST",
    // What a caller writes here must not be believed.
    headers: { ...probe(), "X-Forwarded-For": "203.0.113.77" },
  });
  if (answer.status === 404)
    throw new Error("the server has another key than this command. Run it with the server's settings.");
  const seen = toJson(answer) as Partial<ProbeAnswer>;
  if (seen.peer === "203.0.113.77")
    throw new Error("anybody can choose the address we count by. Let the proxy replace X-Forwarded-For.");
  const { hostname } = new URL(base);
  if (seen.host?.replace(/:\d+$/, "") !== hostname)
    throw new Error(`the Host arrives as ${seen.host}. Let the proxy pass the caller's Host on.`);
  if (base.startsWith("https:") && config.trustedProxies.length === 0)
    throw new Error("all callers look like one, the proxy. Set TRUSTED_PROXIES to its address.");
  return `callers are told apart; this one is ${seen.peer}`;
}

async function examineBody(
  base: string,
  probe: () => Record<string, string>,
  bytes: number,
): Promise<string> {
  const answer = await ask(`${base}${probePath}`, {
    method: "POST",
    headers: { ...probe(), "Content-Type": "application/octet-stream" },
    body: new Uint8Array(bytes),
    timeoutMs: 60_000,
  });
  const { bytes: arrived } = toJson(answer);
  if (answer.status !== 200 || arrived !== bytes)
    throw new Error(`${toMegabytes(bytes)} answers ${answer.status}. Raise the proxy's limit to 27 MB.`);
  return `${toMegabytes(bytes)} pass, ${toTime(answer)}`;
}

async function examineStream(base: string, probe: () => Record<string, string>): Promise<string> {
  const answer = await ask(`${base}${probePath}`, { headers: { ...probe(), "Accept-Encoding": "gzip" } });
  const [first = 0] = answer.pieces;
  const last = answer.pieces.at(-1) ?? 0;
  if (answer.status !== 200) throw new Error(`answers ${answer.status}.`);
  if (answer.headers["content-encoding"] !== undefined)
    throw new Error("the proxy compresses streams, which holds them back. Leave text/event-stream alone.");
  if (last - first < probePauseMs / 2)
    throw new Error("the proxy holds answers back. Switch its buffering off for /mcp.");
  return `first bytes after ${first} ms`;
}

function toMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

/** The members of a JSON answer; none when it is something else. */
function toJson({ body }: Answer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
