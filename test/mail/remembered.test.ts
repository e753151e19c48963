/** The path of a role, remembered between calls, and read again once the server says otherwise. */
import { expect, test } from "bun:test";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { idsOf, newMailbox } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

const namesOf = (commands: readonly string[]) => commands.map((line) => /^(UID )?\w+/.exec(line)?.[0]);

describeMail("The path of a role", () => {
  test("is remembered for a minute, and read again when the server says that it is gone (TRYCREATE)", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await kit.withImap(user, (imap) => imap.mailboxCreate("Kept"));
    let isRenamed = false;
    const rewrite: ImapRewrite = {
      command: (line) =>
        isRenamed && /UID MOVE \S+ "?Archive/.test(line) ? { say: "TAG NO [TRYCREATE] gone\r\n" } : line,
      answer: (text) => {
        if (!isRenamed || !text.startsWith("* LIST")) return text;
        if (/ "?Archive"?\r\n$/.test(text)) return "";
        return / "?Kept"?\r\n$/.test(text) ? text.replace("* LIST (", "* LIST (\\Archive ") : text;
      },
    };
    const proxy = await startImapProxy(kit, rewrite);
    await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const ids = await idsOf(writer);
      const move = (subject: string) =>
        writer.call("move_email", { ids: [ids.get(subject)], mailbox: "archive" });
      const commandsOf = async (work: () => Promise<unknown>) => {
        const before = proxy.commands.length;
        await work();
        return namesOf(proxy.commands.slice(before));
      };
      expect(await commandsOf(() => move("one"))).toEqual(["LIST", "UID MOVE"]);
      expect(await commandsOf(() => move("two"))).toEqual(["UID MOVE"]);
      writer.clock.advance(61_000);
      expect(await commandsOf(() => writer.call("list_mailboxes"))).toContain("LIST");
      isRenamed = true;
      const moved = await move("three");
      expect(moved.data).toMatchObject({ done: 1, mailbox: "Kept" });
      expect((await kit.read(user, "Kept")).map(({ subject }) => subject)).toEqual(["three"]);
    });
    await proxy.stop();
  });
});
