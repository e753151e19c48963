/** `serve`: starts the server, prints the connector settings for Claude, and stops gracefully on a signal. */
import { type Config, loadConfig } from "../config.ts";
import { createLog } from "../log.ts";
import { type Product, start } from "../start.ts";
import { productVersion } from "../version.ts";
import type { Terminal } from "./terminal.ts";

const freeAfterMs = 1_000;

/** Frees what only the start needed: the code of modules that ran once, about 5 MB. */
function freeStartMemory(): void {
  Bun.shrink();
  Bun.gc(true);
}

export async function serve(terminal: Terminal): Promise<number> {
  const config = loadConfig(terminal.env);
  const log = createLog(config.logLevel, terminal.writeLog);
  const product = await start(config, { log });
  log.info("started", { version: productVersion, port: product.port });
  for (const setting of config.unknownSettings) log.warn("unknown_setting", { setting });
  if (config.allowedEmails.length === 0)
    log.warn("anyone_may_connect_their_own_mailbox", { setting: "ALLOWED_EMAILS" });
  terminal.print(toWelcome(product, config));
  setTimeout(freeStartMemory, freeAfterMs).unref();
  await new Promise<void>((resolve) => {
    if (terminal.stopping.aborted) resolve();
    terminal.stopping.addEventListener("abort", () => resolve());
  });
  log.info("stopping", { signal: String(terminal.stopping.reason) });
  await product.stop();
  return 0;
}

/** The settings to enter in Claude. A secret that the operator configured is not printed. */
function toWelcome(product: Product, config: Config): string {
  const secret =
    config.oauthClientSecret === undefined ? product.client.secret : "(your OAUTH_CLIENT_SECRET)";
  const lines = [
    `email-connector ${productVersion} is up at ${product.url}, listening on ${config.host}:${product.port}`,
    "",
    "  In Claude: Settings > Connectors > Add custom connector",
    `    URL            ${product.url}/mcp`,
    `    Client ID      ${product.client.id}`,
    `    Client secret  ${secret}`,
    "  In Claude Code:",
    `    claude mcp add --transport http email ${product.url}/mcp`,
    "",
  ];
  if (config.allowedEmails.length === 0)
    lines.push(
      "  Anyone who reaches this address may connect their own mailbox; ALLOWED_EMAILS restricts it.",
    );
  if (product.certificateProblem !== undefined)
    lines.push(
      `  There is no new certificate yet: ${product.certificateProblem}`,
      "  Until there is one, https is closed, or served with the last one. It tries again; the log says when.",
    );
  if (!product.url.startsWith("https:"))
    lines.push("  claude.ai reaches only https addresses: set PUBLIC_URL (see README, On a server).");
  return lines.join("\n");
}
