/** Mailboxes and changes on servers that lack extensions or answer in unusual ways. */
import { expect, test } from "bun:test";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { inSequence, refusing, unnamed, withCapabilities } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { idsOf, newMailbox, raw, subjects } from "../support/small-mailbox.ts";
import { type Writer, withWriter } from "../support/writer.ts";

const bareCapabilities = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE NAMESPACE LIST-EXTENDED SPECIAL-USE";

/** Runs `work` with a writer whose IMAP connection passes the rewriting proxy. */
async function through(
  rewrite: ImapRewrite,
  work: (writer: Writer, user: User, kit: MailServerKit) => Promise<void>,
  user?: User,
): Promise<void> {
  const kit = await mailServer();
  const owner = user ?? (await newMailbox(kit));
  const proxy = await startImapProxy(kit, rewrite);
  try {
    await withWriter({ kit: { ...kit, imap: proxy.imap }, user: owner }, (writer) =>
      work(writer, owner, kit),
    );
  } finally {
    await proxy.stop();
  }
}

describeMail("A server without MOVE and UIDPLUS", () => {
  test("says that moved emails were copied and their originals marked, and lists show the mark", async () => {
    const kit = await mailServer({ settings: `imap_capability = ${bareCapabilities}` });
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [(await idsOf(writer)).get("one")];
      const moved = await writer.call("move_email", { ids, mailbox: "archive" });
      expect(moved.text).toContain('1 of 1 email copied to "Archive", and the originals marked as deleted.');
      expect(moved.data.marked).toBe(1);
      const listed = await writer.call("get_recent_emails", {});
      expect(listed.text.match(/marked as deleted/g)?.length).toBe(2);
      const reply = raw("reply").replace("\n\n", "\nIn-Reply-To: <one@example.test>\n\n");
      await kit.deliver(user, reply);
      expect((await writer.call("get_thread", { id: ids[0] })).text).toContain("[unread, marked as deleted]");
      const thread = await writer.call("get_thread", { id: (await idsOf(writer)).get("reply") });
      expect(thread.text).toContain("one — in Archive");
      expect(thread.text).not.toContain("marked as deleted");
      const undone = await writer.call("undo", { operation_id: moved.data.operation_id });
      expect(undone.text).toContain('The copies in "Archive" stay there.');
      expect(await subjects(kit, user, "Archive")).toEqual(["one"]);
      const read = await writer.call("get_email", { id: ids[0] });
      expect(read.data.state).not.toContain("deleted");
    });
  });

  test("says of emails to erase that they are marked as deleted", async () => {
    const kit = await mailServer({ settings: `imap_capability = ${bareCapabilities}` });
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const ids = [(await idsOf(writer)).get("one")];
      const deleted = await writer.call("delete_email", { ids, permanently: true });
      expect(deleted.text).toContain("1 of 1 email marked as deleted.");
      expect(deleted.data).toMatchObject({ done: 1, erased: 0, marked: 1 });
      const read = await writer.call("get_email", { id: ids[0] });
      expect(read.data.state).toContain("deleted");
    });
  });
});

describeMail("An account without a Trash mailbox", () => {
  test("gets one with the first deletion", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await kit.dovecot.doveadm("mailbox", "delete", "-u", user.address, "Trash");
    let exists = false;
    const rewrite: ImapRewrite = {
      answer: (answer) => (!exists && /^\* (LIST|LSUB) .*Trash/.test(answer) ? "" : answer),
      command: (command) => {
        if (/ CREATE "?Trash/.test(command)) exists = true;
        return command;
      },
    };
    await through(
      rewrite,
      async (writer) => {
        const ids = [(await idsOf(writer)).get("one")];
        const deleted = await writer.call("delete_email", { ids });
        expect(deleted.text).toContain("1 of 1 email moved to Trash.");
        expect(await subjects(kit, user, "Trash")).toEqual(["one"]);
      },
      user,
    );
  });
});

