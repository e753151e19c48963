/** Lists, searches and threads with one email that cannot be read: the others are answered, and it is named. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { getRecentEmailsTool } from "../../src/tools/get-recent-emails.ts";
import { getThreadTool } from "../../src/tools/get-thread.ts";
import { searchEmailsTool } from "../../src/tools/search-emails.ts";
import { type ImapProxy, type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openReader } from "../support/reader.ts";

const good = 50;
const badUid = 17;

const emailOf = (at: number, subject = `Harbour ${at}`) =>
  `From: ann@example.test\nTo: ben@example.test\nMessage-ID: <${at}@example.test>\nReferences: <first@example.test>\nDate: Mon, 6 May 2024 10:12:00 +0200\nSubject: ${subject}\n\nharbour words ${at}\n`;

/** True when a FETCH command asks for the 17th email, which has the UID 17 and the sequence number 17. */
function asksForBad(command: string, items = /BODYSTRUCTURE|BODY\.PEEK/): boolean {
  const [, set = "", asked = ""] = /^\S+ (?:UID )?FETCH (\S+) \((.*)/.exec(command) ?? [];
  if (!items.test(asked)) return false;
  return set.split(",").some((range) => {
    const [first = 0, last = first] = range.split(":").map((end) => (end === "*" ? 1e9 : Number(end)));
    return first <= badUid && badUid <= last;
  });
}

const isBadAnswer = (answer: string) => answer.startsWith(`* ${badUid} FETCH `);

/** Responses of mail servers for an email that they cannot read. */
const faults: Readonly<Record<string, ImapRewrite>> = {
  "a FETCH refused with NO": {
    command: (command) => (asksForBad(command) ? { say: "TAG NO cannot read it\r\n" } : command),
  },
  "a FETCH refused with SERVERBUG": {
    command: (command) => (asksForBad(command) ? { say: "TAG NO [SERVERBUG] Internal error\r\n" } : command),
  },
  "a FETCH refused with BAD": {
    command: (command) => (asksForBad(command) ? { say: "TAG BAD cannot read it\r\n" } : command),
  },
  "every FETCH refused with NO, also for its UID alone (Yahoo)": {
    command: (command) => (asksForBad(command, /UID/) ? { say: "TAG NO Server error\r\n" } : command),
  },
  "FETCH answered OK without it, also for its UID alone (Exchange)": {
    answer: (answer) => (isBadAnswer(answer) ? "" : answer),
  },
  "a BODYSTRUCTURE that cannot be parsed": {
    answer: (answer) =>
      isBadAnswer(answer) ? answer.replace("BODYSTRUCTURE (", "BODYSTRUCTURE ((]") : answer,
  },
  "a BODYSTRUCTURE of 100,000 open lists": {
    answer: (answer) =>
      isBadAnswer(answer)
        ? answer.replace("BODYSTRUCTURE (", `BODYSTRUCTURE ${"(".repeat(100_000)}`)
        : answer,
  },
  "a Subject of 10 MB": {
    answer: (answer) =>
      isBadAnswer(answer)
        ? answer.replace(
            /(BODY\[HEADER\.FIELDS [^\]]*\] )\{\d+\}\r\n/,
            (_, key: string) => `${key}{10000000}\r\nSubject: ${"x".repeat(9_999_991)}`,
          )
        : answer,
  },
  "a Subject of 3 MB": {
    answer: (answer) =>
      isBadAnswer(answer)
        ? answer.replace(
            /(BODY\[HEADER\.FIELDS [^\]]*\] )\{(\d+)\}\r\n/,
            (_, key: string, size: string) =>
              `${key}{${Number(size) + 3_000_011}}\r\nSubject: ${"x".repeat(3_000_000)}\r\n`,
          )
        : answer,
  },
};

