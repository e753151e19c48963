/**
 * The main use of the product on one real server, from the form to the sent email, as a list of the answers: for
 * comparing servers. What differs by chance (addresses, ids, moments) is replaced by names.
 */
import { connectMailbox } from "./authorize.ts";
import { toRaw } from "./emails.ts";
import type { User } from "./mailbox-access.ts";
import { openClient, type TestClient } from "./mcp-client.ts";
import type { TestProduct } from "./product.ts";
import type { RealServer } from "./real-server.ts";
import { eventually } from "./waiting.ts";

/** An answer of a tool, or the state of a mailbox as another IMAP client sees it (without `tool`). */
export type Step = { name: string; tool?: string; answer: string };

type Row = { id: string; subject: string };

const attachment = { filename: "invoice.txt", content: "Two bolts: 14 euro\n", contentType: "text/plain" };

async function fill(server: RealServer, ann: User): Promise<void> {
  const plan = "<plan@example.test>";
  const emails = [
    {
      from: "Carol <carol@example.test>",
      subject: "Plan",
      messageId: plan,
      date: "2026-01-05T10:00:00Z",
      text: "We build a bridge of oak.",
    },
    {
      from: "Dave <dave@example.test>",
      subject: "Re: Plan",
      messageId: "<re@example.test>",
      inReplyTo: plan,
      references: plan,
      date: "2026-01-06T10:00:00Z",
      text: "Oak is dear.",
    },
    {
      from: "Shop <shop@example.test>",
      subject: "Invoice",
      messageId: "<invoice@example.test>",
      date: "2026-02-10T10:00:00Z",
      text: "The bolts.",
      attachments: [attachment],
    },
    {
      from: "Erika <erika@example.test>",
      subject: "Größe der Brücke",
      messageId: "<groesse@example.test>",
      date: "2026-03-01T10:00:00Z",
      text: "Sieben Meter fünfzig über dem Fluß.",
    },
  ];
  for (const { date, ...email } of emails)
    await server.deliver(ann, await toRaw({ ...email, to: ann.address, date: new Date(date) }), {
      date: new Date(date),
      flags: email.subject === "Re: Plan" ? ["\\Seen"] : [],
    });
}

const roles = ["Drafts", "Sent", "Trash", "Archive", "Junk"];

/** Makes the mailboxes of the usual roles that the server has not made. */
async function makeMailboxes(server: RealServer, user: User): Promise<void> {
  await server.withImap(user, async (imap) => {
    const names = (await imap.list()).map(({ name }) => name);
    for (const name of roles.filter((role) => !names.includes(role))) await imap.mailboxCreate(name);
  });
}

/** Runs the story. The product must allow the server's host. */
export async function tellStory(product: TestProduct, server: RealServer): Promise<Step[]> {
  const [ann, ben] = [await server.newUser(), await server.newUser()];
  await makeMailboxes(server, ann);
  await fill(server, ann);
  const { accessToken } = await connectMailbox(product, ann, { servers: server });
  const client = await openClient(product, accessToken);
  try {
    const story = createStory(client, server, ann, ben);
    await readMail(story);
    await organizeMail(story);
    await writeMail(story);
    await answerLists(story);
    await eraseMail(story);
    return story.steps();
  } finally {
    await client.close();
  }
}

type Story = ReturnType<typeof createStory>;

function createStory(client: TestClient, server: RealServer, ann: User, ben: User) {
  const steps: Step[] = [];
  const names = new Map<string, string>([
    [ann.address, "ann@example.test"],
    [ben.address, "ben@example.test"],
  ]);

  return {
    ann,
    ben,
    server,
    /** Calls a tool, notes its answer, and returns its data. */
    async call(name: string, tool: string, input: Record<string, unknown> = {}) {
      const { text, data, isError } = await client.try(tool, input);
      for (const { id, subject } of (data.emails ?? []) as Row[]) {
        // The newest last: an email that was moved has another id.
        names.delete(id);
        names.set(id, `[id of ${subject}]`);
      }
      steps.push({ name, tool, answer: `${isError ? "refused: " : ""}${text}` });
      return data;
    },
    /** Notes the emails of a mailbox with their flags. */
    async look(name: string, user: User, mailbox: string) {
      const emails = await server.read(user, mailbox);
      const lines = emails.map(({ subject, flags }) => `${subject} ${flags.join(" ")}`.trim());
      steps.push({ name, answer: lines.sort().join("\n") });
      return emails;
    },
    /** The id of an email of the last list that named it. */
    idOf(subject: string): string {
      const found = [...names].reverse().find(([, name]) => name === `[id of ${subject}]`);
      if (!found) throw new Error(`no list named ${subject}`);
      return found[0];
    },
    steps: (): Step[] =>
      steps.map(({ answer, ...step }) => ({
        ...step,
        answer: normalize([...names].reduce((text, [value, alias]) => text.replaceAll(value, alias), answer)),
      })),
  };
}