describeMail("create_mailbox", () => {
  test("answers mailbox_exists where CREATE is refused without ALREADYEXISTS (RFC 5530 section 3)", () =>
    through(
      {
        command: (command) =>
          / CREATE /.test(command) ? { say: "TAG NO Mailbox already exists\r\n" } : command,
      },
      async (writer) => {
        expect((await writer.refusal("create_mailbox", { path: "Archive" })).code).toBe("mailbox_exists");
        expect((await writer.refusal("create_mailbox", { path: "Other" })).code).toBe("mail_server_failed");
      },
    ));
});

describeMail("Mailboxes of other users (RFC 2342)", () => {
  test("are searched, but not their trash and junk", () => {
    const rows = ["Ann/Trash", "Ann/Projects"].map(
      (path) => `* LIST (\\HasNoChildren) "/" "Other/${path}"\r\n`,
    );
    const rewrite: ImapRewrite = {
      answer: (answer) => {
        if (/^\* NAMESPACE /.test(answer)) return '* NAMESPACE (("" "/")) (("Other/" "/")) NIL\r\n';
        return /^\* LIST .*INBOX/.test(answer) ? `${rows.join("")}${answer}` : answer;
      },
    };
    return through(rewrite, async (writer) => {
      const { data } = await writer.call("search_emails", { query: "subject:one" });
      const skipped = data.skipped as { mailbox: string; reason: string }[];
      expect(skipped).toContainEqual({
        mailbox: "Other/Ann/Trash",
        reason: "only when named, or with in:anywhere",
      });
      expect(skipped.find(({ mailbox }) => mailbox === "Other/Ann/Projects")?.reason).not.toContain("named");
    });
  });
});

describeMail("An imported email", () => {
  test("shows when it arrived, and sent_after: and sent_before: go by its Date header (RFC 3501 section 6.4.4)", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const old = raw("old").replace("Subject", "Date: Tue, 5 Mar 2019 10:00:00 +0000\nSubject");
    await kit.deliver(user, old, { date: new Date("2026-11-01T10:00:00Z") });
    await kit.deliver(user, raw("new").replace("Subject", "Date: Sun, 1 Nov 2026 10:00:00 +0000\nSubject"), {
      date: new Date("2026-11-01T10:00:01Z"),
    });
    await withWriter({ kit, user }, async (writer) => {
      const { text } = await writer.call("get_recent_emails", {});
      expect(text).toContain("2019-03-05T10:00");
      expect(text.match(/arrived 2026-11-01/g)?.length).toBe(1);
      const find = async (query: string) => [...(await idsFound(writer, query))].sort();
      expect(await find("sent_before:2020-01-01")).toEqual(["old"]);
      expect(await find("sent_after:2020-01-01")).toEqual(["new"]);
      expect(await find("-sent_after:2020-01-01")).toEqual(["old"]);
      expect(await find("before:2020-01-01")).toEqual([]);
    });
  });
});

async function idsFound(writer: Writer, query: string): Promise<string[]> {
  const { data } = await writer.call("search_emails", { query });
  return (data.emails as { subject: string }[]).map(({ subject }) => subject);
}

describeMail("A keyword", () => {
  test("that flag_email set is found by keyword: and label:, and one that cannot exist is refused", async () => {
    const kit = await mailServer();
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      await writer.call("flag_email", { ids: [(await idsOf(writer)).get("two")], add_keywords: ["$work"] });
      expect(await idsFound(writer, "keyword:$work")).toEqual(["two"]);
      expect(await idsFound(writer, "label:$work")).toEqual(["two"]);
      expect((await writer.refusal("search_emails", { query: 'keyword:"two words"' })).code).toBe(
        "unsupported_query",
      );
    });
  });
});

