/** Marking emails in one round trip: the flags from before, which undo restores, are certain all the same. */
import { expect, test } from "bun:test";
import { startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { idsOf, newMailbox } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

describeMail("Flags that are read and changed in one flight", () => {
  test("RFC 7162: undo reverts only what was changed, also when the answers were lost with the connection", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    let isLosing = false;
    const proxy = await startImapProxy(kit, {
      answer: (text) => (isLosing ? "" : text),
      hangUpOn: (text) => {
        const hangsUp = isLosing && /^\w+ OK .*Store completed/i.test(text);
        if (hangsUp) isLosing = false;
        return hangsUp;
      },
    });
    await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const ids = await idsOf(writer);
      const [one, two] = ["one", "two"].map((subject) => ids.get(subject));
      await writer.call("mark_as_read", { ids: [one] });
      isLosing = true;
      const marked = await writer.call("mark_as_read", { ids: [one, two] });
      expect(isLosing).toBe(false);
      expect(marked.data).toMatchObject({ done: 2 });
      const stores = proxy.commands.filter((line) => line.startsWith("UID STORE"));
      expect(stores).toHaveLength(2);
      await writer.call("undo", { operation_id: marked.data.operation_id });
      const seen = (await kit.read(user)).filter(({ flags }) => flags.includes("\\Seen"));
      expect(seen.map(({ subject }) => subject)).toEqual(["one"]);
    });
    await proxy.stop();
  });

  test("RFC 7162 section 3.1.3: what another program changed meanwhile is not counted as changed here", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const [one, two, three] = ["one", "two", "three"].map((subject) => ids.get(subject));
      await kit.withImap(user, async (imap) => {
        await imap.mailboxOpen("INBOX");
        const uids = (await imap.search({ subject: "one" }, { uid: true })) || [];
        await imap.messageFlagsAdd(uids, ["\\Seen"], { uid: true });
        const gone = (await imap.search({ subject: "three" }, { uid: true })) || [];
        await imap.messageDelete(gone, { uid: true });
      });
      const marked = await writer.call("mark_as_read", { ids: [one, two, three] });
      expect(marked.data).toMatchObject({ done: 2, not_done: [{ id: three }] });
      await writer.call("undo", { operation_id: marked.data.operation_id });
      const seen = (await kit.read(user)).filter(({ flags }) => flags.includes("\\Seen"));
      expect(seen.map(({ subject }) => subject)).toEqual(["one"]);
    });
  });
});
