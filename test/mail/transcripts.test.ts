/** The commands of a cold and of a warm call of each tool, on a real Dovecot, so that nobody adds a round trip unseen. */
import { expect, test } from "bun:test";
import { tools } from "../../src/tools/index.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { toRaw } from "../support/emails.ts";
import { describeMail } from "../support/installed.ts";
import { invitations, toInvitationEmail } from "../support/invitations.ts";
import { mailServer } from "../support/mail-server.ts";
import { toNewsletter } from "../support/newsletters.ts";
import { idsOf, raw } from "../support/small-mailbox.ts";
import { createTranscript } from "../support/transcript.ts";
import { eventually } from "../support/waiting.ts";
import { type Writer, withWriter } from "../support/writer.ts";

type Call = (writer: Writer, ids: ReadonlyMap<string, string>, round: number) => Promise<unknown>;

const operations: unknown[] = [];

/** Each `round` works on another email. */
const calls: Readonly<Record<string, Call>> = {
  list_mailboxes: (writer) => writer.call("list_mailboxes"),
  overview: (writer) => writer.call("overview"),
  get_recent_emails: (writer) => writer.call("get_recent_emails", { limit: 5 }),
  search_emails: (writer) => writer.call("search_emails", { query: "subject:n1" }),
  "search_emails in one mailbox": (writer) =>
    writer.call("search_emails", { query: "subject:n1", mailbox: "inbox" }),
  get_email: (writer, ids, round) => writer.call("get_email", { id: ids.get(`n${round}`) }),
  get_thread: (writer, ids, round) => writer.call("get_thread", { id: ids.get(`n${round}`) }),
  get_attachment: (writer, ids) => writer.call("get_attachment", { id: ids.get("file"), index: 1 }),
  list_providers: (writer) => writer.call("list_providers"),
  draft_email: (writer, _ids, round) =>
    writer.call("draft_email", { to: ["ben@example.test"], subject: `draft ${round}`, body: "text" }),
  send_email: (writer, _ids, round) =>
    writer.call("send_email", { to: ["ben@corp.test"], subject: `sent ${round}`, body: "text" }),
  mark_as_read: (writer, ids, round) => writer.call("mark_as_read", { ids: [ids.get(`n${round}`)] }),
  flag_email: (writer, ids, round) =>
    writer.call("flag_email", { ids: [ids.get(`n${round}`)], flagged: true }),
  move_email: (writer, ids, round) =>
    writer.call("move_email", { ids: [ids.get(`n${round + 2}`)], mailbox: "archive" }),
  delete_email: (writer, ids, round) => writer.call("delete_email", { ids: [ids.get(`n${round + 4}`)] }),
  create_mailbox: (writer, _ids, round) => writer.call("create_mailbox", { path: `New ${round}` }),
  request_upload: (writer) => writer.call("request_upload", { name: "a.txt" }),
  undo: (writer, _ids, round) => writer.call("undo", { operation_id: operations[round] }),
  answer_invitation: (writer, ids, round) =>
    writer.call("answer_invitation", {
      id: ids.get("Invitation"),
      answer: round === 0 ? "accept" : "decline",
    }),
  unsubscribe: (writer, ids, round) => writer.call("unsubscribe", { id: ids.get(`list${round}`) }),
};

/** Tools that work on two connections at a time, whose order is a matter of chance: their commands alone, each once. */
const sideBySide: ReadonlySet<string> = new Set(["answer_invitation"]);
const namesIn = (transcript: string) =>
  [...new Set(transcript.split(/ [|+] |, /))]
    // Asked for where the other connection has changed something before.
    .filter((name) => name !== "NOOP")
    .sort()
    .join(", ");

/** The login with what follows it; what stands behind it in the same flight is the work of the call. */
const login = "AUTHENTICATE, ID + NAMESPACE + ENABLE";

/** Calls on a connection that was idle for more than five seconds. */
const afterSilence = {
  get_email: "NOOP, SELECT + UID FETCH",
  "search_emails in one mailbox": "NOOP, UID SORT, UID FETCH",
  list_mailboxes: "NOOP, LIST",
};

