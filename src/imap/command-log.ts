/**
 * Logs each IMAP command at level debug: its name, the number of the selected mailbox, duration, octets and status.
 * Names, arguments and responses are never logged: they hold people's mail.
 */
import type { ImapFlow } from "imapflow";
import type { Log } from "../log.ts";
import { canExecute } from "./raw-search.ts";

/** Logs the commands of a connection from now on. */
export type ImapCommandLog = (imap: ImapFlow) => void;

/** Connections are numbered from 1 in the order they are opened, mailboxes from 1 in the order they are selected. */
export function createImapCommandLog({ log }: { log: Log }): ImapCommandLog {
  let connections = 0;
  return (imap) => {
    if (!canExecute(imap)) return;
    connections += 1;
    const connection = connections;
    const mailboxes = new Map<string, number>();
    let selected: number | undefined;
    const exec = imap.exec.bind(imap);
    imap.exec = async (command, attributes, options) => {
      const selects = command === "SELECT" || command === "EXAMINE";
      const mailbox = selects ? numberOf(attributes[0], mailboxes) : selected;
      const before = imap.stats();
      const startedAt = performance.now();
      const record = (outcome: string) => {
        const { sent, received } = imap.stats();
        log.debug("imap_command", {
          connection,
          command: /^[A-Z][A-Z ]{1,30}$/.test(command) ? command : "other",
          mailbox,
          durationMs: Math.round(performance.now() - startedAt),
          sentOctets: sent - before.sent,
          receivedOctets: received - before.received,
          outcome,
        });
      };
      try {
        const response = await exec(command, attributes, options);
        if (selects) selected = mailbox;
        record("OK");
        return response;
      } catch (error) {
        record(toOutcome(error));
        throw error;
      }
    };
  };
}

/** Numbers the mailbox that SELECT's argument names. */
function numberOf(argument: unknown, mailboxes: Map<string, number>): number {
  const name = typeof argument === "object" && argument && "value" in argument ? String(argument.value) : "";
  const number = mailboxes.get(name) ?? mailboxes.size + 1;
  mailboxes.set(name, number);
  return number;
}

/** NO or BAD, or "lost" when the connection ended without a tagged response. */
function toOutcome(error: unknown): string {
  const status = error instanceof Error && "responseStatus" in error ? error.responseStatus : undefined;
  return status === "NO" || status === "BAD" ? status : "lost";
}
