/**
 * The waiting time of a light caller while other people read the heaviest emails and documents: list_mailboxes of one grant,
 * alone and beside readers of hostile emails.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connectMailbox } from "../test/support/authorize.ts";
import { archive, docx, pdfOf, pdfStream } from "../test/support/documents.ts";
import { toRaw } from "../test/support/emails.ts";
import { emailEverywhere } from "../test/support/isolation-tests.ts";
import { type MailServerKit, mailServer } from "../test/support/mail-server.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import { mimeBombs } from "../test/support/mime-bombs.ts";
import { type ServerProcess, startServer } from "./processes.ts";
import { percentile, short, time, toTable } from "./table.ts";

const heavyReaders = 3;
const pauseMs = 50;

const simple = (type: string, body: string) =>
  `From: ann@example.test\r\nSubject: heavy\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;

const heavyEmails = (): string[] => [
  simple("text/plain", `http://a${".".repeat(90_000)}x`),
  simple("text/html", `<p>words <a href="https://a.example/${"/".repeat(90_000)}">link</a></p>`),
  simple("text/plain", `<${" ".repeat(90_000)}`),
  ...[".", "/", "=", "["].map((character) => emailEverywhere(character.repeat(90_000))),
  emailEverywhere(`<${" ".repeat(90_000)}`),
  ...["3,000 style rules over 100,000 elements", "style rules that look into elements"].map(
    (name) => mimeBombs[name]?.() ?? "",
  ),
];

/** `calls`: light calls for each row. `folder`: the bench folder of another checkout, whose server is measured. */
export async function benchIsolation(
  { calls, folder }: { calls: number; folder?: string },
  report: (line: string) => void,
): Promise<string> {
  const kit = await mailServer();
  const server = await startServer("server.ts", {}, folder);
  const light = await connect(kit, server);
  const rows: (string | number)[][] = [];
  const measure = async (name: string) => {
    const waits: number[] = [];
    for (let call = 0; call < calls; call += 1) {
      waits.push(await time(() => light.call("list_mailboxes")));
      await Bun.sleep(pauseMs);
    }
    report(`isolation: ${name}`);
    rows.push([name, ...[0.5, 0.99, 1].map((share) => `${short(percentile(waits, share))} ms`)]);
  };
  await light.call("list_mailboxes");
  await measure("nobody else");
  let isOver = false;
  // One after another: a peer may have two logins in flight.
  const readers: TestClient[] = [];
  while (readers.length < heavyReaders) readers.push(await connect(kit, server, heavyEmails));
  const reading = readers.map(async (client) => {
    while (!isOver) await readAll(client, () => isOver);
    await client.close();
  });
  await measure(`${heavyReaders} grants that read the heaviest emails and documents`);
  isOver = true;
  await Promise.all(reading);
  rows.push(await measureHealth(kit, server, calls));
  await light.close();
  await server.stop();
  return toTable(["others", "p50", "p99", "longest"], rows);
}

/** A PDF with this many pages of fifty lines. */
function toPdf(pages: number): Buffer {
  const line = "(words of a page that somebody reads in the evening) Tj T*";
  const text = `BT /F1 10 Tf 12 TL 50 750 Td ${Array.from({ length: 50 }, () => line).join(" ")} ET`;
  const numbers = Array.from({ length: pages }, (_, page) => 4 + 2 * page);
  return pdfOf([
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Count ${pages} /Kids [${numbers.map((number) => `${number} 0 R`).join(" ")}] >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ...numbers.flatMap((number) => [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${number + 1} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
      pdfStream(text),
    ]),
  ]);
}

/** The wait for /health while one grant reads 20 newsletters of 150 KB and a PDF of 200 pages, again and again. */
async function measureHealth(kit: MailServerKit, server: ServerProcess, calls: number): Promise<string[]> {
  const page = readFileSync(join(import.meta.dir, "../test/fixtures/html/newsletter-weekly.html"), "latin1");
  const newsletter = page.repeat(Math.ceil(150_000 / page.length)).slice(0, 150_000);
  const letters = Array.from({ length: 20 }, () => simple("text/html; charset=utf-8", newsletter));
  const client = await connect(kit, server, () => letters, [{ filename: "book.pdf", content: toPdf(200) }]);
  let isOver = false;
  const reading = (async () => {
    while (!isOver) await readAll(client, () => isOver);
  })();
  const waits: number[] = [];
  for (let call = 0; call < calls * 5; call += 1) {
    waits.push(await time(async () => void (await (await fetch(`${server.url}/health`)).text())));
    await Bun.sleep(pauseMs / 5);
  }
  isOver = true;
  await reading;
  await client.close();
  const name = "/health, while 20 newsletters of 150 KB and a PDF of 200 pages are read";
  return [name, ...[0.5, 0.99, 1].map((share) => `${short(percentile(waits, share))} ms`)];
}

/** Opens a client for a new mailbox; with these emails and some documents in it. */
async function connect(
  kit: MailServerKit,
  server: ServerProcess,
  toEmails?: () => string[],
  files: readonly { filename: string; content: Buffer }[] = [],
): Promise<TestClient> {
  const user = await kit.newUser();
  if (toEmails) {
    const emails = toEmails().map((raw) => ({ raw: Buffer.from(raw, "latin1") }));
    const attachments = [
      ...files,
      { filename: "report.docx", content: Buffer.from(docx()) },
      { filename: "page.html", content: `<p>${"<b>words</b> ".repeat(100_000)}</p>` },
      { filename: "files.zip", content: Buffer.from(archive()) },
    ];
    await kit.deliverAll(user, [
      ...emails,
      { raw: await toRaw({ subject: "files", text: "x", attachments }) },
    ]);
  }
  const tokens = await connectMailbox(server, user, { level: "read" });
  return openClient(server, tokens.accessToken);
}

async function readAll(client: TestClient, isOver: () => boolean): Promise<void> {
  const { data } = await client.call("get_recent_emails", { limit: 20 });
  for (const { id } of data.emails as { id: string }[]) {
    for (const format of ["markdown", "text", "html"]) {
      if (isOver()) return;
      await client.try("get_email", { id, format });
    }
    for (const index of [1, 2, 3]) {
      if (isOver()) return;
      await client.try("get_attachment", { id, index });
    }
  }
}