const delivered = ["01-05", "01-06", "02-10", "03-01", "04-02", "04-03"].map((day) => `2026-${day}T10`);

function normalize(answer: string): string {
  return answer
    .replace(/\bmail-[0-9a-f]{16}\b/g, "mail-[mark]")
    .replace(/\bop_[0-9a-f]{32}\b/g, "[operation]")
    .replace(/(?<=^Selection of all that match: )\S+$/gm, "[selection]")
    .replace(/(?<=cursor ")[^"]+/g, "[cursor]")
    .replace(/(?<=^ {3}selection )\S+$/gm, "[selection]")
    .replace(/\bupl_\w+/g, "[upload]")
    .replace(/https?:\/\/\S+\/upload\/\S+/g, "[url]")
    .replace(/<[0-9a-f]{32}@example\.test>/g, "<[message-id]>")
    .replace(/^( {2}|draft_id: )[\w-]{20,}$/gm, "$1[id]")
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d{3})?/g, (moment) =>
      delivered.includes(moment.slice(0, 13)) ? moment : "[now]",
    );
}

async function readMail(story: Story): Promise<void> {
  await story.call("list_mailboxes", "list_mailboxes");
  await story.call("get_recent_emails", "get_recent_emails");
  const queries = {
    "a word": "oak",
    "a word with umlauts": "fünfzig",
    "from:": "from:carol",
    "has:attachment": "has:attachment",
    OR: "from:carol OR subject:Invoice",
    dates: "after:2026-02-01 before:2026-02-28",
    "a word that must not occur": "-oak",
    "subject: with umlauts": "subject:Größe",
    "a phrase": '"bridge of oak"',
    "larger:": "larger:500",
    "rfc822msgid:": "rfc822msgid:plan@example.test",
    "nothing that matches": "concrete",
    "is:unread": "is:unread in:inbox",
  };
  for (const [name, query] of Object.entries(queries))
    await story.call(`search_emails: ${name}`, "search_emails", { query });
  await story.call("get_email", "get_email", { id: story.idOf("Größe der Brücke") });
  await story.call("get_thread", "get_thread", { id: story.idOf("Plan") });
  await story.call("get_attachment", "get_attachment", { id: story.idOf("Invoice"), index: 1 });
}

async function organizeMail(story: Story): Promise<void> {
  const { ann } = story;
  const ids = () => [story.idOf("Plan"), story.idOf("Invoice")];

  const marked = await story.call("mark_as_read", "mark_as_read", { ids: ids() });
  await story.look("INBOX after mark_as_read", ann, "INBOX");
  await undo(story, "mark_as_read", marked);
  const flagged = await story.call("flag_email", "flag_email", {
    ids: ids(),
    flagged: true,
    add_keywords: ["$work"],
  });
  await story.look("INBOX after flag_email", ann, "INBOX");
  await undo(story, "flag_email", flagged);

  await story.call("create_mailbox", "create_mailbox", { path: "Projects" });
  await story.call("create_mailbox again", "create_mailbox", { path: "Projects" });
  for (const path of ["Projects/2026", "Müller & Söhne", "v1.2"])
    await story.call(`create_mailbox: ${path}`, "create_mailbox", { path });
  const moved = await story.call("move_email", "move_email", { ids: ids(), mailbox: "Projects" });
  await story.look("Projects after move_email", ann, "Projects");
  await story.call("search_emails after move_email", "search_emails", { query: "bolts" });
  await story.call("get_thread after move_email", "get_thread", { id: story.idOf("Re: Plan") });
  await undo(story, "move_email", moved);

  const deleted = await story.call("delete_email", "delete_email", { ids: ids() });
  await story.look("Trash after delete_email", ann, "Trash");
  await undo(story, "delete_email", deleted);
}

