/** SEARCH keys (RFC 3501 section 6.4.4) over the emails of large-mailboxes.ts, as far as the product sends them. */
import { factsOf, type LargeMailbox } from "./large-mailboxes.ts";

type Predicate = (uid: number) => boolean;

const dayMs = 86_400_000;

/** Returns the condition that keys stand for; undefined for a key that is not known. */
export function parseKeys(text: string, mailbox: LargeMailbox): Predicate | undefined {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()]+/g) ?? [];
  let at = 0;
  let isKnown = true;
  const next = () => tokens[at++] ?? "";
  const string = () =>
    next()
      .replace(/^"(.*)"$/s, "$1")
      .toLowerCase();
  const { count } = mailbox;
  const facts = (uid: number) => factsOf(count, uid);

  function inSet(set: string): Predicate {
    const ranges = set.split(",").map((range) => {
      const ends = range.split(":").map((end) => (end === "*" ? count : Number(end)));
      const [first = 0, last = first] = ends;
      return [Math.min(first, last), Math.max(first, last)] as const;
    });
    if (ranges.length === 1) {
      const [[low, high] = [0, 0]] = ranges;
      return (uid) => uid >= low && uid <= high;
    }
    const single = new Set(ranges.flatMap(([low, high]) => (low === high ? [low] : [])));
    const spans = ranges.filter(([low, high]) => low !== high);
    return (uid) => single.has(uid) || spans.some(([low, high]) => uid >= low && uid <= high);
  }

  const contains = (textOf: (uid: number) => string): Predicate => {
    const wanted = string();
    return (uid) => textOf(uid).includes(wanted);
  };
  const subjectOf = (uid: number) => `note ${facts(uid).thread}${facts(uid).needle ? " needle" : ""}`;
  const senderOf = (uid: number) => `sender ${facts(uid).sender} <sender${facts(uid).sender}@example.test>`;
  const idOf = (uid: number) => `<${uid}.${mailbox.path}@example.test>`.toLowerCase();
  const parentOf = (uid: number) => (uid > 100_000 ? idOf(uid - 100_000) : "");
  const dateOf = (day: string) => Date.parse(`${day.replaceAll("-", " ")} UTC`);

  function header(name: string): Predicate {
    switch (name) {
      case "message-id":
        return contains(idOf);
      case "in-reply-to":
      case "references":
        return contains(parentOf);
      case "list-id":
        return contains((uid) => (facts(uid).sender < 50 ? `<list${facts(uid).sender}.example.test>` : "\0"));
      default:
        string();
        return () => false;
    }
  }

  function key(): Predicate {
    const name = next().toUpperCase();
    switch (name) {
      case "(":
        return all(")");
      case "ALL":
        return () => true;
      case "UID":
        return inSet(next());
      case "OR": {
        const [one, other] = [key(), key()];
        return (uid) => one(uid) || other(uid);
      }
      case "NOT": {
        const inner = key();
        return (uid) => !inner(uid);
      }
      case "SEEN":
        return (uid) => facts(uid).seen;
      case "UNSEEN":
        return (uid) => !facts(uid).seen;
      case "FLAGGED":
        return (uid) => facts(uid).flagged;
      case "UNFLAGGED":
      case "UNDELETED":
        return () => true;
      case "SINCE":
      case "SENTSINCE": {
        const from = dateOf(next());
        return (uid) => facts(uid).receivedMs >= from;
      }
      case "BEFORE":
      case "SENTBEFORE": {
        const until = dateOf(next());
        return (uid) => facts(uid).receivedMs < until;
      }
      case "ON": {
        const day = dateOf(next());
        return (uid) => facts(uid).receivedMs >= day && facts(uid).receivedMs < day + dayMs;
      }
      case "LARGER":
      case "SMALLER": {
        next();
        return () => name === "SMALLER";
      }
      case "FROM":
        return contains(senderOf);
      case "TO":
        return contains(() => "ann <ann@example.test>");
      case "SUBJECT":
        return contains(subjectOf);
      case "TEXT":
      case "BODY":
        return contains((uid) => `${subjectOf(uid)} ${senderOf(uid)} these are the first words`);
      case "HEADER":
        return header(string());
      default:
        if (/^[\d:*,]+$/.test(name)) return inSet(name);
        isKnown = false;
        return () => false;
    }
  }

  function all(end: string | undefined): Predicate {
    const parts: Predicate[] = [];
    while (at < tokens.length && tokens[at] !== end) parts.push(key());
    at += 1;
    return (uid) => parts.every((part) => part(uid));
  }

  const matches = all(undefined);
  return isKnown ? matches : undefined;
}
