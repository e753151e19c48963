import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toAccountTag, toEmailId } from "../../src/mail/email-id.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { describeMail, mailTest } from "../support/installed.ts";
import { type MailServerKit, mailServer, startMailServer, type User } from "../support/mail-server.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { type Writer, withWriter } from "../support/writer.ts";

type Rows = { id: string; subject: string }[];

const raw = (subject: string) =>
  `From: ben@example.test\nTo: ann@example.test\nSubject: ${subject}\nMessage-ID: <${subject}@example.test>\n\n${subject}\n`;

async function idsOf(writer: Writer, mailbox = "inbox"): Promise<Map<string, string>> {
  const { data } = await writer.call("get_recent_emails", { mailbox, limit: 100 });
  return new Map((data.emails as Rows).map(({ id, subject }) => [subject, id]));
}

const subjects = async (kit: MailServerKit, user: User, mailbox = "INBOX") =>
  (await kit.read(user, mailbox)).map(({ subject }) => subject).sort();

/** A user with `one`, `two`, `three` in the inbox, and `theirs`, which another program has marked as deleted. */
async function newMailbox(kit: MailServerKit): Promise<User> {
  const user = await kit.newUser();
  for (const subject of ["one", "two", "three"]) await kit.deliver(user, raw(subject));
  await kit.deliver(user, raw("theirs"), { flags: ["\\Deleted"] });
  return user;
}

const notDone = (data: Record<string, unknown>) => data.not_done as { id: string; problem: string }[];

describeMail("Flags", () => {
  test("are set on the emails that are there, the missing one is named, and undo takes back only what changed", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const [one = "", two = "", three = ""] = ["one", "two", "three"].map((subject) => ids.get(subject));
      await writer.call("mark_as_read", { ids: [one] });
      await writer.call("delete_email", { ids: [three], permanently: true });

      const marked = await writer.call("mark_as_read", { ids: [one, two, three] });
      expect(marked.data).toMatchObject({ done: 2, not_done: [{ id: three }], read: true });
      expect(marked.text).toContain("2 of 3 emails marked as read.");
      expect(marked.text).toContain(three);
      await writer.call("undo", { operation_id: marked.data.operation_id });
      const flags = new Map((await kit.read(user)).map((email) => [email.subject, email.flags]));
      expect(flags.get("one")).toContain("\\Seen");
      expect(flags.get("two")).not.toContain("\\Seen");
    });
  });

  test("flag_email stars, labels and takes both off again; undo restores what was", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [(await idsOf(writer)).get("one") ?? ""];
      const flagsOfOne = async () => (await kit.read(user)).find(({ subject }) => subject === "one")?.flags;
      await writer.call("flag_email", { ids, flagged: true, add_keywords: ["$work", "Later"] });
      expect(await flagsOfOne()).toEqual(["$work", "Later", "\\Flagged"]);
      const changed = await writer.call("flag_email", { ids, flagged: false, remove_keywords: ["later"] });
      expect(await flagsOfOne()).toEqual(["$work"]);
      await writer.call("undo", { operation_id: changed.data.operation_id });
      expect((await flagsOfOne())?.map((flag) => flag.toLowerCase()).sort()).toEqual([
        "$work",
        "\\flagged",
        "later",
      ]);
    });
  });

  test.each([
    ["a flag of the server's", { add_keywords: ["\\Deleted"] }],
    ["JMAP's name for a system flag", { add_keywords: ["$seen"] }],
    ["two words", { add_keywords: ["my work"] }],
    ["a line break and a command", { add_keywords: ["x\r\nA1 LOGOUT"] }],
    ["a parenthesis", { remove_keywords: ["(x"] }],
    ["nothing", {}],
    ["the same on both sides", { add_keywords: ["a"], remove_keywords: ["A"] }],
  ])("flag_email refuses %s", async (_what, input) => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withWriter({ kit, user }, async (writer) => {
      await kit.deliver(user, raw("one"));
      const ids = [...(await idsOf(writer)).values()];
      expect((await writer.refusal("flag_email", { ids, ...input })).code).toBe("invalid_input");
    });
  });

  test("I11: flags on an email that is gone, an id of another numbering, and a mailbox that is gone are refused", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer)).get("one") ?? "";
      await writer.call("move_email", { ids: [id], mailbox: "archive" });
      expect((await writer.refusal("mark_as_read", { ids: [id] })).code).toBe("email_not_found");

      await writer.call("create_mailbox", { path: "Short" });
      await kit.deliver(user, raw("shortlived"), { mailbox: "Short" });
      const old = (await idsOf(writer, "Short")).get("shortlived") ?? "";
      await kit.withImap(user, async (imap) => {
        await imap.mailboxDelete("Short");
      });
      // A server may end the connection that had it selected; the next call finds out why.
      await writer.refusal("mark_as_read", { ids: [old] });
      expect((await writer.refusal("mark_as_read", { ids: [old] })).code).toBe("mailbox_not_found");
      await kit.withImap(user, async (imap) => {
        await imap.mailboxCreate("Short");
      });
      await kit.deliver(user, raw("newcomer"), { mailbox: "Short" });
      expect((await writer.refusal("delete_email", { ids: [old], permanently: true })).code).toBe(
        "email_moved",
      );
      expect(await subjects(kit, user, "Short")).toEqual(["newcomer"]);
    });
  });
});

