/** Round trips and octets of each tool, counted by a proxy in front of a real Dovecot. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { prepareMailbox } from "../../bench/mailbox.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { toRaw } from "../support/emails.ts";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, startMailServer, type User } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { eventually } from "../support/waiting.ts";

type Scene = { user: User; claude: TestClient; ids: string[] };

let kit: MailServerKit;
let product: TestProduct;
let imap: CountingProxy;
let smtp: CountingProxy;
let small: Scene;
let large: Scene;

const metricsToken = "a-token-for-metrics-0123456789";
const counts = { small: 200, large: 6_000 };

async function open(folder: string, emails: number): Promise<Scene> {
  const address = `person-${emails}@example.test`;
  prepareMailbox(join(folder, address), emails);
  if (process.getuid?.() === 0) await Bun.$`chown -R mail:mail ${join(folder, address)}`;
  const user = await kit.setUser(address);
  const servers = { imap: { ...kit.imap, port: imap.port }, smtp: { ...kit.smtp, port: smtp.port } };
  const claude = await openClient(product, (await grantFor(product, user, { servers })).accessToken);
  const recent = await claude.call("get_recent_emails", { limit: 50 });
  return { user, claude, ids: (recent.data.emails as { id: string }[]).map((row) => row.id) };
}

/** Round trips and octets from the mail servers of one call. */
async function cost(work: () => Promise<unknown>): Promise<{ roundTrips: number; received: number }> {
  imap.reset();
  smtp.reset();
  await work();
  return {
    roundTrips: imap.count().roundTrips + smtp.count().roundTrips,
    received: imap.count().received + smtp.count().received,
  };
}

/** Number of IMAP connections that the product has open. */
async function openConnections({ url }: TestProduct): Promise<number> {
  const headers = { authorization: `Bearer ${metricsToken}` };
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
  return Number(/^email_connector_imap_connections (\d+)$/m.exec(metrics)?.[1]);
}

