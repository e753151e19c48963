import { beforeAll, expect, test } from "bun:test";
import type { ConnectionOwner, MailServer } from "../../src/credentials.ts";
import { toAccountTag, toEmailId } from "../../src/email/email-id.ts";
import { AppError } from "../../src/errors.ts";
import { openImap } from "../../src/imap/connect.ts";
import { type Connections, createConnections } from "../../src/imap/connections.ts";
import { createAccess } from "../../src/mail/access.ts";
import { isAmbiguous } from "../../src/mail/organize/lost-transfers.ts";
import { createOrganizing } from "../../src/mail/organize/organize.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { type HostileImap, type HostileScript, startHostileImap } from "../support/hostile-imap.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer } from "../support/mail-server.ts";
import { localRenderer } from "../support/reader.ts";
import { idsOf, newMailbox, raw, subjects } from "../support/small-mailbox.ts";
import { createTestClock } from "../support/test-clock.ts";
import { withWriter } from "../support/writer.ts";

const notDone = (data: Record<string, unknown>) => data.not_done as { id: string; problem: string }[];

/** Capabilities of each kind of server, in Dovecot's form. */
const bare = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE NAMESPACE LIST-EXTENDED SPECIAL-USE";
const kinds = [
  { kind: "MOVE and UIDPLUS", settings: "", newIds: true, expunges: true },
  {
    kind: "UIDPLUS without MOVE",
    settings: `imap_capability = ${bare} UIDPLUS`,
    newIds: true,
    expunges: true,
  },
  { kind: "neither", settings: `imap_capability = ${bare}`, newIds: false, expunges: false },
];

describeMail.each(kinds)("A server with $kind", ({ settings, expunges }) => {
  let kit: MailServerKit;
  beforeAll(async () => {
    kit = await mailServer(settings === "" ? {} : { settings });
  });

  test("moves existing emails, names missing ones, answers new ids, and expunges no other email", async () => {
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const [one = "", two = "", three = ""] = ["one", "two", "three"].map((subject) => ids.get(subject));
      await kit.dovecot.doveadm("expunge", "-u", user.address, "mailbox", "INBOX", "subject", "three");
      const moved = await writer.call("move_email", { ids: [one, two, three], mailbox: "archive" });
      expect(moved.data).toMatchObject({ done: 2, mailbox: "Archive" });
      expect(notDone(moved.data).map(({ id }) => id)).toEqual([three]);
      expect(await subjects(kit, user, "Archive")).toEqual(["one", "two"]);
      const inbox = await kit.read(user);
      expect(inbox.map(({ subject }) => subject)).toContain("theirs");
      const left = inbox.filter(({ subject }) => subject === "one" || subject === "two");
      expect(left.every(({ flags }) => flags.includes("\\Deleted"))).toBe(true);
      expect(left.length).toBe(expunges ? 0 : 2);
      const newIds = (moved.data.new_ids ?? []) as (string | null)[];
      if (!expunges) {
        expect(moved.text).toContain("marked as deleted until a mail program cleans up");
        return;
      }
      expect(newIds.map((id) => id !== null)).toEqual([true, true, false]);
      await writer.call("mark_as_read", { ids: newIds.filter((id) => id !== null) });
      expect((await kit.read(user, "Archive")).every(({ flags }) => flags.includes("\\Seen"))).toBe(true);
    });
  });

  test("undo restores moved and deleted emails", async () => {
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const moved = await writer.call("move_email", { ids: [ids.get("one")], mailbox: "Archive" });
      const deleted = await writer.call("delete_email", { ids: [ids.get("two")] });
      expect(deleted.data).toMatchObject({ done: 1, erased: 0 });
      for (const { data } of [deleted, moved]) await writer.call("undo", { operation_id: data.operation_id });
      const inbox = (await kit.read(user)).filter(({ subject }) => subject === "one" || subject === "two");
      expect(inbox.map(({ subject }) => subject).sort()).toEqual(["one", "two"]);
      expect(inbox.flatMap(({ flags }) => flags)).not.toContain("\\Deleted");
      if (expunges) expect(await subjects(kit, user, "Trash")).toEqual([]);
      expect((await writer.refusal("undo", { operation_id: moved.data.operation_id })).code).toBe(
        "operation_unknown",
      );
    });
  });

  test("erases exactly the given emails, or says that it cannot", async () => {
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const erased = await writer.call("delete_email", { ids: [ids.get("one")], permanently: true });
      const inbox = await kit.read(user);
      expect(inbox.map(({ subject }) => subject)).toContain("theirs");
      expect(inbox.map(({ subject }) => subject).includes("one")).toBe(!expunges);
      expect(erased.data).toMatchObject({ done: 1, erased: expunges ? 1 : 0 });
      if (expunges) expect(erased.data.operation_id).toBeUndefined();
      else expect(erased.text).toContain("cannot erase single emails");
    });
  });
});

