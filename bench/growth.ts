/** The growth benchmark: memory, open files and the duration of a call, by the number of people with an open connection. */
import { connectMailbox } from "../test/support/authorize.ts";
import { mailServer } from "../test/support/mail-server.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import { openFiles, residentMb, startServer } from "./processes.ts";
import { percentile, short, time, toTable } from "./table.ts";

const timedCalls = 60;

/** `people`: the numbers of people, in ascending order. Each has called list_mailboxes once; the first goes on calling. */
export async function benchGrowth(
  people: readonly number[],
  report: (line: string) => void,
): Promise<string> {
  const kit = await mailServer();
  const server = await startServer("server.ts", { ALLOW_PRIVATE_HOSTS: "localhost,127.0.0.0/8" });
  const rows: (string | number)[][] = [];
  let first: TestClient | undefined;
  let warm = 0;
  for (const count of people) {
    while (warm < count) {
      const { accessToken } = await connectMailbox(server, await kit.newUser());
      const client = await openClient(server, accessToken);
      await client.call("list_mailboxes");
      if (first) await client.close();
      first ??= client;
      warm += 1;
    }
    const caller = first;
    if (!caller) throw new Error("nobody is connected");
    const times: number[] = [];
    for (let call = 0; call < timedCalls; call += 1)
      times.push(await time(() => caller.call("list_mailboxes")));
    report(`growth: ${count} people`);
    rows.push([
      count,
      ...[residentMb(server.pid), openFiles(server.pid)].map((figure) => short(figure)),
      ...[0.5, 0.95].map((share) => `${short(percentile(times, share))} ms`),
    ]);
  }
  await first?.close();
  await server.stop();
  return toTable(["warm people", "resident MB", "open files", "list_mailboxes p50", "p95"], rows);
}
