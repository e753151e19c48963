/**
 * An emulation of Gmail's IMAP in front of the tests' Dovecot: its capabilities (X-GM-EXT-1; no SORT, no THREAD), its
 * name in ID, its mailboxes, and https://developers.google.com/workspace/gmail/imap/imap-extensions: X-GM-MSGID,
 * X-GM-THRID and X-GM-LABELS in FETCH and SEARCH, X-GM-RAW in SEARCH. Every email is in All Mail, and in the mailbox of
 * each of its labels. Gmail's ids are stored as header fields, where Dovecot can search them.
 *
 * Not emulated: COMPRESS=DEFLATE, UTF8=ACCEPT (not in this Dovecot), and flags shared between mailboxes.
 */
import { type ImapProxy, startImapProxy } from "./imap-proxy.ts";
import type { MailServerKit, User } from "./mail-server.ts";

export type Gmail = ImapProxy & {
  /** Makes a user with Gmail's empty mailboxes. */
  newUser(): Promise<User>;
  /**
   * Stores an email in All Mail and in the mailbox of every label, or only in Trash or Spam.
   * `labels`: INBOX, user labels ("Work"), or the last part of Gmail's own ("Sent Mail"). Default INBOX.
   * `thread`: X-GM-THRID, 19 digits like 1278455344230334865; by default a new one. Returns X-GM-MSGID.
   */
  deliver(
    user: User,
    raw: string | Uint8Array,
    options?: { thread?: string; labels?: readonly string[]; flags?: readonly string[]; date?: Date },
  ): Promise<string>;
};

const capabilities = {
  before: "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 SASL-IR AUTH=PLAIN",
  after:
    "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584",
};

const specialUse: Record<string, string> = {
  "[Gmail]/All Mail": "\\All",
  "[Gmail]/Drafts": "\\Drafts",
  "[Gmail]/Important": "\\Important",
  "[Gmail]/Sent Mail": "\\Sent",
  "[Gmail]/Spam": "\\Junk",
  "[Gmail]/Starred": "\\Flagged",
  "[Gmail]/Trash": "\\Trash",
};
/** Mailboxes that Dovecot creates for every user and Gmail does not have. */
const hidden = /^(Drafts|Sent|Trash|Archive|Junk)$/;

/** A label that a client added is kept as a keyword of Dovecot. */
const labelKeyword = / ?\bgmail-label-([\w.+-]+)/gi;

const unquoted = (text: string) => text.replace(/^"(.*)"$/s, "$1").replace(/\\(.)/gs, "$1");

/** Rewrites a response of Dovecot, with its literals, to that of Gmail. */
function toGmailAnswer(answer: string, loggedIn: boolean): string {
  const list = /^\* (LIST|LSUB) \(([^)]*)\) (\S+) (.+)\r\n$/.exec(answer);
  const name = unquoted(list?.[4] ?? /^\* STATUS ("[^"]*"|\S+) /.exec(answer)?.[1] ?? "");
  if (hidden.test(name)) return "";
  if (list) {
    const [, command = "", flags = "", separator = ""] = list;
    const all = [flags, specialUse[name] ?? ""].filter((flag) => flag !== "").join(" ");
    return `* ${command} (${all}) ${separator} "${name}"\r\n`;
  }
  if (answer.startsWith("* ID "))
    return '* ID ("name" "GImap" "vendor" "Google, Inc." "version" "gmail")\r\n';
  if (/^\* \d+ FETCH /.test(answer)) {
    const added = [...answer.matchAll(labelKeyword)].map(([, label]) => ` "${label}"`).join("");
    return answer
      .replace(labelKeyword, "")
      .replace(
        /BODY\[HEADER\.FIELDS \(X-GM-(MSGID|THRID)\)\] \{\d+\}\r\n(?:\S+: (\d+)\r\n)?\r\n/gi,
        (_, item: string, value = "0") => `X-GM-${item.toUpperCase()} ${value}`,
      )
      .replace(
        /BODY\[HEADER\.FIELDS \(X-GM-LABELS\)\] \{\d+\}\r\n(?:\S+: ([^\r]*)\r\n)?\r\n/gi,
        (_, value = "") => `X-GM-LABELS (${value}${added})`,
      );
  }
  return answer.replace(
    /^(\* CAPABILITY |\S+ OK \[CAPABILITY )[^\]\r]*/,
    `$1${loggedIn ? capabilities.after : capabilities.before}`,
  );
}

