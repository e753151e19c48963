/** One grant with two accounts on two mail servers, used by the official MCP client. */
import { afterAll, beforeAll, expect } from "bun:test";
import { fieldNames } from "../../src/pages/connect-form.ts";
import {
  beginAuthorization,
  formFields,
  readForm,
  redeemCode,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { describeMail, mailTest } from "../support/installed.ts";
import { type MailServerKit, mailServer, startMailServer, type User } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

const next = fieldNames.next;

type Row = { id: string; subject: string; account?: string; mailbox: string };
const rowsOf = (data: Record<string, unknown>) => data.emails as Row[];

const raw = (user: User, subject: string, date: Date) =>
  `From: Carl <carl@example.net>\r\nTo: ${user.address}\r\nSubject: ${subject}\r\nDate: ${date.toUTCString()}\r\nMessage-ID: <${subject.replaceAll(" ", "-")}@example.net>\r\n\r\nAbout the bridge.\r\n`;

describeMail("A grant with two accounts on two servers", () => {
  let product: TestProduct;
  let home: MailServerKit;
  let work: MailServerKit;
  let ann: User;
  let office: User;
  let claude: TestClient;

  const deliver = (kit: MailServerKit, user: User, subject: string, hour: number) => {
    const date = new Date(Date.UTC(2026, 4, 1, hour));
    return kit.deliver(user, raw(user, subject, date), { date });
  };

  beforeAll(async () => {
    [home, work] = [await mailServer(), await startMailServer()];
    [ann, office] = [await home.newUser(), await work.newUser()];
    product = await startProduct();
    const begun = await beginAuthorization(product);
    const first = await submitForm(product, begun, { ...formFields(ann, home), [next]: "ask" });
    const add = await submitForm(product, readForm(await first.text()), { [next]: "add" });
    const second = await submitForm(product, readForm(await add.text()), {
      ...formFields(office, work),
      [next]: "ask",
    });
    const query = await requireCode(
      await submitForm(product, readForm(await second.text()), { [next]: "finish" }),
    );
    const { accessToken } = await redeemCode(product, query.get("code") ?? "", begun.verifier);
    claude = await openClient(product, accessToken);
    for (const hour of [1, 3, 5, 7]) await deliver(home, ann, `bridge home ${hour}`, hour);
    for (const hour of [2, 4, 6]) await deliver(work, office, `bridge work ${hour}`, hour);
  });

  afterAll(async () => {
    await claude?.close();
    await product?.stop();
    await work?.stop();
  });

  mailTest("lists the mailboxes of both accounts, and of one when it is named", async () => {
    const both = await claude.call("list_mailboxes");
    expect((both.data.accounts as { address: string }[]).map(({ address }) => address)).toEqual([
      ann.address,
      office.address,
    ]);
    const one = await claude.call("list_mailboxes", { account: office.address.toUpperCase() });
    expect((one.data.accounts as unknown[]).length).toBe(1);
    expect(one.text).not.toContain(ann.address);
  });

  mailTest("refuses a call without an account, and lists the accounts", async () => {
    for (const [name, input] of [
      ["get_recent_emails", {}],
      ["search_emails", { query: "bridge" }],
      ["draft_email", { to: ["carl@example.net"], subject: "x", body: "x" }],
    ] as const) {
      const answer = await claude.try(name, input);
      expect(answer.isError).toBe(true);
      expect(answer.text).toContain(ann.address);
      expect(answer.text).toContain(office.address);
    }
  });

  mailTest("refuses an address that is not connected, and lists the accounts", async () => {
    const answer = await claude.try("get_recent_emails", { account: "nobody@example.test" });
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain(office.address);
  });

  mailTest("searches only the named account", async () => {
    const { data } = await claude.call("search_emails", { query: "bridge", account: office.address });
    expect(rowsOf(data).map(({ subject }) => subject)).toEqual([
      "bridge work 6",
      "bridge work 4",
      "bridge work 2",
    ]);
  });

  mailTest("searches both accounts on request, newest first, and each row names its account", async () => {
    const { data, text } = await claude.call("search_emails", { query: "bridge", account: "all" });
    expect(rowsOf(data).map(({ subject }) => subject)).toEqual(
      [7, 6, 5, 4, 3, 2, 1].map((hour) => `bridge ${hour % 2 ? "home" : "work"} ${hour}`),
    );
    expect(rowsOf(data).map(({ account }) => account)).toEqual(
      [7, 6, 5, 4, 3, 2, 1].map((hour) => (hour % 2 ? ann.address : office.address)),
    );
    expect(data.total).toBe(7);
    expect(data.cursor).toBeUndefined();
    expect(data.searched).toContain(`${office.address}: INBOX`);
    expect(text).toContain(`in ${office.address}: INBOX`);
  });

  mailTest("opens an email of either account by its id alone", async () => {
    const { data } = await claude.call("search_emails", { query: 'subject:"bridge work 6"', account: "all" });
    const [row] = rowsOf(data);
    const { text } = await claude.call("get_email", { id: row?.id });
    expect(text).toContain("About the bridge.");
  });

  mailTest("refuses a call with ids of both accounts, and changes nothing", async () => {
    const { data } = await claude.call("search_emails", { query: "bridge is:unread", account: "all" });
    const [home6, work5] = [rowsOf(data)[0]?.id, rowsOf(data)[1]?.id];
    const answer = await claude.try("delete_email", { ids: [home6, work5] });
    expect(answer.text).toContain("The ids belong to different accounts. Call once for each account.");
    expect((await home.read(ann)).length + (await work.read(office)).length).toBe(7);
  });

  mailTest("repeats and skips no row over several pages, while emails arrive in both accounts", async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 10; page++) {
      const { data } = await claude.call("search_emails", {
        query: "bridge -late",
        account: "all",
        limit: 2,
        cursor,
      });
      expect(rowsOf(data).length).toBeLessThanOrEqual(2);
      seen.push(...rowsOf(data).map(({ subject }) => subject));
      cursor = data.cursor as string | undefined;
      if (cursor === undefined) break;
      if (page === 0) await deliver(home, ann, "bridge home 9", 9);
      if (page === 1) await deliver(work, office, "bridge work 10", 10);
    }
    expect(cursor).toBeUndefined();
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((hour) => `bridge ${hour % 2 ? "home" : "work"} ${hour}`));
  });

  mailTest("refuses the cursor of another query", async () => {
    const { data } = await claude.call("search_emails", { query: "bridge", account: "all", limit: 2 });
    const other = await claude.try("search_emails", { query: "river", account: "all", cursor: data.cursor });
    expect(other.isError).toBe(true);
    expect(
      (await claude.try("search_emails", { query: "bridge", account: "all", cursor: "AAAA" })).isError,
    ).toBe(true);
  });

  mailTest("sends a reply from the account that received the email", async () => {
    const { data } = await claude.call("search_emails", { query: 'subject:"bridge work 4"', account: "all" });
    await claude.call("draft_email", { reply_to: rowsOf(data)[0]?.id, body: "I shall be there." });
    const [draft] = await work.read(office, "Drafts");
    expect(draft?.raw).toMatch(new RegExp(`^From: .*${office.address}`, "m"));
    expect(await home.read(ann, "Drafts")).toEqual([]);
  });

  mailTest("searches the other account when one server is down, and names the one that is down", async () => {
    await work.dovecot.kill();
    const { data, text } = await claude.call("search_emails", { query: "bridge", account: "all" });
    expect(rowsOf(data).every(({ account }) => account === ann.address)).toBe(true);
    expect(rowsOf(data).length).toBeGreaterThan(0);
    expect((data.skipped as { mailbox: string }[]).map(({ mailbox }) => mailbox)).toContain(office.address);
    expect(text).toContain(`Not searched: ${office.address}`);
  });
});