describeMail("Gmail, where an expunged email stays in All Mail", () => {
  let kit: MailServerKit;
  beforeAll(async () => {
    kit = await mailServer({ settings: `imap_capability = ${bare} UIDPLUS MOVE X-GM-EXT-1` });
  });

  test("erases through Trash, and files its own copy of sent mail", async () => {
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      // The script answers these itself: Dovecot does not know Gmail's FETCH items.
      const accountTag = toAccountTag(writer.owner.accountId);
      const ids = await kit.withImap(user, async (imap) => {
        const { uidValidity } = await imap.mailboxOpen("INBOX");
        return [1, 2].map((uid) => toEmailId({ accountTag, mailbox: "INBOX", uidValidity, uid }));
      });
      const erased = await writer.call("delete_email", { ids, permanently: true });
      expect(erased.data).toMatchObject({ done: 2, erased: 2, not_done: [] });
      expect(erased.data.operation_id).toBeUndefined();
      const ben = await kit.newUser();
      const sent = await writer.call("send_email", { to: [ben.address], subject: "x", body: "x" });
      expect(sent.data).toMatchObject({ copy_in: "Sent", warnings: [] });
      const counts = await Promise.all(
        ["INBOX", "Trash", "Sent"].map((path) =>
          kit.withImap(
            user,
            async (imap) => ((await imap.status(path, { messages: true })) || undefined)?.messages,
          ),
        ),
      );
      expect(counts).toEqual([2, 0, 0]);
    });
  });
});

describeMail("A server that keeps all mailboxes under INBOX (RFC 2342)", () => {
  test("accepts a mailbox name without the prefix, and ids do not depend on how it was named", async () => {
    const kit = await mailServer({
      settings: "namespace inbox {\n  prefix = INBOX.\n  separator = .\n}",
    });
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const created = await writer.call("create_mailbox", { path: "Work/2026" });
      expect(created.data.path).toBe("INBOX.Work.2026");
      const ids = [(await idsOf(writer)).get("one")];
      const moved = await writer.call("move_email", { ids, mailbox: "Work.2026" });
      expect(moved.data.new_ids).toEqual([(await idsOf(writer, "INBOX.Work.2026")).get("one")]);
      await writer.call("undo", { operation_id: moved.data.operation_id });
      expect(await subjects(kit, user)).toEqual(["one", "theirs", "three", "two"]);
      expect((await writer.refusal("get_recent_emails", { mailbox: "Work/2026" })).code).toBe(
        "mailbox_not_found",
      );
    });
  });
});

describeMail("A server whose delimiter is a full stop (RFC 9051 section 5.1.1)", () => {
  test.each([
    ["with a prefix", "prefix = INBOX.\n  "],
    ["without a prefix", ""],
  ])("makes no two levels of one name, %s", async (_, prefix) => {
    const kit = await mailServer({ settings: `namespace inbox {\n  ${prefix}separator = .\n}` });
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const refusal = await writer.refusal("create_mailbox", { path: "v1.2" });
      expect(refusal.code).toBe("invalid_input");
      expect(`${refusal.message} ${refusal.hint}`).toContain('separates levels by "."');
      // Written as the server lists it.
      const { data } = await writer.call("create_mailbox", { path: "Work" });
      const inside = await writer.call("create_mailbox", { path: `${data.path}.2026` });
      expect(inside.data.path).toBe(`${data.path}.2026`);
      const short = await writer.call("create_mailbox", { path: "Work.2027" });
      expect(short.data.path).toBe(`${data.path}.2027`);
      const paths = await kit.withImap(user, async (imap) => (await imap.list()).map(({ path }) => path));
      expect(paths.filter((path) => path.includes("v1"))).toEqual([]);
    });
  });
});

/** The organizing verbs over a server that refuses to select the mailboxes in `down`. */
function organisingOver(imap: MailServer, { address, password }: { address: string; password: string }) {
  const outbound = createOutbound({ allowPrivateHosts: ["localhost", "127.0.0.0/8"] });
  const clock = createTestClock();
  const pool = createConnections({
    open: (credentials, signal) => openImap(credentials, { outbound, signal }),
    clock,
  });
  const down = new Set<string>();
  const connections: Connections = {
    ...pool,
    async use(owner, lease, work) {
      if (lease.mailbox && down.has(lease.mailbox)) throw new AppError("mail_server_busy", "Later.");
      return pool.use(owner, lease, work);
    },
  };
  const owner: ConnectionOwner = {
    grantId: "grt_1",
    accountId: "acc_00000001",
    credentials: { address, username: address, password, provider: "generic", imap },
  };
  const signal = AbortSignal.timeout(20_000);
  const toId = (mailbox: string, uidValidity: bigint, uid: number) =>
    toEmailId({ accountTag: toAccountTag(owner.accountId), mailbox, uidValidity, uid });
  return {
    organizing: createOrganizing(
      createAccess({ owner, connections, signal, clock, renderer: localRenderer }),
    ),
    toId,
    down,
    pool,
  };
}

