/** The text of every tool's answer, from real servers, as snapshots that are reviewed like a page. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { openClient, type TestClient, type ToolAnswer } from "../support/mcp-client.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

const report = (from: User, to: User, number: number) =>
  [
    `From: "Ben Löwe" <${from.address}>`,
    `To: ${to.address}`,
    `Subject: Report ${number}`,
    `Message-ID: <report-${number}@example.test>`,
    ...(number > 1 ? [`In-Reply-To: <report-${number - 1}@example.test>`] : []),
    `Date: Mon, ${9 + number} Nov 2025 10:00:00 +0100`,
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=part",
    "",
    "--part",
    "Content-Type: text/html; charset=utf-8",
    "",
    '<p>Dear Ann,</p><p>see <a href="https://example.org/report">the report</a>.</p>',
    "<blockquote>Where is it?</blockquote>",
    "--part",
    'Content-Type: text/plain; name="numbers.txt"',
    'Content-Disposition: attachment; filename="numbers.txt"',
    "",
    "One, two, three.",
    "--part--",
    "",
  ].join("\r\n");

const handles = new Set(["id", "new_id", "draft_id", "operation_id", "upload", "url", "cursor", "path"]);

/** Every id, cursor and link in the data of an answer. */
function handlesOf(data: unknown): string[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) =>
    handles.has(name) && typeof value === "string" ? [value] : handlesOf(value),
  );
}

describeMail("The answer of", () => {
  let product: TestProduct;
  let claude: TestClient;
  let names: [string, string][];
  let ids: string[];
  beforeAll(async () => {
    const kit = await mailServer();
    const [ann, ben] = [await kit.newUser(), await kit.newUser()];
    for (const number of [1, 2, 3])
      await kit.deliver(ann, report(ben, ann, number), { date: new Date(Date.UTC(2025, 10, 9 + number, 9)) });
    product = await startProduct();
    claude = await openClient(product, (await grantFor(product, ann)).accessToken);
    names = [
      [ann.address, "ann@example.test"],
      [ben.address, "ben@example.test"],
      [product.url, "https://base.example"],
    ];
    const { data } = await claude.call("get_recent_emails");
    ids = (data.emails as { id: string }[]).map(({ id }) => id);
  });
  afterAll(async () => {
    await claude.close();
    await product.stop();
  });

  /** The text with stable values in place of ids, times and secrets. */
  function toStable({ text }: ToolAnswer): string {
    const renamed = names.reduce((shown, [name, stable]) => shown.replaceAll(name, stable), text);
    const seen = new Map<string, number>();
    const numbered = (kind: string, value: string) => {
      if (!seen.has(value)) seen.set(value, seen.size + 1);
      return `<${kind} ${seen.get(value)}>`;
    };
    return renamed
      .replace(/mail-[0-9a-f]{16}\b/g, "mail-nonce")
      .replace(/<[0-9a-f]{32}@example\.test>/g, "<message-id>")
      .replace(/\b[0-9a-f]{64}\b/g, "<secret>")
      .replace(/\b(op|upl)_[0-9a-f]{32}\b/g, (id, prefix: string) => numbered(prefix, id))
      .replace(/\b20(?!25-11-1)\d\d-\d\d-\d\dT[\d:.]+Z/g, "<now>")
      .replace(/(?<=cursor ")[^"]+/g, "<cursor>")
      .replace(/(?<=election (of all that match: |"))[\w-]+/g, "<selection>")
      .replace(/[\w-]{24,}/g, (word) => {
        const decoded = Buffer.from(word, "base64url").toString("latin1");
        return decoded.includes("\0") ? numbered("id", word) : word;
      });
  }

  async function expectAnswer(name: string, input: Record<string, unknown> = {}): Promise<ToolAnswer> {
    const answer = await claude.try(name, input);
    // The model of claude.ai sees the text only, so it must contain every argument of later calls.
    const known = `${JSON.stringify(input)} ${answer.text}`;
    for (const handle of handlesOf(answer.data)) expect(known).toContain(handle);
    expect(`${answer.isError ? "ERROR " : ""}${toStable(answer)}`).toMatchSnapshot(name);
    return answer;
  }

  test("list_mailboxes", () => expectAnswer("list_mailboxes"));
  test("get_recent_emails", () => expectAnswer("get_recent_emails", { limit: 2 }));
  test("get_recent_emails of unread emails", async () => {
    await expectAnswer("get_recent_emails", { limit: 1, unread_only: true });
    await expectAnswer("get_recent_emails", { mailbox: "archive", unread_only: true });
  });
  test("search_emails", () => expectAnswer("search_emails", { query: "report from:ben has:attachment" }));
  test("search_emails without a match", () => expectAnswer("search_emails", { query: "subject:nothing" }));
  test("search_emails with an unknown operator", () => expectAnswer("search_emails", { query: "form:ben" }));
  test("get_email", () => expectAnswer("get_email", { id: ids[0] }));
  test("get_email with an invalid id", () => expectAnswer("get_email", { id: "nonsense" }));
  test("a call with common mistakes is corrected", async () => {
    const { data } = await claude.call("get_email", { id: ` ${ids[0]}\n`, format: "Text", offset: null });
    expect(data.id).toBe(ids[0]);
    const list = await claude.call("get_recent_emails", { limit: "1", account: "", cursor: "" });
    expect(list.data.emails).toHaveLength(1);
  });
  test("get_thread", () => expectAnswer("get_thread", { id: ids[0] }));
  test("get_attachment", () => expectAnswer("get_attachment", { id: ids[0], index: 1 }));
  test("get_attachment as a link", () =>
    expectAnswer("get_attachment", { id: ids[0], index: 1, link: true }));
  test("draft_email and send_email of the draft", async () => {
    const { data } = await expectAnswer("draft_email", { reply_to: ids[0], body: "Thanks, **Ben**." });
    await expectAnswer("send_email", { draft_id: data.draft_id });
  });
  test("send_email with one of two recipients refused", () => {
    const to = [names[1]?.[0], "nobody@example.test"];
    return expectAnswer("send_email", { to, subject: "Party", body: "On **Friday**." });
  });
  test("send_email to an invalid address", () =>
    expectAnswer("send_email", { to: ["nobody"], subject: "x", body: "y" }));
  test("mark_as_read", () => expectAnswer("mark_as_read", { ids: [ids[0]] }));
  test("flag_email", () => expectAnswer("flag_email", { ids: ids.slice(0, 2), flagged: true }));
  test("move_email to an unknown mailbox", () =>
    expectAnswer("move_email", { ids: [ids[0]], mailbox: "Nowhere" }));
  test("move_email, and undo", async () => {
    const { data } = await expectAnswer("move_email", { ids: [ids[1]], mailbox: "archive" });
    await expectAnswer("undo", { operation_id: data.operation_id });
  });
  test("delete_email, and again", async () => {
    await expectAnswer("delete_email", { ids: [ids[2]] });
    await expectAnswer("delete_email", { ids: [ids[2]] });
  });
  test("create_mailbox", () => expectAnswer("create_mailbox", { path: "Projects" }));
  test("request_upload", () => expectAnswer("request_upload"));
});
