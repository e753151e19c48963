/**
 * Labels and categories of Gmail, and the labels of Proton Mail Bridge.
 * https://developers.google.com/workspace/gmail/imap/imap-extensions
 */
import { expect, test } from "bun:test";
import { startGmail } from "../support/gmail.ts";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { raw } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

type Rows = { id: string; subject: string; labels?: string[] }[];
const subjectsOf = (data: Record<string, unknown>) =>
  (data.emails as Rows).map(({ subject }) => subject).sort();

describeMail("Labels at Gmail", () => {
  test("An email with several labels is one row that names them; label: and category: find by them", async () => {
    const kit = await mailServer();
    const meanings: Readonly<Record<string, string>> = {
      "category:promotions": "SUBJECT offer",
      "smaller:5242880": "SMALLER 5242880",
      "subject:plain": "SUBJECT plain",
    };
    const gmail = await startGmail(kit, (query) => meanings[query.replace("in:anywhere ", "")]);
    const user = await gmail.newUser();
    await kit.withImap(user, async (imap) => {
      for (const label of ["Work", "Receipts"]) await imap.mailboxCreate(label);
    });
    await gmail.deliver(user, raw("plain"));
    await gmail.deliver(user, raw("both"), { labels: ["INBOX", "Work", "Receipts"] });
    await gmail.deliver(user, raw("offer"), { labels: ["Receipts"] });
    await withWriter({ kit: { ...kit, imap: gmail.imap }, user }, async (writer) => {
      const search = async (query: string) => (await writer.call("search_emails", { query })).data;
      const found = await search("label:Work");
      expect(found.emails).toMatchObject([{ subject: "both", labels: ["Inbox", "Receipts", "Work"] }]);
      expect(subjectsOf(await search("label:Receipts"))).toEqual(["both", "offer"]);
      expect(subjectsOf(await search("label:receipts -label:work"))).toEqual(["offer"]);
      expect(subjectsOf(await search("category:promotions"))).toEqual(["offer"]);
      expect(subjectsOf(await search("smaller:5M"))).toEqual(["both", "offer", "plain"]);
      const [{ id } = { id: "" }] = found.emails as Rows;
      const read = await writer.call("get_email", { id });
      expect(read.text).toContain("Labels: Inbox, Receipts, Work");
      expect(gmail.commands.some((command) => /^UID SEARCH .*X-GM-LABELS "?Work/.test(command))).toBe(true);

      // A word is a label there, which undo takes off again.
      const [plain] = (await search("subject:plain")).emails as Rows;
      const flagged = await writer.call("flag_email", { ids: [plain?.id], add_keywords: ["Tax", "$mine"] });
      expect(gmail.commands.filter((command) => command.startsWith("UID STORE"))).toEqual([
        "UID STORE 1 +FLAGS.SILENT ($mine)",
        "UID STORE 1 +X-GM-LABELS (Tax)",
      ]);
      expect((await search("label:Tax")).emails).toMatchObject([
        { subject: "plain", labels: ["Inbox", "Tax"] },
      ]);
      await writer.call("undo", { operation_id: flagged.data.operation_id });
      expect((await search("label:Tax")).total).toBe(0);

      const refused = await writer.refusal("search_emails", { query: "category:nonsense" });
      expect(refused).toMatchObject({ code: "unsupported_query" });
    });
    await gmail.stop();
  });

  test("category: is refused elsewhere, since nothing but Gmail knows it", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withWriter({ kit, user }, async (writer) => {
      const refused = await writer.refusal("search_emails", { query: "category:promotions" });
      expect(refused).toMatchObject({
        code: "unsupported_query",
        message: expect.stringContaining("Only Gmail"),
      });
    });
  });
});

describeMail("Labels of Proton Mail Bridge", () => {
  test("An email is one row although it is in its folder, in All Mail and below Labels; label: finds it there", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.withImap(user, async (imap) => {
      for (const path of ["All Mail", "Folders/Projects", "Labels/Work"]) await imap.mailboxCreate(path);
    });
    for (const mailbox of ["INBOX", "All Mail", "Labels/Work"])
      await kit.deliver(user, raw("labelled"), { mailbox });
    for (const mailbox of ["Folders/Projects", "All Mail"])
      await kit.deliver(user, raw("filed"), { mailbox });
    const rewrite: ImapRewrite = {
      answer: (line) => line.replace(/^(\* LIST \()([^)]*)(\) \S+ "?All Mail"?)/, "$1$2 \\All$3"),
    };
    const proxy = await startImapProxy(kit, rewrite);
    await withWriter({ kit: { ...kit, imap: proxy.imap }, user }, async (writer) => {
      const search = async (query: string) => (await writer.call("search_emails", { query })).data;
      const all = await search("smaller:5M");
      expect(subjectsOf(all)).toEqual(["filed", "labelled"]);
      expect(all.total).toBe(2);
      const labelled = await search("label:work");
      expect(labelled.searched).toEqual(["Labels/Work"]);
      expect(subjectsOf(labelled)).toEqual(["labelled"]);
      for (const query of [
        "-label:work",
        "in:inbox OR -label:Work",
        "(subject:filed OR subject:labelled) -label:work",
      ])
        expect([query, ...subjectsOf(await search(query))]).toEqual([
          query,
          ...(query.includes("inbox") ? ["filed", "labelled"] : ["filed"]),
        ]);
      expect(subjectsOf(await search("subject:labelled -(-label:work)"))).toEqual(["labelled"]);
      const many = Array.from({ length: 101 }, (_, at) => ({
        raw: raw(`many${at}`),
        mailbox: "Labels/Work",
      }));
      await kit.deliverAll(user, many);
      const refused = await writer.refusal("search_emails", { query: "-label:work" });
      expect(refused).toMatchObject({
        code: "unsupported_query",
        message: expect.stringContaining("102 have"),
      });
      expect(subjectsOf(await search("-label:work -subject:many"))).toEqual(["filed"]);
    });
    await proxy.stop();
  });
});