/** The last part: a server that cannot erase a single email has one email more from here on. */
async function eraseMail(story: Story): Promise<void> {
  const erased = await story.call("delete_email permanently", "delete_email", {
    ids: [story.idOf("Größe der Brücke")],
    permanently: true,
  });
  await undo(story, "delete_email permanently", erased);
}

async function undo(story: Story, name: string, data: Record<string, unknown>): Promise<void> {
  await story.call(`undo: ${name}`, "undo", { operation_id: data.operation_id ?? "none" });
  await story.look(`INBOX after undo: ${name}`, story.ann, "INBOX");
  await story.call(`get_recent_emails after undo: ${name}`, "get_recent_emails");
}

async function writeMail(story: Story): Promise<void> {
  const { ann, ben, server } = story;
  const draft = await story.call("draft_email", "draft_email", {
    reply_to: story.idOf("Plan"),
    to: [ben.address],
    body: "Dear Ben,\n\nis **ash** cheaper?\n\nAnn",
  });
  await story.look("Drafts after draft_email", ann, "Drafts");
  await story.call("send_email: the draft", "send_email", { draft_id: draft.draft_id });
  await story.look("Drafts after send_email", ann, "Drafts");
  await story.look("Sent after send_email", ann, "Sent");
  await story.call("send_email: an attachment", "send_email", {
    to: [ben.address],
    subject: "The invoice",
    body: "Please pay.",
    attachments: [{ email: story.idOf("Invoice"), index: 1 }],
  });
  await story.call("send_email: nobody", "send_email", {
    to: ["nobody@example.test"],
    subject: "Lost",
    body: "?",
  });
  await story.look("Sent after three sends", ann, "Sent");
  await eventually(async () => (await server.read(ben)).length === 2, { what: "Ben to receive both" });
  await story.look("Ben's INBOX", ben, "INBOX");
  await story.look("INBOX after send_email", ann, "INBOX");
  await story.call("get_thread of what was sent", "get_thread", { id: story.idOf("Plan") });
  await story.call("list_mailboxes at the end", "list_mailboxes");
}

const invitation = (organizer: string, attendee: string) => `From: Ben <${organizer}>
To: ${attendee}
Subject: Invitation
Message-ID: <invitation@example.test>
Date: Thu, 02 Apr 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: text/calendar; charset=utf-8; method=REQUEST

BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:bridge@example.test
DTSTAMP:20260401T100000Z
DTSTART:20260501T100000Z
DTEND:20260501T110000Z
SUMMARY:The bridge
ORGANIZER;CN=Ben:mailto:${organizer}
ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${attendee}
END:VEVENT
END:VCALENDAR
`;

const newsletter = (attendee: string) => `From: News <news@brand.test>
To: ${attendee}
Subject: Spring
Message-ID: <spring@brand.test>
Date: Fri, 03 Apr 2026 10:00:00 +0000
List-ID: News <news.brand.test>
List-Unsubscribe: <https://brand.test/leave/1>

Flowers.
`;

async function answerLists(story: Story): Promise<void> {
  const { ann, ben, server } = story;
  await server.deliver(ann, invitation(ben.address, ann.address), { date: new Date("2026-04-02T10:00:00Z") });
  await server.deliver(ann, newsletter(ann.address), { date: new Date("2026-04-03T10:00:00Z") });
  await story.call("get_recent_emails: two new ones", "get_recent_emails", { limit: 2 });
  await story.call("answer_invitation", "answer_invitation", {
    id: story.idOf("Invitation"),
    answer: "accept",
  });
  await story.call("unsubscribe", "unsubscribe", { id: story.idOf("Spring") });
  await story.call("overview", "overview");
  await story.call("overview of the unread since 2026-03-01", "overview", {
    since: "2026-03-01",
    unread_only: true,
  });
  await story.call("request_upload", "request_upload");
  await story.call("list_providers", "list_providers");
}
