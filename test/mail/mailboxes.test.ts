/** Lists of mailboxes on servers with fewer capabilities or unusual answers. */
import { expect, test } from "bun:test";
import type { ImapFlow } from "imapflow";
import { openImap } from "../../src/imap/connect.ts";
import { knownMailboxes, listMailboxes } from "../../src/mail/mailboxes.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { type HostileScript, startHostileImap } from "../support/hostile-imap.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });

async function withImap<T>(on: HostileScript["on"], work: (imap: ImapFlow) => Promise<T>): Promise<T> {
  const CAPABILITY = { say: "* CAPABILITY IMAP4rev1 NAMESPACE\r\nTAG OK done\r\n" };
  const server = await startHostileImap({ on: { CAPABILITY, ...on } });
  const address = "ann@example.test";
  const credentials = {
    ...{ address, username: address, password: "x", provider: "generic" },
    imap: server.server,
  };
  const imap = await openImap(credentials, { outbound, signal: AbortSignal.timeout(20_000) });
  try {
    return await work(imap);
  } finally {
    imap.close();
    await server.stop();
  }
}

/** A mailbox name in modified UTF-7 (RFC 3501 section 5.1.3). */
const toModifiedUtf7 = (name: string) =>
  name.replace(/[^\x20-\x7e]+/g, (letters) => {
    const bytes = Buffer.from(letters, "utf16le").swap16().toString("base64");
    return `&${bytes.replace(/=+$/, "").replaceAll("/", ",")}-`;
  });

const list = (...rows: string[]) => ({
  say: `${rows.map((row) => `* LIST ${row}\r\n`).join("")}TAG OK done\r\n`,
});

test("A \\Noselect mailbox is not listed, whatever the case of the attribute (RFC 3501 section 7.2.2)", async () => {
  const rows = list('(\\NoSelect) "/" a', '(\\NOSELECT) "/" b', '(\\nonexistent) "/" c', '() "/" INBOX');
  await withImap({ LIST: rows }, async (imap) => {
    expect((await knownMailboxes(imap)).map(({ path }) => path)).toEqual(["INBOX"]);
    expect((await listMailboxes(imap)).map(({ path }) => path)).toEqual(["INBOX"]);
  });
});

test("Without LIST-STATUS mailboxes are counted while time lasts, those with a role first; the rest is listed without counts", async () => {
  const many = Array.from({ length: 2_000 }, (_, index) => `() "/" box${index}`);
  const LIST = list(...many, '() "/" INBOX', '() "/" Sent');
  const STATUS = { say: "* STATUS INBOX (MESSAGES 7 UNSEEN 2)\r\nTAG OK done\r\n" };
  await withImap({ LIST, STATUS }, async (imap) => {
    const late = await listMailboxes(imap, 1);
    expect(late.length).toBe(2_002);
    expect(late.slice(0, 2).map(({ role }) => role)).toEqual(["inbox", "sent"]);
    expect(late[0]).toEqual({ path: "INBOX", role: "inbox", total: 7, unread: 2 });
    expect(late.at(-1)?.total).toBeUndefined();
  });
});

test("A mailbox whose STATUS is refused is listed without counts, not as empty", async () => {
  const LIST = list('() "/" INBOX');
  await withImap({ LIST, STATUS: { say: "TAG NO [NOPERM] no\r\n" } }, async (imap) => {
    expect(await listMailboxes(imap)).toEqual([{ path: "INBOX", role: "inbox" }]);
  });
});

test.each<[string, Record<string, string>]>([
  ["Skickade objekt, 草稿夹, 已删除, Spamverdacht, Archiviati", {}],
  ["보낸편지함, 임시보관함, Κάδος, QUARANTAINE, アーカイブ", {}],
  // Of two the one nearer to the root; names that imapflow knows go first.
  [
    "Alt/Gelöschte Nachrichten, Mensajes eliminados, Spam, Bulk",
    { trash: "Mensajes eliminados", junk: "Spam" },
  ],
])(
  "Where a server tells no uses, names do, in the languages of mail clients: %s",
  async (names, expected) => {
    const paths = names.split(", ");
    const LIST = list('() "/" INBOX', ...paths.map((path) => `() "/" "${toModifiedUtf7(path)}"`));
    await withImap({ LIST }, async (imap) => {
      const known = await knownMailboxes(imap);
      const roles = Object.fromEntries(known.flatMap(({ path, role }) => (role ? [[role, path]] : [])));
      const inOrder = ["sent", "drafts", "trash", "junk", "archive"].map((role, at) => [role, paths[at]]);
      const meant = Object.keys(expected).length > 0 ? expected : Object.fromEntries(inOrder);
      expect(roles).toEqual({ inbox: "INBOX", ...meant });
    });
  },
);

test("Mailboxes of other users and shared ones have no role, so nothing is deleted into them (RFC 2342)", async () => {
  const NAMESPACE = {
    say: '* NAMESPACE (("" "/")) (("Other/" "/")) (("Shared/" "/"))\r\nTAG OK done\r\n',
  };
  const rows = ["INBOX", "Other/ben/Trash", "Shared/Archive", "Sent"].map((path) => `() "/" ${path}`);
  await withImap({ LIST: list(...rows), NAMESPACE }, async (imap) => {
    const known = await knownMailboxes(imap);
    expect(known.map(({ path, role }) => [path, role]).sort()).toEqual([
      ["INBOX", "inbox"],
      ["Other/ben/Trash", undefined],
      ["Sent", "sent"],
      ["Shared/Archive", undefined],
    ]);
  });
});

test("A mailbox that LIST names twice is listed once", async () => {
  await withImap({ LIST: list('() "/" INBOX', '() "/" Sent', '() "/" Sent') }, async (imap) => {
    expect((await knownMailboxes(imap)).map(({ path, role }) => [path, role])).toEqual([
      ["INBOX", "inbox"],
      ["Sent", "sent"],
    ]);
  });
});