describeMail("An account with 2,000 mailboxes", () => {
  test("is listed by its first 200, others by the beginning of their path, and searches name 60 at most", () => {
    const rows = Array.from(
      { length: 2_000 },
      (_, index) => `* LIST (\\HasNoChildren) "/" "Box/${index}"\r\n`,
    );
    const rewrite: ImapRewrite = {
      answer: (answer) => (/^\* LIST .*INBOX/.test(answer) ? `${rows.join("")}${answer}` : answer),
      command: (command) =>
        / SELECT "?Box/.test(command) ? { say: "TAG NO [NONEXISTENT] No\r\n" } : command,
    };
    return through(rewrite, async (writer) => {
      const listed = await writer.call("list_mailboxes", {});
      expect(listed.text).toMatch(/And 1,?\d{3} more mailboxes: name the beginning of a path in `under`\./);
      expect(JSON.stringify(listed.data).length).toBeLessThan(16_000);
      const under = await writer.call("list_mailboxes", { under: "Box/199" });
      const [account] = under.data.accounts as { mailboxes: unknown[] }[];
      expect(account?.mailboxes).toHaveLength(11);
    });
  });
});

describeMail("A server that offers UIDPLUS and answers MOVE without COPYUID (Exchange)", () => {
  test("has moved emails found by Message-ID, so that they have new ids and undo puts them back", async () => {
    const answer = (line: string) => line.replace(/\[COPYUID [^\]]*\] /g, "");
    await through({ answer }, async (writer, user, kit) => {
      const found = await idsOf(writer);
      const moved = await writer.call("move_email", {
        ids: [found.get("one"), found.get("two")],
        mailbox: "archive",
      });
      const archived = await idsOf(writer, "archive");
      expect(moved.data.new_ids).toEqual([archived.get("one"), archived.get("two")]);
      const undone = await writer.call("undo", { operation_id: moved.data.operation_id });
      expect(undone.text).toContain("2 of 2 emails put back");
      expect(await subjects(kit, user)).toEqual(["one", "theirs", "three", "two"]);
      expect(await subjects(kit, user, "Archive")).toEqual([]);
    });
  });
});

describeMail("A server without MOVE and UIDPLUS, and a move that is repeated after its answer", () => {
  test("copies nothing twice", async () => {
    const kit = await mailServer({ settings: `imap_capability = ${bareCapabilities}` });
    const user = await newMailbox(kit);
    await withWriter({ kit, user }, async (writer) => {
      const input = { ids: [(await idsOf(writer)).get("one")], mailbox: "archive" };
      const first = await writer.call("move_email", input);
      const again = await writer.call("move_email", input);
      expect(again.data.new_ids).toEqual(first.data.new_ids);
      expect(await subjects(kit, user, "Archive")).toEqual(["one"]);
    });
  });
});

describeMail("An account of many mailboxes", () => {
  test("is searched in the mailboxes with a role first, so that a search that ends early has seen these", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const paths = Array.from({ length: 16 }, (_, at) => `A ${String(at).padStart(2, "0")}`);
    await kit.withImap(user, async (imap) => {
      for (const path of paths) await imap.mailboxCreate(path);
    });
    await kit.deliverAll(
      user,
      ["Sent", ...paths].map((mailbox) => ({ raw: raw("zebra"), mailbox })),
    );
    const selected: string[] = [];
    const rewrite: ImapRewrite = {
      command(line) {
        const path = /^\S+ SELECT "?([^"]+)"?$/.exec(line)?.[1];
        if (path !== undefined) selected.push(path);
        return line;
      },
    };
    await through(
      rewrite,
      async (writer) => {
        const { data } = await writer.call("search_emails", { query: "zebra", limit: 50 });
        expect(data.total).toBe(17);
        expect(selected.slice(0, 4)).toContain("Sent");
      },
      user,
    );
  });
});

describeMail("A server that refuses HEADER in SEARCH", () => {
  test("has the copy of a sent email filed once", async () => {
    const command = (line: string) =>
      /SEARCH.* HEADER /i.test(line) ? { say: "TAG NO [SERVERBUG] try again\r\n" } : line;
    const answer = (line: string) => line.replace(/ UIDPLUS\b/g, "").replace(/\[APPENDUID [^\]]*\] /, "");
    await through({ command, answer }, async (writer, user, kit) => {
      await kit.deliver(user, raw("earlier"), { mailbox: "Sent" });
      const email = { to: [user.address], subject: "copy", body: "x" };
      const { data } = await writer.call("send_email", email);
      expect(data).toMatchObject({ copy_in: "Sent", warnings: [] });
      expect(await subjects(kit, user, "Sent")).toEqual(["copy", "earlier"]);
    });
  });
});

