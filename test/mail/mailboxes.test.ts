/** What mailboxes there are on servers that tell less, or tell it in their own way. */
import { expect, test } from "bun:test";
import type { ImapFlow } from "imapflow";
import { openImap } from "../../src/mail/connection/imap.ts";
import { knownMailboxes, listMailboxes } from "../../src/mail/mailboxes.ts";
import { createOutbound } from "../../src/outbound.ts";
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
  const imap = await openImap(credentials, { outbound, signal: AbortSignal.timeout(5_000) });
  try {
    return await work(imap);
  } finally {
    imap.close();
    await server.stop();
  }
}

const list = (...rows: string[]) => ({
  say: `${rows.map((row) => `* LIST ${row}\r\n`).join("")}TAG OK done\r\n`,
});

test("A mailbox that holds no emails is not named, in whatever letters the server says so (RFC 3501 section 7.2.2)", async () => {
  const rows = list('(\\NoSelect) "/" a', '(\\NOSELECT) "/" b', '(\\nonexistent) "/" c', '() "/" INBOX');
  await withImap({ LIST: rows }, async (imap) => {
    expect((await knownMailboxes(imap)).map(({ path }) => path)).toEqual(["INBOX"]);
    expect((await listMailboxes(imap)).map(({ path }) => path)).toEqual(["INBOX"]);
  });
});

test("Without LIST-STATUS as many are counted as there is time for, those with a role first; the others are named all the same", async () => {
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

test("A mailbox whose counts the server refuses is told without, not as empty", async () => {
  const LIST = list('() "/" INBOX');
  await withImap({ LIST, STATUS: { say: "TAG NO [NOPERM] no\r\n" } }, async (imap) => {
    expect(await listMailboxes(imap)).toEqual([{ path: "INBOX", role: "inbox" }]);
  });
});
