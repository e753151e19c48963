/**
 * `bun run demo`: the product beside a lively mailbox of its own, for a first look, for screenshots and for playing. A
 * real Dovecot and a submission server run on this machine; what is sent arrives in the other mailbox. Nothing is left
 * behind when it ends.
 */
import { join } from "node:path";
import { systemClock } from "../src/clock.ts";
import { loadConfig } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import { createOutbound } from "../src/outbound/outbound.ts";
import { start } from "../src/start.ts";
import { startDnsServer } from "../test/support/dns-server.ts";
import { hasMailServer } from "../test/support/installed.ts";
import { startMailServer } from "../test/support/mail-server.ts";
import { removeTemporaryFolders, temporaryFolder } from "../test/support/temporary.ts";
import { composeMailbox } from "./emails.ts";

const say = (line = "") => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  if (!hasMailServer) {
    say("The demonstration needs a mail server: apt-get install dovecot-imapd dovecot-lmtpd openssl");
    say("On Debian as root, `bun run demo` installs them by itself.");
    return 1;
  }
  const kit = await startMailServer();
  const dns = await startDnsServer();
  // The page finds the servers by the address, as it does for a company's own domain (RFC 6186).
  const host = "mail.good.test";
  dns.set(host, { addresses: ["127.0.0.1"] });
  const srv = {
    "_imaps._tcp": { host, port: kit.imap.port },
    "_submissions._tcp": { host, port: kit.smtp.port },
  };
  dns.set("good.test", { srv });
  const [ana, ben] = [await kit.setUser("ana@good.test"), await kit.setUser("ben@good.test")];
  await kit.withImap(ana, (imap) => imap.mailboxCreate("Invoices"));
  const emails = await composeMailbox(ana.address, ben.address, systemClock.now());
  await kit.deliverAll(ana, emails);

  const port = process.env.PORT ?? "3000";
  const settings = {
    PORT: port,
    DATA_DIR: join(temporaryFolder("demo"), "data"),
    ALLOW_PRIVATE_HOSTS: "127.0.0.0/8",
    LOG_LEVEL: process.env.LOG_LEVEL ?? "warn",
    OPERATOR_NAME: "Demonstration",
    // Other programs than Claude can be tried here, too (docs/clients.md).
    ACCEPTED_CLIENTS: process.env.ACCEPTED_CLIENTS ?? "claude,inspector",
  };
  const config = loadConfig(settings);
  const outbound = createOutbound({
    allowPrivateHosts: config.allowPrivateHosts,
    dnsServers: [dns.server],
    clock: systemClock,
  });
  const product = await start(config, { log: createLog(config.logLevel), outbound });
  say(`The demonstration runs at ${product.url}, with ${emails.length} emails.`);
  say();
  say("  In Claude Code:");
  say(`    claude mcp add --transport http email-demo ${product.url}/mcp`);
  say("  then /mcp there opens the page, and you type:");
  say(`    Email address  ${ana.address}`);
  say(`    Password       ${ana.password}`);
  say(`  The other person, who receives what you send: ${ben.address}, ${ben.password}`);
  say();
  say('  Try: "What needs an answer?", "How much was the last invoice?", "Tell Ben that Thursday works."');
  say("  Ctrl-C ends it, and deletes everything.");

  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await product.stop();
  dns.stop();
  await kit.stop();
  removeTemporaryFolders();
  say("Everything is deleted. In Claude Code: claude mcp remove email-demo");
  return 0;
}

process.exit(await main());
