/**
 * An imitation of Gmail's IMAP in front of the tests' Dovecot: its capabilities (X-GM-EXT-1; no SORT, no THREAD), its
 * name in ID, its mailboxes, and https://developers.google.com/workspace/gmail/imap/imap-extensions: X-GM-MSGID,
 * X-GM-THRID and X-GM-LABELS in FETCH and SEARCH, X-GM-RAW in SEARCH. Every email is in All Mail, and in the mailbox of
 * each of its labels. Gmail's numbers are header fields of what is stored, which is where Dovecot finds them.
 *
 * Left out: COMPRESS=DEFLATE, UTF8=ACCEPT (this Dovecot has none), and flags that follow an email between mailboxes.
 */
import { createServer, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { MailServer } from "../../src/mail/mail.ts";
import { trustedAuthority } from "./authority.ts";
import type { MailServerKit, User } from "./mail-server.ts";

export type Gmail = {
  imap: MailServer;
  /** Every command over all connections as the client wrote it, without its tag; strings that came as literals quoted. */
  commands: readonly string[];
  /** A fresh user with Gmail's empty mailboxes. */
  newUser(): Promise<User>;
  /**
   * Stores an email in All Mail and in the mailbox of every label, or only in Trash or Spam.
   * `labels`: INBOX, mailboxes of ours ("Work"), or the last part of Gmail's own ("Sent Mail"). Default INBOX.
   * `thread`: X-GM-THRID, 19 digits like 1278455344230334865; by default one of its own. Answers X-GM-MSGID.
   */
  deliver(
    user: User,
    raw: string | Uint8Array,
    options?: { thread?: string; labels?: readonly string[]; flags?: readonly string[]; date?: Date },
  ): Promise<string>;
  stop(): Promise<void>;
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
/** What Dovecot has for every user and Gmail has not. */
const hidden = /^(Drafts|Sent|Trash|Archive|Junk)$/;

const unquoted = (text: string) => text.replace(/^"(.*)"$/s, "$1").replace(/\\(.)/gs, "$1");

/** One whole answer of Dovecot, literals and all, as Gmail would give it. */
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
  if (/^\* \d+ FETCH /.test(answer))
    return answer
      .replace(
        /BODY\[HEADER\.FIELDS \(X-GM-(MSGID|THRID)\)\] \{\d+\}\r\n(?:\S+: (\d+)\r\n)?\r\n/gi,
        (_, item: string, value = "0") => `X-GM-${item.toUpperCase()} ${value}`,
      )
      .replace(
        /BODY\[HEADER\.FIELDS \(X-GM-LABELS\)\] \{\d+\}\r\n(?:\S+: ([^\r]*)\r\n)?\r\n/gi,
        (_, value = "") => `X-GM-LABELS (${value})`,
      );
  return answer.replace(
    /^(\* CAPABILITY |\S+ OK \[CAPABILITY )[^\]\r]*/,
    `$1${loggedIn ? capabilities.after : capabilities.before}`,
  );
}

/**
 * Starts it in front of a kit. `toKeys` says what an X-GM-RAW query means in SEARCH keys of RFC 3501, without line
 * breaks; by default no query is understood.
 */
export async function startGmail(
  kit: MailServerKit,
  toKeys: (query: string) => string | undefined = () => undefined,
): Promise<Gmail> {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const sockets = new Set<TLSSocket>();
  const commands: string[] = [];
  let numbers = 1278455344230334000n;
  const next = () => String(++numbers);

  /** A command of the client as Dovecot takes it; undefined: what Gmail does not understand. */
  function toDovecot(command: string): string | undefined {
    const [, name = ""] = /^\S+ (?:UID )?(\S+)/i.exec(command) ?? [];
    if (/^(SORT|THREAD)$/i.test(name)) return undefined;
    if (/^FETCH$/i.test(name))
      return command.replace(
        /(?<=[ (])X-GM-(MSGID|THRID|LABELS)(?=[ )\r]|$)/gi,
        "BODY.PEEK[HEADER.FIELDS (X-GM-$1)]",
      );
    if (!/^SEARCH$/i.test(name)) return command;
    let understood = true;
    const keys = command
      .replace(/(?<= \(?)X-GM-(MSGID|THRID|LABELS) /gi, "HEADER X-GM-$1 ")
      .replace(/(?<= \(?)X-GM-RAW ("(?:[^"\\]|\\.)*"|[^\s)]+)/gi, (_, query: string) => {
        const meant = toKeys(Buffer.from(unquoted(query), "latin1").toString("utf8"));
        understood &&= meant !== undefined;
        return `(${Buffer.from(meant ?? "", "utf8").toString("latin1")})`;
      });
    return understood ? keys : undefined;
  }

  const server = createServer({ cert, key }, (near) => {
    const far = tlsConnect({ host: "localhost", port: kit.imap.port });
    let loggedIn = false;
    let typed = "";
    /** The beginning of a command whose literals are being gathered. */
    let begun = "";
    let wanted: number | undefined;
    /** Octets that follow and are nobody's business. */
    let passing = 0;
    let said = "";

    function take(line: string): void {
      const literal = /\{(\d+)(\+?)\}$/.exec(line);
      if (literal && !/^\S+ (UID )?SEARCH /i.test(begun + line)) {
        passing = Number(literal[1]);
        far.write(`${line}\r\n`, "latin1");
        return;
      }
      if (literal) {
        if (!literal[2]) near.write("+ go ahead\r\n");
        begun += line.slice(0, literal.index);
        wanted = Number(literal[1]);
        return;
      }
      const command = begun + line;
      begun = "";
      commands.push(command.replace(/^\S+ /, ""));
      const known = toDovecot(command);
      if (known !== undefined) far.write(`${known}\r\n`, "latin1");
      else near.write(`${command.split(" ", 1)[0]} BAD Could not parse command\r\n`);
    }

    near.on("data", (chunk: Buffer) => {
      typed += chunk.toString("latin1");
      for (;;) {
        if (wanted !== undefined) {
          if (typed.length < wanted) return;
          begun += `"${typed.slice(0, wanted).replace(/["\\]/g, "\\$&")}"`;
          typed = typed.slice(wanted);
          wanted = undefined;
        }
        if (passing > 0) {
          const part = typed.slice(0, passing);
          far.write(part, "latin1");
          passing -= part.length;
          typed = typed.slice(part.length);
          if (passing > 0) return;
        }
        const end = typed.indexOf("\r\n");
        if (end < 0) return;
        const line = typed.slice(0, end);
        typed = typed.slice(end + 2);
        take(line);
      }
    });

    far.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      for (let from = 0; ; ) {
        const end = said.indexOf("\r\n", from);
        if (end < 0) return;
        const literal = /\{(\d+)\}$/.exec(said.slice(from, end));
        if (literal) {
          from = end + 2 + Number(literal[1]);
          continue;
        }
        const answer = said.slice(0, end + 2);
        said = said.slice(end + 2);
        from = 0;
        if (/^\S+ OK .*Logged in/i.test(answer)) loggedIn = true;
        near.write(toGmailAnswer(answer, loggedIn), "latin1");
      }
    });

    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    imap: { host: "localhost", port: address.port, security: "tls" },
    commands,
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
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