describeMail("A mailbox with an email that cannot be read", () => {
  let kit: MailServerKit;
  let user: User;

  beforeAll(async () => {
    kit = await mailServer();
    user = await kit.newUser();
    await kit.deliverAll(
      user,
      Array.from({ length: good + 1 }, (_, at) => ({ raw: emailOf(at + 1) })),
    );
  });

  describe.each(Object.keys(faults))("%s", (name) => {
    let proxy: ImapProxy;
    let reader: ReturnType<typeof openReader>;
    beforeAll(async () => {
      proxy = await startImapProxy(kit, faults[name] ?? {});
      reader = openReader(kit, user, proxy.imap);
    });
    afterAll(async () => {
      await reader.connections.close();
      await proxy.stop();
    });

    const named = /^1 email is not shown, because the mail server's answer about it cannot be read: \S+\.$/gm;

    test("D07: is named in one sentence of a list; the 50 others are shown", async () => {
      const fetches = () => proxy.commands.filter((command) => command.includes("FETCH")).length;
      // The first time it has to be found: by halving, or by the connection that it ends. Then it is known.
      for (const maxFetches of [17, 2]) {
        const before = fetches();
        const { structured, text } = await reader.call(getRecentEmailsTool, { limit: good + 1 });
        expect(structured.emails).toHaveLength(good);
        expect(structured.unreadable).toHaveLength(1);
        expect(text.match(named)).toHaveLength(1);
        expect(fetches() - before).toBeLessThanOrEqual(maxFetches);
      }
    });

    test("D07: is named in one sentence of a search; the others that match are shown", async () => {
      const { structured, text } = await reader.call(searchEmailsTool, { query: "harbour", limit: good + 1 });
      expect(structured.emails).toHaveLength(good);
      expect(text.match(named)).toHaveLength(1);
      const unread = await reader.call(getRecentEmailsTool, { limit: good + 1, unread_only: true });
      expect(unread.structured.emails).toHaveLength(good);
    });

    test("D07: is named in a note of its thread; the others of it are shown", async () => {
      const { structured: list } = await reader.call(getRecentEmailsTool, { limit: 1 });
      const [{ id = "" } = {}] = list.emails as { id: string }[];
      const { structured, text } = await reader.call(getThreadTool, { id, limit: 50 });
      expect(structured.emails).toHaveLength(good);
      expect(text).toContain("1 further email may belong to it");
    });
  });
});

describeMail("A mail server that states a BODYSTRUCTURE of 300,000 tokens", () => {
  test("has the email listed with the others: what is not read of it is cut off before it is parsed", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    for (const at of [1, 2]) await kit.deliver(user, emailOf(at));
    const answer = (text: string) =>
      text.replace(/(?<=^\* 1 .*)BODYSTRUCTURE \(/s, `BODYSTRUCTURE (${"(NIL) ".repeat(300_000)}`);
    const proxy = await startImapProxy(kit, { answer });
    const reader = openReader(kit, user, proxy.imap);
    const { structured } = await reader.call(getRecentEmailsTool, { limit: 5 });
    expect(structured.emails).toHaveLength(2);
    await reader.connections.close();
    await proxy.stop();
  });
});

describeMail("A mail server that ends the connection over one email", () => {
  test.each([1, 3, 5])(
    "UID %d: is named from the second call on at the latest, the others are shown",
    async (uid) => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await kit.deliverAll(
        user,
        Array.from({ length: 5 }, (_, at) => ({ raw: emailOf(at + 1) })),
      );
      const proxy = await startImapProxy(kit, {
        hangUpOn: (answer) => new RegExp(`^\\* ${uid} FETCH .*BODY`, "s").test(answer),
      });
      const reader = openReader(kit, user, proxy.imap);
      await reader.call(getRecentEmailsTool, { limit: 5 }).catch(() => {});
      const { structured } = await reader.call(getRecentEmailsTool, { limit: 5 });
      expect(structured.emails).toHaveLength(4);
      expect(structured.unreadable).toHaveLength(1);
      const found = await reader.call(searchEmailsTool, { query: "harbour", limit: 5 });
      expect(found.structured.emails).toHaveLength(4);
      await reader.connections.close();
      await proxy.stop();
    },
  );

  test("every time, has no email named as unreadable; once, nothing is missing", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliverAll(
      user,
      Array.from({ length: 3 }, (_, at) => ({ raw: emailOf(at + 1) })),
    );
    let losses = Number.POSITIVE_INFINITY;
    const proxy = await startImapProxy(kit, {
      hangUpOn: (answer) => / FETCH .*BODY/s.test(answer) && losses-- > 0,
    });
    const reader = openReader(kit, user, proxy.imap);
    for (let call = 0; call < 4; call++)
      expect(await reader.call(getRecentEmailsTool, { limit: 5 }).catch(({ code }) => code)).toBe(
        "mail_server_failed",
      );
    for (const more of [0, 1]) {
      losses = more;
      const { structured } = await reader.call(getRecentEmailsTool, { limit: 5 });
      expect([(structured.emails as unknown[]).length, structured.unreadable]).toEqual([3, undefined]);
    }
    await reader.connections.close();
    await proxy.stop();
  });
});
