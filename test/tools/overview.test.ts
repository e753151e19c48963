import { expect, test } from "bun:test";
import { systemClock } from "../../src/clock.ts";
import { groupBySender, toGroupedEmail, toGroupQuery } from "../../src/mail/search/sender-groups.ts";
import type { Query } from "../../src/query/query.ts";
import { newKey } from "../../src/secrets.ts";
import { createSelections } from "../../src/tools/selections.ts";
import { toInbox } from "../support/inbox.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { subjects } from "../support/small-mailbox.ts";
import { withWriter } from "../support/writer.ts";

type Sender = { from: { address: string }; list?: string; count: number; unread: number; selection?: string };

describeMail("overview", () => {
  test("counts a mailbox by list and sender, and its selections hold exactly these emails", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const now = Date.now();
    await kit.deliverAll(user, toInbox({ perList: 5, personal: 80, now }));
    await kit.deliver(user, "From: Joperson1 <joperson1@people.example.test>\nSubject: Other\n\nx\n");
    await withWriter({ kit, user }, async (writer) => {
      const { data, text } = await writer.call("overview");
      expect(data).toMatchObject({ total: 177, mailbox: "INBOX" });
      const senders = data.senders as Sender[];
      expect(senders).toHaveLength(8);
      expect(senders[0]).toMatchObject({ count: 8, unread: 3 });
      expect(senders.every(({ list }) => list?.endsWith(".lists.example.test"))).toBe(true);
      expect(text).toContain(`selection ${senders[0]?.selection}`);
      expect(text).toContain("others with");
      const moved = await writer.call("move_email", { selection: senders[0]?.selection, mailbox: "archive" });
      expect(moved.data).toMatchObject({ done: 8, notes: [] });
      const there = await subjects(kit, user, "Archive");
      expect(new Set(there.map((subject) => subject.replace(/ number.*/, ""))).size).toBe(1);

      const recent = await writer.call("overview", { since: "10d", unread_only: true });
      expect((recent.data.senders as Sender[])[0]).toMatchObject({ count: 3, unread: 3 });
      const refusal = await writer.refusal("overview", { since: "yesterday" });
      expect(refusal.code).toBe("unsupported_query");
    });
  });
});

const email = (uid: number, from: string, list = "") =>
  toGroupedEmail([{ name: "From", value: from }, ...(list ? [{ name: "List-Id", value: list }] : [])], {
    uid,
    receivedAt: uid,
    unread: false,
  });

test("a group's query leaves out addresses and lists that contain its own, and there is none when it cannot", () => {
  const all = [
    email(1, "Ann <ann@example.org>"),
    email(2, "ann@example.org"),
    email(3, "joann@example.org"),
    email(4, "Ann <ann@example.org>", "News <news.example.org>"),
    email(5, "x@example.org", "<my-news.example.org>"),
    email(6, '"via joann@example.org" <ann@example.org>'),
    email(7, ""),
  ];
  const queryOf = (emails: typeof all, uid: number) => {
    const group = groupBySender(emails).find((one) => one.emails.some((own) => own.uid === uid));
    return group && toGroupQuery(group, emails);
  };
  const field = (text: string): Query => ({ kind: "field", field: "from", text, exact: true });
  const list = (text: string): Query => ({ kind: "header", header: "List-Id", text });
  expect(queryOf(all.slice(0, 5), 1)).toEqual({
    kind: "all",
    of: [
      field("ann@example.org"),
      { kind: "not", of: list("") },
      { kind: "not", of: field("joann@example.org") },
    ],
  });
  expect(queryOf(all.slice(0, 5), 4)).toEqual({
    kind: "all",
    of: [list("news.example.org"), { kind: "not", of: list("my-news.example.org") }],
  });
  expect(queryOf(all.slice(0, 5), 5)).toEqual(list("my-news.example.org"));
  // Leaving joann out would leave out an email of ann, too.
  expect(queryOf(all, 1)).toBeUndefined();
  expect(queryOf(all, 7)).toBeUndefined();
});

test("a selection tells nothing, is different each time, and opens under its own grant only", () => {
  const grant = { id: "grt_1", clientId: "c", level: "send" as const, dataKey: newKey(), expiresAt: 0 };
  const selections = createSelections({ grant, clock: systemClock });
  const selection = {
    accountTag: "9f86d081",
    parts: [
      {
        query: { kind: "received" as const, before: new Date(0) },
        mailboxes: [{ path: "INBOX", uidValidity: "5", nextUid: 1, highestUid: 9 }],
      },
    ],
    count: 3,
    hash: "12345678",
  };
  const sealed = selections.seal(selection);
  expect(selections.seal(selection)).not.toBe(sealed);
  expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain("INBOX");
  expect(selections.open(sealed)).toEqual(selection);
  const other = createSelections({ grant: { ...grant, id: "grt_2" }, clock: systemClock });
  expect(() => other.open(sealed)).toThrow("not a selection of this connection");
});