describeMail("A server that leaves something out of its answers", () => {
  test("INBOX in LIST, has it listed, counted and searched all the same (RFC 3501 section 5.1)", () =>
    through(
      { answer: (text) => (/^\* (LIST|STATUS) .*INBOX/.test(text) && !/UNSEEN \d/.test(text) ? "" : text) },
      async (writer) => {
        expect((await writer.call("list_mailboxes")).text).toContain("INBOX [inbox]: 4, 4 unread");
        const { data } = await writer.call("search_emails", { query: "subject:one" });
        expect([data.total, (data.searched as string[])[0]]).toEqual([1, "INBOX"]);
      },
    ));

  test("the STATUS of mailboxes in LIST, has them counted one by one (RFC 5819 section 2)", () => {
    let isListing = false;
    return through(
      {
        command: (line) => {
          isListing = / LIST /.test(line);
          return line;
        },
        answer: (text) => (isListing && text.startsWith("* STATUS") ? "" : text),
      },
      async (writer) => {
        expect((await writer.call("list_mailboxes")).text).toContain("INBOX [inbox]: 4, 4 unread");
      },
    );
  });

  test("BODYSTRUCTURE, has the text found by get_email, and named as unread in get_thread", () =>
    through(
      {
        answer: (text) =>
          text.replace(
            /BODYSTRUCTURE \("text".*?\) (?=INTERNALDATE|RFC822|BODY\[|FLAGS)/,
            "BODYSTRUCTURE NIL ",
          ),
      },
      async (writer) => {
        const id = (await idsOf(writer)).get("one");
        const { text } = await writer.call("get_email", { id });
        expect(text).toContain("\none\n");
        expect(text).not.toContain("has no text");
        expect((await writer.call("get_thread", { id })).text).toContain("does not tell its parts");
      },
    ));

  test("RFC822.SIZE, has no size stated", () =>
    through({ answer: (text) => text.replace(/RFC822\.SIZE \d+ ?/, "") }, async (writer) => {
      const listed = await writer.call("get_recent_emails");
      expect(listed.text).toContain("one [unread]");
      const id = (await idsOf(writer)).get("one");
      expect((await writer.call("get_email", { id })).text).toContain("Size unknown, unread.");
    }));
});

describeMail("A server as GNU mailutils", () => {
  const command = refusing(/UID (SEARCH|SORT).* UID \d+:\*/, "* SEARCH\r\nTAG OK done");
  const answer = inSequence(withCapabilities(bareCapabilities), unnamed);

  test("which finds nothing by `UID n:*`, counts all emails in overview, and has a draft found by its Message-ID", () =>
    through({ command, answer }, async (writer) => {
      expect((await writer.call("overview")).data.total).toBe(4);
      const draft = await writer.call("draft_email", { to: ["ben@example.test"], subject: "a", body: "b" });
      expect(draft.data.draft_id).toBeString();
    }));

  test("which answers STATUS without quotes around a name with spaces, has that mailbox counted", () =>
    through(
      {
        answer: (text) =>
          text.startsWith("* STATUS") ? text.replaceAll('"', "") : answer(text, { loggedIn: true }),
      },
      async (writer) => {
        await writer.call("create_mailbox", { path: "Bills of 2026" });
        expect((await writer.call("list_mailboxes")).text).toContain("Bills of 2026: 0, 0 unread");
      },
    ));

  test("which has no mailboxes within an mbox, names the one that holds none (RFC 3501 section 7.2.2)", () =>
    through(
      {
        command: refusing(/ CREATE .*Archive\/2026/, "TAG NO CREATE Cannot create mailbox"),
        answer: (text) => text.replace(/^(\* LIST \()(.*Archive\r)/, "$1\\NoInferiors $2"),
      },
      async (writer) => {
        expect(await writer.refusal("create_mailbox", { path: "Archive/2026" })).toMatchObject({
          code: "not_supported",
          message: '"Archive" cannot hold other mailboxes.',
        });
      },
    ));
});
