/** The tests of selections in a large mailbox, on servers of three kinds, with their round trips counted. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { prepareMailbox } from "../../bench/mailbox.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";
import { describeMail } from "./installed.ts";
import { type MailServerKit, startMailServer, type User } from "./mail-server.ts";
import { temporaryFolder } from "./temporary.ts";
import { openWriter, type Writer } from "./writer.ts";

/** Capabilities in Dovecot's form, without MOVE and UIDPLUS. */
const bare = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE NAMESPACE LIST-EXTENDED SPECIAL-USE";

export const serverKinds = [
  { kind: "MOVE and UIDPLUS", settings: "", hasUidPlus: true },
  { kind: "UIDPLUS without MOVE", settings: `imap_capability = ${bare} UIDPLUS`, hasUidPlus: true },
  { kind: "neither MOVE nor UIDPLUS", settings: `imap_capability = ${bare}`, hasUidPlus: false },
];

const count = async (kit: MailServerKit, user: User, path: string, unmarked = false) =>
  kit.withImap(user, async (imap) => {
    await imap.mailboxOpen(path, { readOnly: true });
    const query = unmarked ? { deleted: false } : { all: true };
    return ((await imap.search(query, { uid: true })) || []).length;
  });

/** Changes a quarter of a mailbox of `emails` in one call, its sender being one of four in turn. */
export function testLargeSelections(emails: number, kinds: typeof serverKinds): void {
  describeMail.each(kinds)(`A selection in a mailbox of ${emails} emails, with $kind`, (kind) => {
    let kit: MailServerKit;
    let proxy: CountingProxy;
    let writer: Writer;
    let user: User;
    let progress: [number, number][];

    beforeAll(async () => {
      const folder = temporaryFolder("mailboxes");
      const settings = kind.settings === "" ? {} : { settings: kind.settings };
      kit = await startMailServer({ mailFolder: folder, format: "maildir", ...settings });
      proxy = await startCountingProxy(kit.imap.port);
      const address = "person@example.test";
      prepareMailbox(join(folder, address), emails);
      if (process.getuid?.() === 0) await Bun.$`chown -R mail:mail ${join(folder, address)}`;
      user = await kit.setUser(address);
      progress = [];
      writer = await openWriter({
        kit,
        user,
        imap: { ...kit.imap, port: proxy.port },
        signal: AbortSignal.timeout(600_000),
        progress: (done, total) => progress.push([done, total]),
      });
    }, 120_000);

    afterAll(async () => {
      await writer?.close();
      await proxy?.stop();
      await kit?.stop();
    });

    /** A selection of every fourth email. */
    async function select(): Promise<{ selection: string; total: number }> {
      // The first of each thread of four: their UIDs form no ranges.
      const { data } = await writer.call("search_emails", {
        query: '-subject:"re:"',
        mailbox: "inbox",
        limit: 1,
      });
      return { selection: String(data.selection), total: Number(data.total) };
    }

    const tests: [string, (selection: string) => Promise<Record<string, unknown>>][] = [
      ["marked", async (selection) => (await writer.call("mark_as_read", { selection, read: false })).data],
      ["flagged", async (selection) => (await writer.call("flag_email", { selection, flagged: true })).data],
      [
        "moved",
        async (selection) => (await writer.call("move_email", { selection, mailbox: "archive" })).data,
      ],
      ["put in the trash", async (selection) => (await writer.call("delete_email", { selection })).data],
    ];
    for (const [what, change] of tests)
      test(`is ${what} in one call of at most 20 round trips, with progress, and undone in one`, async () => {
        const { selection, total } = await select();
        expect(total).toBe(emails / 4);
        proxy.reset();
        progress.length = 0;
        const data = await change(selection);
        expect(proxy.count().roundTrips).toBeLessThanOrEqual(20);
        expect(data).toMatchObject({ done: total, not_done: [] });
        expect(progress.at(-1)).toEqual([total, total]);
        if (what === "moved") expect(await count(kit, user, "Archive")).toBe(total);
        if (what === "put in the trash") expect(await count(kit, user, "Trash")).toBe(total);
        proxy.reset();
        const undone = await writer.call("undo", { operation_id: data.operation_id });
        // Every fifth of them was unread already.
        expect(undone.data.done).toBe(what === "marked" ? (total * 4) / 5 : total);
        expect(await count(kit, user, "INBOX", true)).toBe(emails);
      }, 120_000);
  });
}
