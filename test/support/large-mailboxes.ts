/** The mailboxes of large-imap.ts, and the answers of FETCH about their emails, which are made from their UIDs. */

export type LargeMailbox = {
  path: string;
  /** Attributes of LIST, with a blank at the end. */
  use: string;
  count: number;
  unread: number;
  /** The answer to FETCH, from the set of UIDs or numbers on; both are alike here. */
  fetch(request: string): string;
};

const firstMs = Date.UTC(2010, 0, 1);
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number) => String(value).padStart(2, "0");

/** Facts about an email: about 15 years are spread evenly over a mailbox; three of ten emails are unread. */
export const factsOf = (count: number, uid: number) => {
  const receivedMs = firstMs + Math.floor((uid / count) * 15 * 365 * 86_400_000);
  return {
    receivedMs,
    seen: uid % 10 >= 3,
    flagged: uid % 1_000 === 1,
    sender: uid % 500,
    /** One email of 50,000 has the word "needle". */
    needle: uid % 50_000 === 7,
    /** Emails of one thread follow each other in steps of 100,000. */
    thread: uid % 100_000,
  };
};

const seconds = (ms: number) => {
  const date = new Date(ms);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
};

function headerOf(path: string, count: number, uid: number): Readonly<Record<string, string>> {
  const { receivedMs, sender, needle, thread } = factsOf(count, uid);
  const date = new Date(receivedMs);
  const parent = uid > 100_000 ? `<${uid - 100_000}.${path}@example.test>` : "";
  return {
    from: `Sender ${sender} <sender${sender}@example.test>`,
    to: "Ann <ann@example.test>",
    subject: `${parent === "" ? "" : "Re: "}Note ${thread}${needle ? " needle" : ""}`,
    date: `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ${seconds(receivedMs)} +0000`,
    "message-id": `<${uid}.${path}@example.test>`,
    ...(parent === "" ? {} : { "in-reply-to": parent, references: parent }),
    ...(sender < 50 ? { "list-id": `<list${sender}.example.test>` } : {}),
  };
}

const literal = (text: string) => `{${text.length}}\r\n${text}`;

function fetchOne(path: string, count: number, uid: number, items: string): string {
  const { receivedMs, seen, flagged, needle } = factsOf(count, uid);
  const date = new Date(receivedMs);
  const header = headerOf(path, count, uid);
  const text = `These are the first words of email ${uid}${needle ? ", a needle" : ""}. ${"More words follow here. ".repeat(20)}\r\n`;
  const parts = [`UID ${uid}`];
  const wants = (item: RegExp) => item.test(items);
  if (wants(/\bFLAGS\b/i)) parts.push(`FLAGS (${seen ? "\\Seen" : ""}${flagged ? " \\Flagged" : ""})`);
  if (wants(/RFC822\.SIZE/i)) parts.push(`RFC822.SIZE ${text.length + 400}`);
  if (wants(/INTERNALDATE/i))
    parts.push(
      `INTERNALDATE "${two(date.getUTCDate())}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()} ${seconds(receivedMs)} +0000"`,
    );
  if (wants(/BODYSTRUCTURE/i))
    parts.push(
      `BODYSTRUCTURE ("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" ${text.length} 2 NIL NIL NIL NIL)`,
    );
  const fields = /BODY\.PEEK\[HEADER\.FIELDS \(([^)]*)\)\]/i.exec(items);
  const all = Object.entries(header);
  const named = fields?.[1]?.toLowerCase().split(" ");
  if (fields) {
    const lines = all
      .filter(([name]) => named?.includes(name))
      .map(([name, value]) => `${name}: ${value}\r\n`);
    parts.push(`BODY[HEADER.FIELDS (${fields[1]})] ${literal(`${lines.join("")}\r\n`)}`);
  }
  if (wants(/BODY\.PEEK\[HEADER\](?!\.)/i))
    parts.push(
      `BODY[HEADER] ${literal(`${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`)}`,
    );
  const body = /BODY\.PEEK\[(1|TEXT)\](?:<(\d+)\.(\d+)>)?/i.exec(items);
  if (body) {
    const from = Number(body[2] ?? 0);
    const octets = text.slice(from, from + Number(body[3] ?? text.length));
    parts.push(`BODY[${body[1]}]${body[2] === undefined ? "" : `<${from}>`} ${literal(octets)}`);
  }
  return `* ${uid} FETCH (${parts.join(" ")})\r\n`;
}

function* uidsOf(set: string, count: number): Generator<number> {
  for (const range of set.split(",")) {
    const ends = range.split(":").map((end) => (end === "*" ? count : Number(end)));
    const [first = 0, last = first] = ends;
    const [low, high] = [Math.min(first, last), Math.min(count, Math.max(first, last))];
    for (let uid = low; uid <= high; uid += 1) yield uid;
  }
}

function toMailbox(path: string, count: number, use = ""): LargeMailbox {
  const full = Math.floor(count / 10) * 3;
  return {
    path,
    use: use === "" ? "" : `${use} `,
    count,
    unread: full + Math.min(3, Math.max(0, (count % 10) + 1)) - 1,
    fetch(request) {
      const [, set = "", items = ""] = /^(\S+) (.*)$/.exec(request) ?? [];
      return [...uidsOf(set, count)].map((uid) => fetchOne(path, count, uid, items)).join("");
    },
  };
}

/** 2,000 mailboxes with 1,000,000 emails. */
export function largeMailboxes(): LargeMailbox[] {
  const large = [
    toMailbox("INBOX", 600_000),
    toMailbox("Archive", 200_000, "\\Archive"),
    toMailbox("Sent", 50_000, "\\Sent"),
    toMailbox("Drafts", 100, "\\Drafts"),
    toMailbox("Trash", 200, "\\Trash"),
    toMailbox("Junk", 150, "\\Junk"),
  ];
  const others = 2_000 - large.length;
  const left = 1_000_000 - large.reduce((sum, { count }) => sum + count, 0);
  const each = Math.floor(left / others);
  return [
    ...large,
    ...Array.from({ length: others }, (_, at) =>
      toMailbox(`Projects/Number ${String(at).padStart(4, "0")}`, each + (at < left % others ? 1 : 0)),
    ),
  ];
}
