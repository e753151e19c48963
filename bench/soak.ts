/** The soak test: many grants work in parallel for a time, while memory and open files are sampled. */
import { connectMailbox } from "../test/support/authorize.ts";
import { toRaw } from "../test/support/emails.ts";
import { mailServer } from "../test/support/mail-server.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import { openFiles, residentMb, startServer } from "./processes.ts";
import { short, toTable } from "./table.ts";

/** Lists, reads, searches and marks until `isOver`. Returns the number of calls. */
async function work(claude: TestClient, isOver: () => boolean): Promise<number> {
  let calls = 0;
  for (let round = 0; !isOver(); round += 1) {
    const recent = await claude.call("get_recent_emails", { limit: 20 });
    const ids = (recent.data.emails as { id: string }[]).map((row) => row.id);
    const id = ids[round % ids.length] ?? "";
    await claude.call("get_email", { id });
    await claude.call("search_emails", { query: "from:ann is:unread", mailbox: "inbox", limit: 10 });
    await claude.call("mark_as_read", { ids: [id], read: round % 2 === 0 });
    await claude.call("list_mailboxes");
    calls += 5;
    await Bun.sleep(200);
  }
  return calls;
}

export async function benchSoak(
  minutes: number,
  grants: number,
  report: (line: string) => void,
): Promise<string> {
  const server = await startServer("server.ts");
  const kit = await mailServer();
  const clients: TestClient[] = [];
  for (let grant = 0; grant < grants; grant += 1) {
    const user = await kit.newUser();
    const raw = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        toRaw({ subject: `Soak ${index}`, text: "Some text.\n".repeat(40) }),
      ),
    );
    await kit.deliverAll(
      user,
      raw.map((one) => ({ raw: one })),
    );
    clients.push(await openClient(server, (await connectMailbox(server, user)).accessToken));
  }
  const end = Date.now() + minutes * 60_000;
  const working = clients.map((client) => work(client, () => Date.now() > end));
  const samples: { minute: number; mb: number; files: number }[] = [];
  const everyMs = Math.max(5_000, (minutes * 60_000) / 30);
  while (Date.now() < end) {
    await Bun.sleep(Math.min(everyMs, Math.max(1, end - Date.now())));
    const minute = minutes - (end - Date.now()) / 60_000;
    samples.push({ minute, mb: residentMb(server.pid), files: openFiles(server.pid) });
    report(
      `minute ${short(minute)}: ${short(samples.at(-1)?.mb ?? 0)} MB, ${samples.at(-1)?.files} open files`,
    );
  }
  const calls = (await Promise.all(working)).reduce((sum, count) => sum + count, 0);
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
  report(`${calls} calls`);
  const selected = samples.filter(
    (_, index) => index % Math.ceil(samples.length / 10) === 0 || index === samples.length - 1,
  );
  return toTable(
    [`soak: ${grants} grants, ${calls} calls; minute`, "resident MB", "open files"],
    selected.map(({ minute, mb, files }) => [short(minute), short(mb), files]),
  );
}