/**
 * Starts the emulation in front of a mail server. `toKeys` translates an X-GM-RAW query to SEARCH keys of RFC 3501
 * without line breaks; by default every query is refused.
 */
export async function startGmail(
  kit: MailServerKit,
  toKeys: (query: string) => string | undefined = () => undefined,
): Promise<Gmail> {
  let numbers = 1278455344230334000n;
  const next = () => String(++numbers);

  /** Translates a command for Dovecot; undefined for a command that Gmail does not support. */
  function toDovecot(command: string): string | undefined {
    const [, name = ""] = /^\S+ (?:UID )?(\S+)/i.exec(command) ?? [];
    if (/^(SORT|THREAD)$/i.test(name)) return undefined;
    if (/^STORE$/i.test(name))
      return command.replace(
        / ([+-])X-GM-LABELS(\.SILENT)? \((.*)\)$/i,
        (_, sign, silent = "", list: string) => {
          const labels = list.split(" ").map((label) => `gmail-label-${unquoted(label)}`);
          return ` ${sign}FLAGS${silent} (${labels.join(" ")})`;
        },
      );
    if (/^FETCH$/i.test(name))
      return command.replace(
        /(?<=[ (])X-GM-(MSGID|THRID|LABELS)(?=[ )\r]|$)/gi,
        "BODY.PEEK[HEADER.FIELDS (X-GM-$1)]",
      );
    if (!/^SEARCH$/i.test(name)) return command;
    let understood = true;
    const keys = command
      .replace(
        /(?<= \(?)X-GM-(MSGID|THRID|LABELS) ("(?:[^"\\]|\\.)*"|[^\s)]+)/gi,
        (_, item: string, value: string) =>
          /^LABELS$/i.test(item) && /^[\w.+-]+$/.test(unquoted(value))
            ? `OR HEADER X-GM-LABELS ${value} KEYWORD gmail-label-${unquoted(value)}`
            : `HEADER X-GM-${item} ${value}`,
      )
      .replace(/(?<= \(?)X-GM-RAW ("(?:[^"\\]|\\.)*"|[^\s)]+)/gi, (_, query: string) => {
        const meant = toKeys(Buffer.from(unquoted(query), "latin1").toString("utf8"));
        understood &&= meant !== undefined;
        return `(${Buffer.from(meant ?? "", "utf8").toString("latin1")})`;
      });
    return understood ? keys : undefined;
  }

  const proxy = await startImapProxy(kit, {
    command: (command) => toDovecot(command) ?? { say: "TAG BAD Could not parse command\r\n" },
    answer: (answer, { loggedIn }) => toGmailAnswer(answer, loggedIn),
  });

  return {
    ...proxy,
    async newUser() {
      const user = await kit.newUser();
      await kit.withImap(user, async (imap) => {
        for (const path of Object.keys(specialUse)) await imap.mailboxCreate(path);
      });
      return user;
    },
    async deliver(user, raw, { thread = next(), labels = ["INBOX"], ...delivery } = {}) {
      const id = next();
      const own = new Set(Object.keys(specialUse));
      const paths = labels.map((label) => (own.has(`[Gmail]/${label}`) ? `[Gmail]/${label}` : label));
      const away = paths.some((path) => path === "[Gmail]/Trash" || path === "[Gmail]/Spam");
      const named = labels.map((label) => (label === "INBOX" ? '"\\\\Inbox"' : `"${label}"`)).join(" ");
      const head = `X-GM-MSGID: ${id}\r\nX-GM-THRID: ${thread}\r\nX-GM-LABELS: ${named}\r\n`;
      const body = typeof raw === "string" ? Buffer.from(raw.replace(/\r?\n/g, "\r\n")) : raw;
      const whole = Buffer.concat([Buffer.from(head), body]);
      const places = away ? paths : ["[Gmail]/All Mail", ...paths];
      await kit.deliverAll(
        user,
        places.map((mailbox) => ({ raw: whole, mailbox, ...delivery })),
      );
      return id;
    },
  };
}