describeMail("Undo over several mailboxes", () => {
  test("reverts what it can, and returns the changes of the mailbox to be retried", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    for (const mailbox of ["INBOX", "Archive"]) await kit.deliver(user, raw(mailbox), { mailbox });
    const { organizing, toId, down, pool } = organisingOver(kit.imap, user);
    const ids = await kit.withImap(user, async (imap) => {
      const validity = async (path: string) => (await imap.mailboxOpen(path)).uidValidity;
      return [toId("INBOX", await validity("INBOX"), 1), toId("Archive", await validity("Archive"), 1)];
    });
    const seen = async () =>
      Promise.all(
        ["INBOX", "Archive"].map(async (path) => (await kit.read(user, path))[0]?.flags.includes("\\Seen")),
      );
    const { changes } = await organizing.markAsRead(ids, true);
    expect(await seen()).toEqual([true, true]);
    down.add("Archive");
    const first = await organizing.undo(changes);
    expect(first.outcomes.map(({ done }) => done)).toEqual([true, false]);
    expect(first.changes.map(({ id }) => id)).toEqual(ids.slice(1));
    down.clear();
    expect((await organizing.undo(first.changes)).changes).toEqual([]);
    expect(await seen()).toEqual([false, false]);
    await pool.close();
  });
});

/** The organizing verbs over a scripted server, with the ids of emails 1 to 3 of its INBOX. */
async function withScript(
  on: NonNullable<HostileScript["on"]>,
  work: (
    over: ReturnType<typeof organisingOver>["organizing"],
    ids: string[],
    server: HostileImap,
  ) => Promise<void>,
): Promise<void> {
  const server = await startHostileImap({ exists: 3, on });
  const { organizing, toId, pool } = organisingOver(server.server, {
    address: "ann@example.test",
    password: "x",
  });
  try {
    await work(
      organizing,
      [1, 2, 3].map((uid) => toId("INBOX", 7n, uid)),
      server,
    );
  } finally {
    await pool.close();
    await server.stop();
  }
}

const doneOf = ({ outcomes }: { outcomes: { done: boolean }[] }) => outcomes.map(({ done }) => done);
const codeOf = (work: Promise<unknown>) => work.catch((error: AppError) => error.code);
/** Commands that the server got, without those that only read. */
const acts = (server: HostileImap) =>
  server.commands
    .map((line) => line.split(" ").slice(1).join(" "))
    .filter((line) => /MOVE|EXPUNGE|SELECT/.test(line));

test("A server with UIDPLUS and without MOVE keeps the originals of emails that COPYUID does not name (RFC 4315)", () =>
  withScript(
    {
      CAPABILITY: { say: "* CAPABILITY IMAP4rev1 UIDPLUS\r\nTAG OK done\r\n" },
      COPY: { say: "TAG OK [COPYUID 9 1:2 11:12] done\r\n" },
    },
    async (over, ids, server) => {
      expect(doneOf(await over.moveEmails(ids, "Elsewhere"))).toEqual([true, true, false]);
      expect(acts(server)).toEqual(["SELECT INBOX", "UID EXPUNGE 1:2"]);
    },
  ));

test("A MOVE without COPYUID counts emails that left the mailbox as moved, and none when none left", async () => {
  const done = "TAG OK done\r\n";
  const quiet = { MOVE: { say: done }, SEARCH: { say: `* SEARCH 1 2\r\n${done}` } };
  await withScript(quiet, async (over, ids) => {
    expect(await codeOf(over.moveEmails(ids, "Elsewhere"))).toBe("email_not_found");
  });
  const one = {
    MOVE: { say: "* 2 EXPUNGE\r\nTAG OK done\r\n" },
    SEARCH: { say: "* SEARCH 1 3\r\nTAG OK done\r\n" },
  };
  await withScript(one, async (over, ids) => {
    const moved = await over.moveEmails(ids, "Elsewhere");
    expect(doneOf(moved)).toEqual([false, true, false]);
    expect(moved.changes).toEqual([{ kind: "moved", from: "INBOX" }]);
    expect(moved.notes.join()).toContain("did not confirm each email");
  });
});