const expected: Readonly<Record<string, { cold: string; warm: string }>> = {
  answer_invitation: {
    cold: "APPEND, AUTHENTICATE, ENABLE, ID, LIST, NAMESPACE, SELECT, UID FETCH, UID SEARCH, UID STORE",
    warm: "APPEND, UID FETCH, UID STORE",
  },
  create_mailbox: {
    cold: `${login}, CREATE, SUBSCRIBE`,
    warm: "CREATE, SUBSCRIBE",
  },
  delete_email: {
    cold: `${login} + LIST, SELECT, UID MOVE`,
    warm: "UID MOVE",
  },
  draft_email: {
    cold: `${login} + LIST, APPEND`,
    warm: "APPEND",
  },
  flag_email: {
    cold: `${login} + SELECT, UID FETCH + UID STORE`,
    warm: "UID FETCH + UID STORE",
  },
  get_attachment: {
    cold: `${login} + SELECT + UID FETCH, UID FETCH`,
    warm: "UID FETCH, UID FETCH",
  },
  get_email: {
    cold: `${login} + SELECT + UID FETCH`,
    warm: "UID FETCH",
  },
  get_recent_emails: {
    cold: `${login} + SELECT, FETCH`,
    warm: "UID FETCH",
  },
  get_thread: {
    cold: `${login} + SELECT + LIST + UID FETCH, UID SEARCH, UID FETCH`,
    warm: "LIST + UID FETCH, UID SEARCH, UID FETCH",
  },
  list_mailboxes: {
    cold: `${login} + LIST`,
    warm: "LIST",
  },
  list_providers: {
    cold: "",
    warm: "",
  },
  mark_as_read: {
    cold: `${login} + SELECT, UID FETCH + UID STORE`,
    warm: "UID FETCH + UID STORE",
  },
  move_email: {
    cold: `${login} + LIST, SELECT, UID MOVE`,
    warm: "UID MOVE",
  },
  overview: {
    cold: `${login} + SELECT, UID SEARCH, UID FETCH, UID FETCH`,
    warm: "UID SEARCH, UID FETCH, UID FETCH",
  },
  request_upload: {
    cold: "",
    warm: "",
  },
  search_emails: {
    cold: `${login} + LIST, SELECT + UID SORT + SELECT + UID SORT, SELECT + UID FETCH`,
    warm: "SELECT + UID SORT + SELECT + UID SORT + SELECT + UID SORT + SELECT + UID SORT, SELECT + UID FETCH",
  },
  "search_emails in one mailbox": {
    cold: `${login} + SELECT, UID SORT, UID FETCH`,
    warm: "UID SORT, UID FETCH",
  },
  send_email: {
    cold: `${login} + LIST, SELECT, APPEND, UID SEARCH`,
    warm: "APPEND",
  },
  undo: {
    cold: `${login} + SELECT, UID FETCH + UID STORE`,
    warm: "UID FETCH + UID STORE",
  },
  unsubscribe: {
    cold: `${login} + SELECT, UID FETCH, LIST, SELECT, APPEND, UID SEARCH`,
    warm: "SELECT, UID FETCH, SELECT, APPEND",
  },
};

describeMail("The commands of a tool on a new connection and on an open one", () => {
  test("are no others than these: + joins what goes out together", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.setUser("ben@corp.test");
    for (let number = 0; number < 8; number += 1) await kit.deliver(user, raw(`n${number}`));
    const attachments = [{ filename: "a.bin", content: Buffer.alloc(1_000, 7) }];
    await kit.deliver(user, await toRaw({ subject: "file", text: "See the file.", attachments }));
    const calendar = (invitations[0]?.calendar ?? "").replaceAll("ann@example.test", user.address);
    await kit.deliver(user, toInvitationEmail(calendar, { from: "Ben <ben@corp.test>" }));
    for (const round of [0, 1]) {
      const letter = toNewsletter(`List-Unsubscribe: <mailto:ben@corp.test?subject=leave${round}>\n`);
      await kit.deliver(user, letter.replace("Subject: newsletter", `Subject: list${round}`));
    }
    const proxy = await startCountingProxy(kit.imap.port);
    const transcript = createTranscript();
    const imap = { ...kit.imap, port: proxy.port };
    const found: Record<string, { cold: string; warm: string }> = {};
    await withWriter({ kit, user, imap, watch: transcript.watch }, async (writer) => {
      const ids = await idsOf(writer);
      for (const round of [0, 1]) {
        const { data } = await writer.call("mark_as_read", { ids: [ids.get(`n${round + 6}`)] });
        operations.push(data.operation_id);
      }
      // The own addresses are read once a day.
      await writer.call("draft_email", { to: ["ben@example.test"], subject: "first", body: "text" });
      for (const [name, call] of Object.entries(calls)) {
        proxy.drop();
        await eventually(() => transcript.open() === 0);
        transcript.take();
        await call(writer, ids, 0);
        const cold = transcript.take();
        await call(writer, ids, 1);
        const warm = transcript.take();
        found[name] = sideBySide.has(name) ? { cold: namesIn(cold), warm: namesIn(warm) } : { cold, warm };
      }
      // Dovecot answers NOOP after what comes behind it, whose data would then be taken for its own.
      for (const [name, commands] of Object.entries(afterSilence)) {
        writer.clock.advance(6_000);
        transcript.take();
        await calls[name]?.(writer, ids, 0);
        expect(transcript.take()).toBe(commands);
      }
    });
    await proxy.stop();
    expect(found).toEqual(expected);
    // The tool of the cards decides on what is kept here, and sends as send_email does.
    const named = new Set(Object.keys(found).map((name) => name.split(" ")[0]));
    expect(tools.filter(({ name }) => !named.has(name)).map(({ name }) => name)).toEqual(["decide_approval"]);
  });
});
