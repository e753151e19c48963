/**
 * A very large account, computed and not stored: 2,000 mailboxes, 1,000,000 emails, 300,000 of them unread. Answers the
 * commands that read (RFC 3501; ESEARCH, LIST-STATUS) as fast as it can, and counts the octets it sends.
 */
import { createServer, type TLSSocket } from "node:tls";
import type { MailServer } from "../../src/credentials.ts";
import { trustedAuthority } from "./authority.ts";
import { type LargeMailbox, largeMailboxes } from "./large-mailboxes.ts";
import { parseKeys } from "./large-search.ts";

export type LargeImap = {
  imap: MailServer;
  /** Octets sent since the last `reset`. */
  sent(): number;
  reset(): void;
  stop(): Promise<void>;
};

const rich =
  "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE NAMESPACE SPECIAL-USE LIST-EXTENDED LIST-STATUS UIDPLUS MOVE ESEARCH";
const bare = "IMAP4rev1 SASL-IR AUTH=PLAIN";

type Session = { selected: LargeMailbox | undefined };

/** `extensions: false`: neither ESEARCH nor LIST-STATUS, so that every number is sent by itself. */
export async function startLargeImap({ extensions = true } = {}): Promise<LargeImap> {
  const mailboxes = largeMailboxes();
  const byPath = new Map(mailboxes.map((mailbox) => [mailbox.path, mailbox]));
  const capabilities = extensions ? rich : bare;
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const sockets = new Set<TLSSocket>();
  let sent = 0;

  const statusOf = ({ path, count, unread }: LargeMailbox) =>
    `* STATUS "${path}" (MESSAGES ${count} UNSEEN ${unread} UIDNEXT ${count + 1} UIDVALIDITY 7)\r\n`;

  function select(session: Session, path: string): string {
    const mailbox = byPath.get(path);
    if (!mailbox) return "TAG NO [NONEXISTENT] there is no such mailbox\r\n";
    session.selected = mailbox;
    return [
      "* FLAGS (\\Seen \\Flagged \\Deleted \\Answered \\Draft)",
      "* OK [PERMANENTFLAGS (\\Seen \\Flagged \\Deleted \\Answered \\Draft \\*)] ok",
      `* ${mailbox.count} EXISTS`,
      "* 0 RECENT",
      "* OK [UIDVALIDITY 7] ok",
      `* OK [UIDNEXT ${mailbox.count + 1}] ok`,
      "TAG OK [READ-WRITE] selected\r\n",
    ].join("\r\n");
  }

  function search(mailbox: LargeMailbox, text: string): string {
    const [, wantsRanges, keys = ""] = /^(RETURN \(ALL COUNT\) )?(.*)$/.exec(text) ?? [];
    const matches = parseKeys(keys.replace(/^CHARSET \S+ /, ""), mailbox);
    if (!matches) return "TAG BAD not understood\r\n";
    const uids: number[] = [];
    for (let uid = 1; uid <= mailbox.count; uid += 1) if (matches(uid)) uids.push(uid);
    if (!wantsRanges) return `* SEARCH${uids.map((uid) => ` ${uid}`).join("")}\r\nTAG OK done\r\n`;
    const all = uids.length === 0 ? "" : ` ALL ${toRanges(uids)}`;
    return `* ESEARCH (TAG "TAG") UID COUNT ${uids.length}${all}\r\nTAG OK done\r\n`;
  }

  function answer(session: Session, line: string): string {
    const [, name = "", rest = ""] = /^(?:UID )?(\S+) ?(.*)$/i.exec(line) ?? [];
    const { selected } = session;
    switch (name.toUpperCase()) {
      case "CAPABILITY":
        return `* CAPABILITY ${capabilities}\r\nTAG OK done\r\n`;
      case "NAMESPACE":
        return '* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK done\r\n';
      case "LIST": {
        // The delimiter alone.
        if (/"" ""$/.test(rest)) return '* LIST (\\Noselect) "/" ""\r\nTAG OK done\r\n';
        const lists = mailboxes.map(({ path, use }) => `* LIST (${use}\\HasNoChildren) "/" "${path}"\r\n`);
        const counts = /STATUS \(/i.test(rest) ? mailboxes.map(statusOf) : [];
        return `${lists.join("")}${counts.join("")}TAG OK done\r\n`;
      }
      case "STATUS": {
        const mailbox = byPath.get(rest.replace(/ \([^)]*\)$/, "").replace(/^"|"$/g, ""));
        return mailbox ? `${statusOf(mailbox)}TAG OK done\r\n` : "TAG NO [NONEXISTENT] no\r\n";
      }
      case "SELECT":
      case "EXAMINE":
        return select(session, rest.replace(/^"|"$/g, ""));
      case "SEARCH":
        return selected ? search(selected, rest) : "TAG BAD nothing is selected\r\n";
      case "FETCH":
        return selected ? `${selected.fetch(rest)}TAG OK done\r\n` : "TAG BAD nothing is selected\r\n";
      case "LOGOUT":
        return "* BYE see you\r\nTAG OK done\r\n";
      default:
        return "TAG OK done\r\n";
    }
  }

  const server = createServer({ cert, key }, (socket) => {
    const session: Session = { selected: undefined };
    let typed = "";
    const say = (text: string) => {
      sent += text.length;
      socket.write(text, "latin1");
    };
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    say(`* OK [CAPABILITY ${capabilities}] ready\r\n`);
    socket.on("data", (chunk: Buffer) => {
      typed += chunk.toString("latin1");
      for (let end = typed.indexOf("\r\n"); end >= 0; end = typed.indexOf("\r\n")) {
        const [, tag = "", line = ""] = /^(\S+) (.*)$/s.exec(typed.slice(0, end)) ?? [];
        typed = typed.slice(end + 2);
        if (tag !== "") say(answer(session, line).replaceAll("TAG", tag));
      }
    });
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    imap: { host: "localhost", port: address.port, security: "tls" },
    sent: () => sent,
    reset() {
      sent = 0;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toRanges(uids: readonly number[]): string {
  const ranges: string[] = [];
  for (let at = 0; at < uids.length; ) {
    const first = uids[at] ?? 0;
    let last = first;
    for (at += 1; uids[at] === last + 1; at += 1) last += 1;
    ranges.push(first === last ? String(first) : `${first}:${last}`);
  }
  return ranges.join(",");
}