/** What each kind of server offers, as Dovecot tells it. */
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
    kit = settings === "" ? await mailServer() : await startMailServer({ settings });
  });
  afterAll(async () => {
    if (settings !== "") await kit.stop();
  });

  test("moves what is there, names what is missing, tells new ids, and never expunges somebody else's email", async () => {
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = await idsOf(writer);
      const [one = "", two = "", three = ""] = ["one", "two", "three"].map((subject) => ids.get(subject));
      await kit.dovecot.doveadm("expunge", "-u", user.address, "mailbox", "INBOX", "subject", "three");
      const moved = await writer.call("move_email", { ids: [one, two, three], mailbox: "archive" });
      expect(moved.data).toMatchObject({ done: 2, mailbox: "archive" });
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

  test("undo brings moved and deleted emails back", async () => {
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

  test("erases exactly the named emails, or says that it cannot", async () => {
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

describeMail("Gmail, which keeps in All Mail what is expunged elsewhere", () => {
  let kit: MailServerKit;
  beforeAll(async () => {
    kit = await startMailServer({ settings: `imap_capability = ${bare} UIDPLUS MOVE X-GM-EXT-1` });
  });
  afterAll(() => kit.stop());

  test("erases through its Trash, and files what is sent by itself", async () => {
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      // By hand: Dovecot does not know the FETCH items that a server with this capability is asked for.
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

describeMail("Moving", () => {
  test("takes 500 emails in one call, with one of them missing, and undo brings 499 back", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliverAll(
      user,
      Array.from({ length: 500 }, (_, index) => ({ raw: raw(`mail-${index}`) })),
    );
    await withWriter({ kit, user }, async (writer) => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const { data } = await writer.call("get_recent_emails", {
          limit: 100,
          ...(cursor ? { cursor } : {}),
        });
        ids.push(...(data.emails as Rows).map(({ id }) => id));
        cursor = data.cursor as string | undefined;
      } while (cursor);
      expect(ids.length).toBe(500);
      const [missing = ""] = ids;
      await writer.call("delete_email", { ids: [missing], permanently: true });

      const moved = await writer.call("move_email", { ids, mailbox: "archive" });
      expect(moved.data).toMatchObject({ done: 499 });
      expect(notDone(moved.data).map(({ id }) => id)).toEqual([missing]);
      expect((await kit.read(user, "Archive")).length).toBe(499);
      const back = await writer.call("undo", { operation_id: moved.data.operation_id });
      expect(back.data).toMatchObject({ done: 499, not_done: [] });
      expect((await kit.read(user)).length).toBe(499);
      expect((await kit.read(user, "Archive")).length).toBe(0);
    });
  }, 20_000);

  test("undone while the server is away can be undone again when it is back", async () => {
    const kit = await mailServer();
    const proxy = await startFaultProxy(kit.imap.port);
    const user = await newMailbox(kit);
    try {
      await withWriter({ kit, user, imap: proxy.through(kit.imap) }, async (writer) => {
        const ids = [(await idsOf(writer)).get("one")];
        const { data } = await writer.call("move_email", { ids, mailbox: "archive" });
        proxy.set({ kind: "cut", afterBytes: 0 });
        proxy.drop();
        const failed = await writer.call("undo", { operation_id: data.operation_id });
        expect(failed.data).toMatchObject({ done: 0, operation_id: data.operation_id });
        expect(failed.text).toContain("can be tried again");
        proxy.set(undefined);
        const back = await writer.call("undo", { operation_id: data.operation_id });
        expect(back.data).toMatchObject({ done: 1, not_done: [] });
        expect(await subjects(kit, user)).toEqual(["one", "theirs", "three", "two"]);
      });
    } finally {
      await proxy.stop();
    }
  });

  test("I11: to a mailbox that does not exist is refused and moves nothing", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [...(await idsOf(writer)).values()];
      const refused = await writer.refusal("move_email", { ids, mailbox: "No/Such" });
      expect(refused.code).toBe("mailbox_not_found");
      expect((await kit.read(user)).length).toBe(4);
    });
  });

  test("to the mailbox they are in is no move", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [(await idsOf(writer)).get("one") ?? ""];
      const moved = await writer.call("move_email", { ids, mailbox: "inbox" });
      expect(moved.data).toMatchObject({ done: 1 });
      expect(moved.data.operation_id).toBeUndefined();
      expect((await kit.read(user)).length).toBe(4);
    });
  });

  test("I06: a server lost in the middle of a move is said, and every email is there once, moved or not", async () => {
    const kit = await mailServer();
    const proxy = await startFaultProxy(kit.imap.port);
    const imap = proxy.through(kit.imap);
    const move = async (user: User, before: () => void) =>
      withWriter({ kit, user, imap }, async (writer) => {
        const found = await idsOf(writer);
        before();
        const wanted = ["one", "two", "three"].map((subject) => found.get(subject) ?? "");
        return writer.mail.moveEmails(wanted, "Archive").then(
          () => "moved",
          (error: { code: string }) => error.code,
        );
      });
    try {
      // How many bytes come before the answer to the move, and with it.
      let start = 0;
      expect(
        await move(await newMailbox(kit), () => {
          start = proxy.passed();
        }),
      ).toBe("moved");
      const end = proxy.passed();
      // TLS tells a little more or less each time: several cuts over the answer, of which some fall into it.
      const outcomes: string[] = [];
      for (let step = 0; step < 6; step += 1) {
        const user = await newMailbox(kit);
        proxy.set({ kind: "cut", afterBytes: start + Math.ceil(((end - start) * step) / 6) });
        outcomes.push(await move(user, () => {}));
        proxy.set(undefined);
        const all = [...(await subjects(kit, user)), ...(await subjects(kit, user, "Archive"))];
        expect(all.sort()).toEqual(["one", "theirs", "three", "two"]);
      }
      expect(outcomes).toContain("mail_server_failed");
    } finally {
      await proxy.stop();
    }
  });

  test("I11: in a mailbox that may only be read is refused", async () => {
    const folder = temporaryFolder("acl");
    writeFileSync(join(folder, "acl"), "Archive owner lr\n");
    chmodSync(folder, 0o755);
    const strict = await startMailServer({
      settings: `mail_plugins = acl\nplugin {\n  acl = vfile:${folder}/acl\n}`,
    });
    try {
      const user = await strict.newUser();
      // Delivered by LMTP, then moved by the server's own hand: nobody may write there.
      await strict.deliver(user, raw("one"));
      await strict.dovecot.doveadm(
        "-o",
        "mail_plugins=",
        "move",
        "-u",
        user.address,
        "Archive",
        "mailbox",
        "INBOX",
        "all",
      );
      await withWriter({ kit: strict, user }, async (writer) => {
        const ids = [(await idsOf(writer, "Archive")).get("one") ?? ""];
        for (const [tool, input] of [
          ["mark_as_read", {}],
          ["flag_email", { flagged: true }],
          ["move_email", { mailbox: "inbox" }],
          ["delete_email", {}],
          ["delete_email", { permanently: true }],
        ] as const)
          expect((await writer.refusal(tool, { ids, ...input })).code).toBe("mailbox_read_only");
        expect(await subjects(strict, user, "Archive")).toEqual(["one"]);
      });
    } finally {
      await strict.stop();
    }
  });
});

describeMail("create_mailbox", () => {
  mailTest("creates levels, and says when it is there already", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withWriter({ kit, user }, async (writer) => {
      const made = await writer.call("create_mailbox", { path: "Kunden/Größe & Söhne" });
      expect(made.data).toEqual({ path: "Kunden/Größe & Söhne" });
      expect((await writer.refusal("create_mailbox", { path: "Kunden/Größe & Söhne" })).code).toBe(
        "mailbox_exists",
      );
      await kit.deliver(user, raw("one"));
      const ids = [...(await idsOf(writer)).values()];
      await writer.call("move_email", { ids, mailbox: "Kunden/Größe & Söhne" });
      expect(await subjects(kit, user, "Kunden/Größe & Söhne")).toEqual(["one"]);
    });
  });

  test.each(["a\r\nA1 DELETE INBOX", "a\0b", "*", "%", "", "/", "a//b", 'q"', "x".repeat(101), "\u202ertl"])(
    "I08: refuses %j",
    async (path) => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withWriter({ kit, user }, async (writer) => {
        const problem = await writer.call("create_mailbox", { path }).then(
          () => "made",
          (error: { code?: string; name: string }) => error.code ?? error.name,
        );
        expect(["invalid_input", "ZodError"]).toContain(problem);
      });
    },
  );
});
