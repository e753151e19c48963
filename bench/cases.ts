/** The measured cases: each tool, and the same work on a bare connection. */
import type { ImapFlow } from "imapflow";
import type { Transporter } from "nodemailer";
import { rowQuery } from "../src/mail/search/email-rows.ts";
import { toRaw } from "../test/support/emails.ts";
import type { User } from "../test/support/mail-server.ts";
import type { TestClient } from "../test/support/mcp-client.ts";

export type Scene = {
  claude: TestClient;
  user: User;
  sink: User;
  /** Ids for the tools and UIDs for the bare connection; different emails. */
  ids: string[];
  uids: number[];
  /** An email with an attachment, for both. */
  attached: { id: string; uid: number };
};

/** Dependencies of the bare work. */
export type BareScene = Omit<Scene, "claude" | "ids">;

export type Bare = { imap: ImapFlow; smtp: Transporter };

export type Case = {
  tool: string;
  description: string;
  /** Makes one call. `round` is different in each, so that each uses another email. */
  call(scene: Scene, round: number): Promise<unknown>;
  /** Does the same with the fewest commands, on open connections with INBOX selected. */
  bare(bare: Bare, scene: BareScene, round: number): Promise<unknown>;
  /** The case changes nothing in the mailbox. */
  reads?: boolean;
  smtp?: boolean;
};

const pick = <T>(from: readonly T[], round: number): T => {
  const found = from[round % from.length];
  if (found === undefined) throw new Error("the mailbox is empty");
  return found;
};

/** The data that a list shows. */
const listQuery = { ...rowQuery, headers: ["from", "to", "subject", "date"], threadId: false };

const newest = (imap: ImapFlow, count: number) => {
  const exists = imap.mailbox ? imap.mailbox.exists : 0;
  return imap.fetchAll(`${exists - count + 1}:${exists}`, listQuery);
};

const toTestEmail = (scene: BareScene, round: number) => ({
  from: scene.user.address,
  to: scene.sink.address,
  subject: `Email ${round} of ${performance.now()}`,
  text: "A few lines of text, as people send them.",
});

export const cases: readonly Case[] = [
  {
    tool: "list_mailboxes",
    reads: true,
    description: "all mailboxes with counts",
    call: ({ claude }) => claude.call("list_mailboxes"),
    bare: ({ imap }) => imap.list({ statusQuery: { messages: true, unseen: true } }),
  },
  {
    tool: "get_recent_emails",
    reads: true,
    description: "50 newest",
    call: ({ claude }) => claude.call("get_recent_emails", { limit: 50 }),
    bare: ({ imap }) => newest(imap, 50),
  },
  {
    tool: "search_emails",
    reads: true,
    description: "from: in one mailbox, 20 rows",
    call: ({ claude }) => claude.call("search_emails", { query: "from:river", mailbox: "inbox", limit: 20 }),
    async bare({ imap }) {
      const uids = (await imap.search({ from: "river" }, { uid: true })) || [];
      await imap.fetchAll(uids.slice(-20).join(","), listQuery, { uid: true });
    },
  },
  {
    tool: "get_email",
    reads: true,
    description: "one email as markdown",
    call: ({ claude, ids }, round) => claude.call("get_email", { id: pick(ids, round) }),
    async bare({ imap }, { uids }, round) {
      const query = {
        uid: true,
        flags: true,
        size: true,
        headers: true,
        bodyStructure: true,
        bodyParts: ["1"],
      };
      await imap.fetchOne(String(pick(uids, round)), query, { uid: true });
    },
  },
  {
    tool: "get_thread",
    reads: true,
    description: "a conversation of four in the inbox",
    call: ({ claude, ids }, round) => claude.call("get_thread", { id: pick(ids, round) }),
    async bare({ imap }, { uids }, round) {
      const known = { uid: true, flags: true, headers: true, bodyStructure: true };
      const email = await imap.fetchOne(String(pick(uids, round)), known, { uid: true });
      const first =
        /^(?:References|Message-ID): (<\S+>)/im.exec(email ? String(email.headers) : "")?.[1] ?? "";
      const naming = (header: string) => ({ header: { [header]: first } });
      const named = { or: [naming("References"), naming("Message-ID")] };
      const found = (await imap.search(named, { uid: true })) || [];
      await imap.fetchAll(found.join(","), { ...known, bodyParts: ["1"] }, { uid: true });
    },
  },
  {
    tool: "get_attachment",
    reads: true,
    description: "a binary file of 30 KB: its type and a link",
    call: ({ claude, attached }) => claude.call("get_attachment", { id: attached.id, index: 1 }),
    async bare({ imap }, { attached }) {
      await imap.fetchOne(String(attached.uid), { uid: true, bodyStructure: true }, { uid: true });
      await imap.fetchOne(String(attached.uid), { uid: true, bodyParts: ["2"] }, { uid: true });
    },
  },
  {
    tool: "mark_as_read",
    description: "one email",
    call: ({ claude, ids }, round) =>
      claude.call("mark_as_read", { ids: [pick(ids, round)], read: round % 2 === 0 }),
    bare: ({ imap }, { uids }, round) =>
      imap.messageFlagsAdd(String(pick(uids, round)), [round % 2 ? "bench-a" : "bench-b"], { uid: true }),
  },
  {
    tool: "move_email",
    description: "one email to a mailbox by path",
    call: (scene) => scene.claude.call("move_email", { ids: [scene.ids.shift()], mailbox: "Archive" }),
    async bare({ imap }, scene) {
      const uid = String(scene.uids.shift());
      const moved = await imap.messageMove(uid, "Archive", { uid: true });
      if (!moved) throw new Error("MOVE failed");
    },
  },
  {
    tool: "send_email",
    description: "a few lines, and its copy in Sent",
    smtp: true,
    call: (scene, round) => {
      const { to, subject, text } = toTestEmail(scene, round);
      return scene.claude.call("send_email", { to: [to], subject, body: text });
    },
    async bare({ imap, smtp }, scene, round) {
      const raw = await toRaw(toTestEmail(scene, round));
      const envelope = { from: scene.user.address, to: [scene.sink.address] };
      // The copy is filed once the submission server has accepted the email, and not before.
      await smtp.sendMail({ envelope, raw });
      await imap.append("Sent", raw, ["\\Seen"]);
    },
  },
];
