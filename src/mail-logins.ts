/** The logins at mail servers: for calls and for proving an account, counted in the metrics and logged by command. */
import type { Credentials, MailServer } from "./credentials.ts";
import { createImapCommandLog } from "./imap/command-log.ts";
import type { ImapDeadlines } from "./imap/connect.ts";
import type { ServerFacts } from "./imap/server-memory.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Outbound } from "./outbound/outbound.ts";
import { createSmtpCommandLog } from "./smtp/command-log.ts";
import type { SmtpDeadlines } from "./smtp/connect.ts";

/** Imports at the first login, also for a sooner start; once, because an import of a loaded module costs time, too. */
function createLoader<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loaded: Promise<Module> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

/** The four kinds of logins at mail servers, counted in the metrics. */
export function createMailLogins(deps: {
  outbound: Outbound;
  metrics: Metrics;
  log: Log;
  deadlines: { imap?: ImapDeadlines; smtp?: SmtpDeadlines };
}) {
  const { outbound, metrics, log, deadlines } = deps;
  const loadImap = createLoader(() => import("./imap/connect.ts"));
  const loadSmtp = createLoader(() => import("./smtp/connect.ts"));
  const loadOwnName = createLoader(() => import("./mail/sending/find-own-name.ts"));
  const logImap = createImapCommandLog({ log });
  const logSmtp = createSmtpCommandLog({ log });
  // A connected mailbox has lookups of its own, which no stranger can hold.
  const vetForGrant: Outbound["vet"] = (target) => outbound.vet(target, { lane: "grant" });
  const vetOpenedForGrant: Outbound["vetOpened"] = (target) => outbound.vetOpened(target, { lane: "grant" });
  const forGrant = { ...outbound, vet: vetForGrant, vetOpened: vetOpenedForGrant };
  const toImap = (signal: AbortSignal) => ({
    outbound,
    signal,
    deadlines: deadlines.imap,
    logCommands: logImap,
  });
  const toSmtp = (signal: AbortSignal) => ({
    outbound,
    signal,
    deadlines: deadlines.smtp,
    logCommands: logSmtp,
  });
  return {
    async openImap(credentials: Credentials, signal: AbortSignal, facts: ServerFacts) {
      const { openImap } = await loadImap();
      const options = { ...toImap(signal), outbound: forGrant, facts };
      return metrics.countLogin("imap", openImap(credentials, options));
    },
    async proveImap(
      credentials: Credentials,
      signal: AbortSignal,
      { writes, openedOnly }: { writes: boolean; openedOnly: boolean },
    ) {
      const [{ proveImap }, { createOwnNameFinder }] = await Promise.all([loadImap(), loadOwnName()]);
      const findOwnName = writes ? createOwnNameFinder(credentials.address) : undefined;
      const vet = openedOnly ? outbound.vetOpened : outbound.vet;
      const options = { ...toImap(signal), outbound: { ...outbound, vet } };
      return metrics.countLogin("imap", proveImap(credentials, options, findOwnName));
    },
    async openSmtp(credentials: Credentials, signal: AbortSignal) {
      const { openSmtp } = await loadSmtp();
      return metrics.countLogin(
        "smtp",
        openSmtp(credentials, { ...toSmtp(signal), outbound: forGrant, isKnown: true }),
      );
    },
    async proveSmtp(credentials: Credentials, signal: AbortSignal) {
      const { proveSmtp } = await loadSmtp();
      return metrics.countLogin("smtp", proveSmtp(credentials, toSmtp(signal)));
    },
    async readCertificate(side: "imap" | "smtp", server: MailServer, signal: AbortSignal) {
      if (side === "imap") return (await loadImap()).readImapCertificate(server, toImap(signal));
      return (await loadSmtp()).readSmtpCertificate(server, toSmtp(signal));
    },
  };
}
