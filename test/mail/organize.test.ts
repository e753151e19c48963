import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { describeMail, mailTest } from "../support/installed.ts";
import { mailServer, startMailServer, type User } from "../support/mail-server.ts";
import { idsOf, newMailbox, raw, subjects } from "../support/small-mailbox.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { withWriter } from "../support/writer.ts";

const notDone = (data: Record<string, unknown>) => data.not_done as { id: string; problem: string }[];

describeMail("Flags", () => {
  test("are set on existing emails, a missing one is named, and undo reverts only what changed", async () => {
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

  test("are added and removed by flag_email, and undo restores the former ones", async () => {
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

  test("I11: are refused for a missing email, another UIDVALIDITY and a missing mailbox", async () => {
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
      // A server may close the connection that had it selected; the next call finds the reason.
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

describeMail("Moving", () => {
  test("moves 500 emails in one call with one missing, and undo moves 499 back", async () => {
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
        ids.push(...(data.emails as { id: string }[]).map(({ id }) => id));
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

  test("that could not be undone while the server was down can be undone when it is back", async () => {
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

  test("that the undo log could not record is answered as done with new ids, and says so", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const [one = ""] = (await idsOf(writer)).values();
      await writer.writable(false);
      const { data, text } = await writer.call("move_email", { ids: [one], mailbox: "archive" });
      await writer.writable(true);
      expect(data).toMatchObject({ done: 1, not_done: [] });
      expect(data.new_ids).toHaveLength(1);
      expect(data.operation_id).toBeUndefined();
      expect(text).toContain("undo cannot put it back");
      expect(await kit.read(user, "Archive")).toHaveLength(1);
    });
  });

  test("is undone also over a connection that had the other mailbox selected before", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [...(await idsOf(writer)).values()];
      const open = (mailbox: string) => writer.call("get_recent_emails", { mailbox });
      await Promise.all([open("archive"), open("inbox")]);
      const moved = await writer.call("move_email", { ids, mailbox: "archive" });
      const undone = await writer.call("undo", { operation_id: moved.data.operation_id });
      expect(undone.data).toMatchObject({ done: ids.length, not_done: [] });
      expect((await kit.read(user, "Archive")).length).toBe(0);
    });
  });

  test("I11: to a missing mailbox is refused and moves nothing", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [...(await idsOf(writer)).values()];
      const refused = await writer.refusal("move_email", { ids, mailbox: "No/Such" });
      expect(refused.code).toBe("mailbox_not_found");
      expect((await kit.read(user)).length).toBe(4);
    });
  });

  test("accepts a mailbox name in any case, and proposes the nearest name for an unknown one", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      await writer.call("create_mailbox", { path: "Work/Invoices" });
      const ids = await idsOf(writer);
      const moved = await writer.call("move_email", { ids: [ids.get("one")], mailbox: "work/INVOICES" });
      expect(moved.text).toStartWith('1 of 1 email moved to "Work/Invoices".');
      expect(moved.data.mailbox).toBe("Work/Invoices");
      expect(await subjects(kit, user, "Work/Invoices")).toEqual(["one"]);
      const byRole = await writer.call("move_email", { ids: [ids.get("two")], mailbox: "junk" });
      expect(byRole.data.mailbox).toBe("Junk");
      const near = await writer.refusal("move_email", { ids: [ids.get("three")], mailbox: "Invoice" });
      expect(near.message).toBe('There is no mailbox "Invoice"; the nearest is "Work/Invoices".');
      // The source mailbox is missing here.
      await kit.withImap(user, async (imap) => {
        await imap.mailboxDelete("Work/Invoices");
      });
      const gone = { ids: moved.data.new_ids, mailbox: "Archive" };
      // A server may close the connection that had it selected; the next call finds the reason.
      await writer.refusal("move_email", gone);
      expect((await writer.refusal("move_email", gone)).message).toBe("There is no such mailbox.");
    });
  });

  test("to the mailbox that holds the emails leaves them in place", async () => {
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

  test("I06: interrupted by a lost connection is finished on a new one, and each email exists once", async () => {
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
      // Octets before the answer to MOVE, and including it.
      let start = 0;
      expect(
        await move(await newMailbox(kit), () => {
          start = proxy.passed();
        }),
      ).toBe("moved");
      const end = proxy.passed();
      // TLS record sizes vary between runs: of several cuts around the answer some fall into it, and none before the move.
      const outcomes: string[] = [];
      for (let step = 0; step < 6; step += 1) {
        const user = await newMailbox(kit);
        proxy.set({ kind: "cut", afterBytes: start + Math.ceil(((end - start) * (step + 1)) / 7) });
        outcomes.push(await move(user, () => {}));
        proxy.set(undefined);
        const all = [...(await subjects(kit, user)), ...(await subjects(kit, user, "Archive"))];
        expect(all.sort()).toEqual(["one", "theirs", "three", "two"]);
      }
      expect(outcomes).toEqual(Array(6).fill("moved"));
    } finally {
      await proxy.stop();
    }
  });

  test("I11: in a read-only mailbox is refused", async () => {
    const folder = temporaryFolder("acl");
    writeFileSync(join(folder, "acl"), "Archive owner lr\n");
    chmodSync(folder, 0o755);
    const strict = await startMailServer({
      settings: `mail_plugins = acl\nplugin {\n  acl = vfile:${folder}/acl\n}`,
    });
    try {
      const user = await strict.newUser();
      // Delivered by LMTP, then moved by doveadm: clients may not write there.
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
