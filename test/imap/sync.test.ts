import { expect, test } from "bun:test";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { toRaw } from "../support/emails.ts";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { startProduct } from "../support/product.ts";

type Row = { id: string; subject: string; unread: boolean };

const list = async (claude: TestClient) => (await claude.call("get_recent_emails")).data.emails as Row[];

/** Runs `work` with a mailbox of three emails that the client has just listed. */
async function withWarmMailbox(
  work: (scene: { user: User; claude: TestClient; roundTrips: () => number }) => Promise<void>,
): Promise<void> {
  const kit = await mailServer();
  const proxy = await startCountingProxy(kit.imap.port);
  const product = await startProduct();
  const user = await kit.newUser();
  for (const subject of ["One", "Two", "Three"]) await kit.deliver(user, await toRaw({ subject, text: "x" }));
  const servers = { imap: { ...kit.imap, port: proxy.port }, smtp: kit.smtp };
  const claude = await openClient(product, (await grantFor(product, user, { servers })).accessToken);
  expect((await list(claude)).map((row) => row.subject)).toEqual(["Three", "Two", "One"]);
  proxy.reset();
  await work({ user, claude, roundTrips: () => proxy.count().roundTrips });
  await claude.close();
  await product.stop();
  await proxy.stop();
}

describeMail("A mailbox that was listed before", () => {
  test("An unchanged mailbox is listed again in one round trip", () =>
    withWarmMailbox(async ({ claude, roundTrips }) => {
      expect(await list(claude)).toHaveLength(3);
      expect(roundTrips()).toBe(1);
    }));

  test("An email that arrived since is in the next list and in the next search", () =>
    withWarmMailbox(async ({ user, claude }) => {
      const kit = await mailServer();
      await kit.deliver(user, await toRaw({ subject: "Four", text: "x" }));
      const newest = await claude.call("get_recent_emails", { limit: 2 });
      expect((newest.data.emails as Row[]).map((row) => row.subject)).toEqual(["Four", "Three"]);
      expect((await list(claude)).map((row) => row.subject)).toEqual(["Four", "Three", "Two", "One"]);
      await kit.deliver(user, await toRaw({ subject: "Five", text: "x" }));
      const found = await claude.call("search_emails", { query: "subject:five" });
      expect((found.data.emails as Row[]).map((row) => row.subject)).toEqual(["Five"]);
    }));

  test("An email that another client read since is shown as read", () =>
    withWarmMailbox(async ({ user, claude }) => {
      const kit = await mailServer();
      await kit.withImap(user, async (imap) => {
        await imap.mailboxOpen("INBOX");
        await imap.messageFlagsAdd("1:2", ["\\Seen"]);
      });
      expect((await list(claude)).map((row) => row.unread)).toEqual([true, false, false]);
      await kit.withImap(user, async (imap) => {
        await imap.mailboxOpen("INBOX");
        await imap.messageFlagsAdd("3", ["\\Seen"]);
      });
      const unread = await claude.call("search_emails", { query: "is:unread", mailbox: "inbox" });
      expect(unread.data.emails).toEqual([]);
    }));

  test("An email that another client removed since is in neither list nor total", () =>
    withWarmMailbox(async ({ user, claude }) => {
      const kit = await mailServer();
      await kit.withImap(user, async (imap) => {
        await imap.mailboxOpen("INBOX");
        await imap.messageDelete("2");
      });
      const answer = await claude.call("get_recent_emails");
      expect((answer.data.emails as Row[]).map((row) => row.subject)).toEqual(["Three", "One"]);
      expect(answer.data.total).toBe(2);
    }));

  test("An email that another client removed since is not in the next page, even when the page before ended with it", () =>
    withWarmMailbox(async ({ user, claude }) => {
      const kit = await mailServer();
      const remove = (uid: string) =>
        kit.withImap(user, async (imap) => {
          await imap.mailboxOpen("INBOX");
          await imap.messageDelete(uid, { uid: true });
        });
      const first = await claude.call("get_recent_emails", { limit: 1 });
      const next = async () => {
        const { data } = await claude.call("get_recent_emails", { limit: 1, cursor: first.data.cursor });
        return { subjects: (data.emails as Row[]).map((row) => row.subject), total: data.total };
      };
      await remove("2");
      expect(await next()).toEqual({ subjects: ["One"], total: 2 });
      await remove("3");
      expect(await next()).toEqual({ subjects: ["One"], total: 1 });
    }));
});