test.each([
  ["[OVERQUOTA] full", "mail_server_failed", "The mailbox is full."],
  ["[INUSE] locked", "mail_server_busy", "busy"],
  ["[NOPERM] not yours", "mailbox_read_only", "does not allow this"],
  ["without a code", "mail_server_failed", "refused the command"],
])("A move that is refused with %s says why, by the server's code (RFC 5530)", async (text, code, why) => {
  const LIST = { say: '* LIST () "/" INBOX\r\n* LIST () "/" Work\r\nTAG OK done\r\n' };
  const CAPABILITY = { say: "* CAPABILITY IMAP4rev1 UIDPLUS MOVE NAMESPACE\r\nTAG OK done\r\n" };
  await withScript({ CAPABILITY, LIST, MOVE: { say: `TAG NO ${text}\r\n` } }, async (over, ids) => {
    const refusal = await over.moveEmails(ids, "Work").catch((error: AppError) => error);
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(why) });
    expect(await codeOf(over.moveEmails(ids, "Nowhere"))).toBe("mailbox_not_found");
  });
});

const unread = {
  say: `${[1, 2, 3].map((uid) => `* ${uid} FETCH (UID ${uid} FLAGS ())\r\n`).join("")}TAG OK done\r\n`,
};

test("A refused STORE or EXPUNGE is not reported as done", () =>
  withScript({ FETCH: unread, STORE: { say: "TAG NO not today\r\n" } }, async (over, ids, server) => {
    expect(await codeOf(over.markAsRead(ids, true))).toBe("mail_server_failed");
    expect(await codeOf(over.changeFlags(ids, { add: ["\\Flagged"], remove: [] }))).toBe(
      "mail_server_failed",
    );
    expect(await codeOf(over.deleteEmails(ids, true))).toBe("mail_server_failed");
    expect(server.commands.filter((line) => line.includes("EXPUNGE"))).toEqual([]);
  }));

test("A flag that PERMANENTFLAGS does not allow is refused (RFC 9051 section 7.1)", () => {
  const say =
    "* 3 EXISTS\r\n* OK [PERMANENTFLAGS (\\Seen)] ok\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK [READ-WRITE] done\r\n";
  return withScript({ FETCH: unread, SELECT: { say } }, async (over, ids, server) => {
    expect(await codeOf(over.changeFlags(ids, { add: ["$work"], remove: [] }))).toBe("not_supported");
    expect(server.commands.filter((line) => line.includes("STORE"))).toEqual([]);
    expect(doneOf(await over.markAsRead(ids, true))).toEqual([true, true, true]);
  });
});

test("An id of another account is refused before a command is sent", () =>
  withScript({}, async (over, ids, server) => {
    const foreign = toEmailId({ accountTag: "ffffffff", mailbox: "INBOX", uidValidity: 7n, uid: 1 });
    expect(await codeOf(over.deleteEmails([...ids, foreign], true))).toBe("invalid_input");
    expect(acts(server)).toEqual([]);
  }));

test("A missing email among those to erase is named, and only the others are expunged", () =>
  withScript({ SEARCH: { say: "* SEARCH 1 2\r\nTAG OK done\r\n" } }, async (over, ids, server) => {
    expect(doneOf(await over.deleteEmails(ids, true))).toEqual([true, true, false]);
    expect(acts(server)).toEqual(["SELECT INBOX", "UID EXPUNGE 1:2"]);
  }));

test("On Gmail an email is moved to Trash and expunged there, since an expunge elsewhere only removes a label", () =>
  withScript(
    {
      CAPABILITY: { say: "* CAPABILITY IMAP4rev1 UIDPLUS MOVE NAMESPACE X-GM-EXT-1\r\nTAG OK done\r\n" },
      LIST: { say: '* LIST () "/" INBOX\r\n* LIST () "/" Trash\r\nTAG OK done\r\n' },
      MOVE: { say: "TAG OK [COPYUID 7 1:3 11:13] done\r\n" },
      SEARCH: { say: "* SEARCH 11 12 13\r\nTAG OK done\r\n" },
    },
    async (over, ids, server) => {
      const erased = await over.deleteEmails(ids, true);
      expect([doneOf(erased), erased.changes]).toEqual([[true, true, true], []]);
      expect(acts(server)).toEqual([
        "SELECT INBOX",
        "UID MOVE 1:3 Trash",
        "SELECT Trash",
        "UID EXPUNGE 11:13",
      ]);
    },
  ));

test("Emails of one identity of which some arrived cannot be told apart; all or none of them can", () => {
  const identities = new Map([
    [1, "<a@x.test>"],
    [2, "<a@x.test>"],
    [3, "<b@x.test>"],
    [4, ""],
    [5, ""],
  ]);
  expect(isAmbiguous(identities, [1, 3])).toBe(true);
  expect(isAmbiguous(identities, [1, 2])).toBe(false);
  expect(isAmbiguous(identities, [3, 4])).toBe(false);
});
