/** The benchmark of selections: a search, and up to 5,000 emails of it moved in one call and put back in another. */
import { connectMailbox } from "../test/support/authorize.ts";
import type { User } from "../test/support/mail-server.ts";
import { openClient } from "../test/support/mcp-client.ts";
import type { MailHost } from "./mail-host.ts";
import type { ServerProcess } from "./processes.ts";
import { percentile, short, time, toTable } from "./table.ts";
import type { Setting } from "./tools.ts";

/** The first emails of the generated threads: every fourth, so that their UIDs form no ranges. */
const query = '-subject:"re:"';
const head = ["emails", "delay ms", "call", "moved", "round trips", "KB", "median ms"];

/** Puts back what an earlier run moved, and lets the server read the subjects, as one in use has done before. */
async function prepare(host: MailHost, user: User): Promise<void> {
  await host.kit.withImap(user, async (imap) => {
    await imap.mailboxOpen("Archive");
    if (imap.mailbox && imap.mailbox.exists > 0) await imap.messageMove("1:*", "INBOX");
    await imap.mailboxOpen("INBOX");
    await imap.search({ not: { subject: "re:" } });
  });
}

/** Measures each setting `rounds` times. `report` receives one line of progress per setting. */
export async function benchSelections(
  host: MailHost,
  server: ServerProcess,
  settings: readonly Setting[],
  rounds: number,
  report: (line: string) => void,
): Promise<string> {
  const rows: (string | number)[][] = [];
  const { imap } = host.proxies;
  for (const { emails, delayMs } of settings) {
    imap.delay(0);
    const user = await host.createUser(emails);
    await prepare(host, user);
    const { accessToken } = await connectMailbox(server, user, { servers: host.servers });
    const claude = await openClient(server, accessToken);
    imap.delay(delayMs);
    const costs = new Map<
      string,
      { times: number[]; roundTrips: number; kilobytes: number; count: number }
    >();
    const measure = async (name: string, tool: string, input: Record<string, unknown>) => {
      imap.reset();
      let data: Record<string, unknown> = {};
      const ms = await time(async () => {
        ({ data } = await claude.call(tool, input));
      });
      const { roundTrips, received } = imap.count();
      const cost = costs.get(name) ?? { times: [], roundTrips: 0, kilobytes: 0, count: 0 };
      cost.times.push(ms);
      cost.roundTrips += roundTrips / rounds;
      cost.kilobytes += received / rounds / 1000;
      cost.count = Number(data.done ?? data.total);
      costs.set(name, cost);
      return data;
    };
    for (let round = 0; round < rounds; round += 1) {
      const { selection } = await measure("search_emails", "search_emails", {
        query,
        mailbox: "inbox",
        limit: 1,
      });
      const moved = await measure("move_email", "move_email", { selection, mailbox: "archive" });
      await measure("undo", "undo", { operation_id: moved.operation_id });
    }
    for (const [name, { times, roundTrips, kilobytes, count }] of costs)
      rows.push([
        ...[emails, delayMs, name, count],
        ...[roundTrips, kilobytes, percentile(times, 0.5)].map(short),
      ]);
    report(
      rows
        .slice(-3)
        .map((row) => row.join("  "))
        .join("\n"),
    );
    await claude.close();
  }
  return toTable(head, rows);
}
