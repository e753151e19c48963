/** Selections of 5,000 emails in mailboxes of 20,000, on servers of three kinds. */
import { expect, test } from "bun:test";
import { startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { serverKinds, testLargeSelections } from "../support/selection-tests.ts";
import { raw, subjects } from "../support/small-mailbox.ts";

import { withWriter } from "../support/writer.ts";

testLargeSelections(20_000, serverKinds);

describeMail.each(serverKinds)("A server with $kind that refuses the second part of a move", (kind) => {
  test("has moved the first part, and the answer says so and has a selection of the rest", async () => {
    const kit = await mailServer(kind.settings === "" ? {} : { settings: kind.settings });
    const user = await kit.newUser();
    const emails = Array.from({ length: 1_400 }, (_, index) => ({ raw: raw(`mail-${index}`) }));
    await kit.deliverAll(user, emails);
    let transfers = 0;
    const proxy = await startImapProxy(kit, {
      command(command) {
        if (/^\S+ UID (COPY|MOVE) /.test(command)) transfers += 1;
        return transfers === 2 && /^\S+ UID (COPY|MOVE) /.test(command)
          ? { say: "TAG NO [LIMIT] Too much for now\r\n" }
          : command;
      },
    });
    await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const { data } = await writer.call("search_emails", { query: "subject:mail", limit: 1 });
      const moved = await writer.call("move_email", { selection: data.selection, mailbox: "archive" });
      expect(moved.data).toMatchObject({ done: 1_250, left: 150, not_done: [] });
      expect(moved.text).toContain("It stopped there: ");
      expect(await subjects(kit, user, "Archive")).toHaveLength(1_250);
      const rest = await writer.call("move_email", { selection: moved.data.selection, mailbox: "archive" });
      expect(rest.data).toMatchObject({ done: 150, not_done: [] });
      expect(rest.data.selection).toBeUndefined();
      expect(await subjects(kit, user, "Archive")).toHaveLength(1_400);
      for (const { operation_id } of [rest.data, moved.data]) await writer.call("undo", { operation_id });
      const inbox = (await kit.read(user)).filter(({ flags }) => !flags.includes("\\Deleted"));
      expect(inbox).toHaveLength(1_400);
    });
    await proxy.stop();
  }, 120_000);
});
