/** The cold benchmark: round trips and commands of each tool's first call after a silence, and of the second. */
import { readFileSync } from "node:fs";
import { connectMailbox } from "../test/support/authorize.ts";
import type { User } from "../test/support/mail-server.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import type { MailHost } from "./mail-host.ts";
import type { ServerProcess } from "./processes.ts";
import { toTable } from "./table.ts";

type Scene = { claude: TestClient; ids: string[]; sink: User };

type ColdCase = {
  tool: string;
  description: string;
  smtp?: boolean;
  /** Each `round` works on another email. */
  call(scene: Scene, round: number): Promise<unknown>;
};

const coldCases: readonly ColdCase[] = [
  { tool: "list_mailboxes", description: "", call: ({ claude }) => claude.call("list_mailboxes") },
  {
    tool: "get_recent_emails",
    description: "20 newest",
    call: ({ claude }) => claude.call("get_recent_emails", { limit: 20 }),
  },
  {
    tool: "search_emails",
    description: "in one mailbox",
    call: ({ claude }, round) =>
      claude.call("search_emails", { query: round ? "from:ann" : "from:river", mailbox: "inbox", limit: 20 }),
  },
  {
    tool: "search_emails",
    description: "in all mailboxes",
    call: ({ claude }, round) => claude.call("search_emails", { query: round ? "from:ann" : "from:river" }),
  },
  {
    tool: "get_email",
    description: "",
    call: ({ claude, ids }, round) => claude.call("get_email", { id: ids[round] ?? "" }),
  },
  {
    tool: "get_thread",
    description: "",
    call: ({ claude, ids }, round) => claude.call("get_thread", { id: ids[round + 2] ?? "" }),
  },
  {
    tool: "mark_as_read",
    description: "",
    call: ({ claude, ids }, round) => claude.call("mark_as_read", { ids: [ids[round + 4]] }),
  },
  {
    tool: "move_email",
    description: "to the archive",
    call: ({ claude, ids }, round) =>
      claude.call("move_email", { ids: [ids[round + 6]], mailbox: "archive" }),
  },
  {
    tool: "send_email",
    description: "",
    smtp: true,
    call: ({ claude, sink }) =>
      claude.call("send_email", {
        to: [sink.address],
        subject: `At ${performance.now()}`,
        body: "A few lines.",
      }),
  },
];

/** The IMAP commands of the log from `offset` on, per connection. */
function commandsSince(logFile: string, offset: number): string {
  const lines = readFileSync(logFile, "utf8").slice(offset).split("\n").filter(Boolean);
  const commands = new Map<number, string[]>();
  for (const line of lines) {
    const entry = JSON.parse(line) as { event: string; connection: number; command: string };
    if (entry.event !== "imap_command") continue;
    commands.set(entry.connection, [...(commands.get(entry.connection) ?? []), entry.command]);
  }
  return [...commands.values()].map((list) => list.join(", ")).join("; ");
}

/** Runs each tool on new connections, then again, and reports the round trips of both. `logFile` is the server's log. */
export async function benchCold(
  host: MailHost,
  server: ServerProcess,
  logFile: string,
  emails: number,
): Promise<string> {
  const user = await host.createUser(emails);
  const sink = await host.kit.newUser();
  const { accessToken } = await connectMailbox(server, user, { servers: host.servers });
  const claude = await openClient(server, accessToken);
  const recent = await claude.call("get_recent_emails", { limit: 50 });
  const ids = (recent.data.emails as { id: string }[]).map((row) => row.id);
  // The own addresses of the account are read with the first email of a day.
  const first = { to: [sink.address], subject: "First", body: "A few lines." };
  await claude.call("send_email", first);
  const proxies = [host.proxies.imap, host.proxies.smtp];
  for (const proxy of proxies) proxy.delay(50);
  const rows: (string | number)[][] = [];
  for (const test of coldCases) {
    for (const proxy of proxies) proxy.drop();
    await Bun.sleep(50);
    const row: (string | number)[] = [test.tool, test.description];
    for (const round of [0, 1]) {
      const before = readFileSync(logFile, "utf8").length;
      for (const proxy of proxies) proxy.reset();
      const startedAt = performance.now();
      await test.call({ claude, ids, sink }, round);
      const ms = performance.now() - startedAt;
      await Bun.sleep(120);
      const [imap, smtp] = proxies.map((proxy) => proxy.count());
      row.push(`${imap?.roundTrips ?? 0}${smtp?.roundTrips ? ` + ${smtp.roundTrips}` : ""}`);
      row.push((ms / 50).toFixed(1), commandsSince(logFile, before));
    }
    rows.push(row);
  }
  await claude.close();
  return toTable(["tool", "", "cold", "time / RTT", "commands", "again", "time / RTT", "commands"], rows);
}
