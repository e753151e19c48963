/** Selections: what a search found, changed as one, with a real server and the tools. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { serverKinds, testLargeSelections } from "../support/selection-tests.ts";
import { raw, subjects } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

// The other kinds, and mailboxes of 20,000 emails, are in test/more.
testLargeSelections(
  400,
  serverKinds.filter(({ hasUidPlus }) => !hasUidPlus),
);

const day = 86_400_000;

/** Emails of a list, `old` of them two months old, and one of a person. */
async function newsletters(kit: MailServerKit, count: number, old = count): Promise<User> {
  const user = await kit.newUser();
  const age = (index: number) => new Date(Date.now() - (index < old ? 60 : 1) * day);
  await kit.deliverAll(user, [
    ...Array.from({ length: count }, (_, index) => ({
      raw: `List-Id: <news.example.test>\n${raw(`news-${index}`)}`,
      date: age(index),
    })),
    { raw: raw("personal"), date: age(0) },
  ]);
  return user;
}

describeMail("A selection", () => {
  test("moves what a search found, and nothing that arrives later, in one call; undo puts it back", async () => {
    const kit = await mailServer();
    const user = await newsletters(kit, 30, 20);
    await withWriter({ kit, user }, async (writer) => {
      const found = await writer.call("search_emails", { query: "list:* older_than:1m", limit: 1 });
      const selection = String(found.data.selection);
      expect(found.data.total).toBe(20);
      expect(found.text).toContain(selection);
      expect(selection.length).toBeLessThan(150);
      await kit.deliver(user, `List-Id: <news.example.test>\n${raw("later")}`, { date: new Date(0) });

      const moved = await writer.call("delete_email", { selection });
      expect(moved.data).toMatchObject({ done: 20, erased: 0, not_done: [], notes: [] });
      expect(moved.data.new_ids).toBeUndefined();
      expect(await subjects(kit, user, "Trash")).toHaveLength(20);
      expect(await subjects(kit, user)).toContain("later");
      const undone = await writer.call("undo", { operation_id: moved.data.operation_id });
      expect(undone.data.done).toBe(20);
      expect(await subjects(kit, user)).toHaveLength(32);
    });
  });

  test("skips what no longer matches and says so, and is refused for erasing then", async () => {
    const kit = await mailServer();
    const user = await newsletters(kit, 5);
    await withWriter({ kit, user }, async (writer) => {
      const select = async () =>
        (await writer.call("search_emails", { query: "list:* is:unread", limit: 1 })).data.selection;
      const selection = await select();
      const one = await writer.call("search_emails", { query: "subject:news-3" });
      await writer.call("mark_as_read", { ids: [(one.data.emails as { id: string }[])[0]?.id] });
      const refusal = await writer.refusal("delete_email", { selection, permanently: true });
      expect(refusal).toMatchObject({ code: "selection_changed" });
      expect(await subjects(kit, user)).toHaveLength(6);
      const flagged = await writer.call("flag_email", { selection, flagged: true });
      expect(flagged.data).toMatchObject({ done: 4 });
      expect(flagged.text).toContain("1 of the 5 selected emails no longer match and were skipped.");
      const erased = await writer.call("delete_email", { selection: await select(), permanently: true });
      expect(erased.data).toMatchObject({ done: 4, erased: 4 });
      expect(await subjects(kit, user)).toEqual(["news-3", "personal"]);
    });
  });

  test("works for an hour, for its own grant, as it was answered, and not with ids beside it", async () => {
    const kit = await mailServer();
    const user = await newsletters(kit, 2);
    await withWriter({ kit, user }, async (writer) => {
      const { data } = await writer.call("search_emails", { query: "list:*" });
      const selection = String(data.selection);
      const code = async (input: object) => (await writer.refusal("mark_as_read", { ...input })).code;
      const [row] = data.emails as { id: string }[];
      expect(await code({ selection, ids: [row?.id] })).toBe("invalid_input");
      expect(await code({})).toBe("invalid_input");
      expect(await code({ selection: `${selection.slice(0, -2)}AA` })).toBe("selection_expired");
      await withWriter({ kit, user }, async (stranger) => {
        expect((await stranger.refusal("mark_as_read", { selection })).code).toBe("selection_expired");
      });
      const restarted = await writer.restart();
      expect((await restarted.call("mark_as_read", { selection })).data.done).toBe(2);
      restarted.clock.advance(3_601_000);
      expect((await restarted.refusal("mark_as_read", { selection })).code).toBe("selection_expired");
      await restarted.close();
    });
  });

  test("is refused when the server renumbered its mailbox", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withWriter({ kit, user }, async (writer) => {
      await writer.call("create_mailbox", { path: "Short" });
      await kit.deliver(user, raw("old"), { mailbox: "Short" });
      const { data } = await writer.call("search_emails", { query: "subject:old", mailbox: "Short" });
      await kit.withImap(user, async (imap) => {
        await imap.mailboxDelete("Short");
        await imap.mailboxCreate("Short");
      });
      await kit.deliver(user, raw("old"), { mailbox: "Short" });
      // A server may close the connection that had it selected; the next call finds the reason.
      await writer.refusal("mark_as_read", { selection: data.selection });
      const refusal = await writer.refusal("mark_as_read", { selection: data.selection });
      expect(refusal.code).toBe("email_moved");
    });
  });
});