describeMail("A warm connection", () => {
  beforeAll(async () => {
    const folder = temporaryFolder("mailboxes");
    kit = await startMailServer({ mailFolder: folder, format: "maildir" });
    imap = await startCountingProxy(kit.imap.port);
    smtp = await startCountingProxy(kit.smtp.port);
    product = await startProduct({ settings: { METRICS_TOKEN: metricsToken } });
    small = await open(folder, counts.small);
    large = await open(folder, counts.large);
  });

  afterAll(async () => {
    await Promise.all([small, large].map((scene) => scene?.claude.close()));
    await product?.stop();
    await Promise.all([imap?.stop(), smtp?.stop(), kit?.stop()]);
  });

  const budgets: [string, number, (scene: Scene) => Promise<unknown>][] = [
    ["list_mailboxes", 2, ({ claude }) => claude.call("list_mailboxes")],
    ["get_recent_emails", 1, ({ claude }) => claude.call("get_recent_emails", { limit: 50 })],
    [
      "get_recent_emails, unread only",
      2,
      ({ claude }) => claude.call("get_recent_emails", { unread_only: true }),
    ],
    ["get_email that was listed", 1, ({ claude, ids }) => claude.call("get_email", { id: ids[7] })],
    [
      "search_emails in one mailbox",
      3,
      ({ claude }) => claude.call("search_emails", { query: "from:river", mailbox: "inbox" }),
    ],
    // LIST, with SEARCH and FETCH beside it.
    [
      "get_thread of an email that was listed",
      3,
      ({ claude, ids }) => claude.call("get_thread", { id: ids[8] }),
    ],
    ["mark_as_read", 1, ({ claude, ids }) => claude.call("mark_as_read", { ids: ids.slice(10, 30) })],
    [
      "move_email by path",
      1,
      ({ claude, ids }) => claude.call("move_email", { ids: ids.slice(30, 35), mailbox: "Archive" }),
    ],
    [
      "move_email by role",
      1,
      ({ claude, ids }) => claude.call("move_email", { ids: ids.slice(35, 40), mailbox: "trash" }),
    ],
  ];
  for (const [what, most, call] of budgets)
    test(`${what} takes at most ${most} round trip${most > 1 ? "s" : ""}`, async () => {
      expect((await cost(() => call(small))).roundTrips).toBeLessThanOrEqual(most);
    });

  test("the next page of get_recent_emails takes at most 2 round trips", async () => {
    const first = await small.claude.call("get_recent_emails", { limit: 20 });
    const next = { limit: 20, cursor: first.data.cursor };
    expect((await cost(() => small.claude.call("get_recent_emails", next))).roundTrips).toBeLessThanOrEqual(
      2,
    );
  });

  test("send_email reuses the open SMTP connection", async () => {
    const email = () => ({ to: [large.user.address], subject: `Email ${Math.random()}`, body: "Hello." });
    await small.claude.call("send_email", email());
    const logins = kit.submission.logins();
    const { roundTrips } = await cost(() => small.claude.call("send_email", email()));
    expect(kit.submission.logins()).toBe(logins);
    // MAIL, RCPT and DATA together, then the email; then APPEND with a search for a second copy, which may follow it.
    expect(roundTrips).toBeLessThanOrEqual(4);
  });

  test("a list of 50 emails takes less than 60 KB from the server", async () => {
    const list = () => small.claude.call("get_recent_emails", { limit: 50 });
    await list();
    const { received } = await cost(list);
    expect(received).toBeLessThan(60_000);
  });

  test("get_email does not fetch a large attachment", async () => {
    const attachments = [{ filename: "large.pdf", content: Buffer.alloc(2_000_000, 7) }];
    await kit.deliver(small.user, await toRaw({ subject: "Large", text: "See attached.", attachments }));
    const recent = await small.claude.call("get_recent_emails", { limit: 1 });
    const [row] = recent.data.emails as { id: string; subject: string }[];
    expect(row?.subject).toBe("Large");
    const { received } = await cost(() => small.claude.call("get_email", { id: row?.id }));
    expect(received).toBeLessThan(20_000);
  });

  for (const tool of ["get_recent_emails", "get_email"])
    test(`${tool} costs the same in a mailbox of ${counts.large} emails as in one of ${counts.small}`, async () => {
      const call = ({ claude, ids }: Scene) =>
        tool === "get_email" ? claude.call(tool, { id: ids[3] }) : claude.call(tool, { limit: 20 });
      await Promise.all([small, large].map((scene) => scene.claude.call("get_recent_emails", { limit: 20 })));
      const [few, many] = [await cost(() => call(small)), await cost(() => call(large))];
      expect(many.roundTrips).toBeLessThanOrEqual(few.roundTrips);
      expect(many.received).toBeLessThan(Math.max(few.received, 4_000) * 1.3);
    });

  test("search_emails over thirty mailboxes takes at most three round trips in sequence, ten on a new connection", async () => {
    const user = await kit.newUser();
    await kit.withImap(user, async (connection) => {
      for (let number = 1; number <= 30; number += 1) {
        await connection.mailboxCreate(`Project ${number}`);
        const subject = number === 7 ? "Report of the seventh" : "Report";
        await connection.append(`Project ${number}`, await toRaw({ subject, text: `Of ${number}.` }));
      }
    });
    const servers = { imap: { ...kit.imap, port: imap.port }, smtp: { ...kit.smtp, port: smtp.port } };
    const claude = await openClient(product, (await grantFor(product, user, { servers })).accessToken);
    const search = (query: string) => claude.call("search_emails", { query, limit: 30 });
    const found = await search("subject:report");
    expect(found.data.total).toBe(30);
    expect(new Set((found.data.emails as { mailbox: string }[]).map(({ mailbox }) => mailbox)).size).toBe(30);
    // Two connections at the same time: SELECT and SORT of all; SELECT and the dates of all; SELECT and the rows of all.
    expect((await cost(() => search("subject:report"))).roundTrips).toBeLessThanOrEqual(6);
    // No dates, and one SELECT for the rows.
    expect((await cost(() => search("subject:seventh"))).roundTrips).toBeLessThanOrEqual(3);
    imap.drop();
    await eventually(() => openConnections(product).then((open) => open === 0));
    expect((await cost(() => search("subject:report"))).roundTrips).toBeLessThanOrEqual(10);
    await claude.close();
  });

  test("get_email of an email that was not listed takes one round trip, SELECT included", async () => {
    imap.drop();
    await eventually(() => openConnections(product).then((open) => open === 0));
    await small.claude.call("list_mailboxes");
    const read = () => small.claude.call("get_email", { id: small.ids[11] });
    expect((await cost(read)).roundTrips).toBe(1);
  });

  // TCP, TLS and its end, which brings the greeting, the login; then the commands after it and the call's first together.
  const coldBudgets: [string, number, (scene: Scene) => Promise<unknown>][] = [
    ["list_mailboxes", 5, ({ claude }) => claude.call("list_mailboxes")],
    ["get_recent_emails", 6, ({ claude }) => claude.call("get_recent_emails", { limit: 50 })],
    [
      "search_emails in one mailbox",
      7,
      ({ claude }) => claude.call("search_emails", { query: "from:river", mailbox: "inbox" }),
    ],
    ["get_email", 5, ({ claude, ids }) => claude.call("get_email", { id: ids[9] })],
    [
      "mark_as_read",
      6,
      ({ claude, ids }) => claude.call("mark_as_read", { ids: ids.slice(40, 42), read: false }),
    ],
    [
      "move_email by role",
      7,
      ({ claude, ids }) => claude.call("move_email", { ids: [ids[42]], mailbox: "trash" }),
    ],
  ];
  for (const [what, most, call] of coldBudgets)
    test(`${what} takes at most ${most} round trips on a new connection`, async () => {
      imap.drop();
      await eventually(() => openConnections(product).then((open) => open === 0));
      expect((await cost(() => call(small))).roundTrips).toBeLessThanOrEqual(most);
    });
});
