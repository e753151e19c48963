/** The emails of a mailbox grouped by who writes: by mailing list, otherwise by the sender's address. Pure. */
import type { Address } from "../../email/address.ts";
import { decodeHeaderText, type Header, headerValue, parseAddresses } from "../../email/headers.ts";
import type { Query } from "../../query/query.ts";

/** The facts of one email that decide its group. */
export type GroupedEmail = {
  uid: number;
  receivedAt: number;
  unread: boolean;
  from: Address;
  /** The identifier in List-Id (RFC 2919), in lower case; empty for email that came from no list. */
  list: string;
  /** The decoded From and List-Id, in lower case, in which a mail server searches. */
  text: { from: string; list: string };
};

export type SenderGroup = { from: Address; list: string; emails: GroupedEmail[]; newest: GroupedEmail };

export function toGroupedEmail(
  headers: readonly Header[],
  facts: Pick<GroupedEmail, "uid" | "receivedAt" | "unread">,
): GroupedEmail {
  const from = headerValue(headers, "from") ?? "";
  const listId = decodeHeaderText(headerValue(headers, "list-id")).toLowerCase();
  const [, inBrackets] = /<([^<>]{1,300})>/.exec(listId) ?? [];
  return {
    ...facts,
    from: parseAddresses(from)[0] ?? { address: "" },
    list: (inBrackets ?? listId).trim().slice(0, 300),
    text: { from: decodeHeaderText(from).toLowerCase(), list: listId },
  };
}

/** Groups emails, the largest group first, and of equal ones the one that wrote last. */
export function groupBySender(emails: readonly GroupedEmail[]): SenderGroup[] {
  const keyOf = ({ list, from }: GroupedEmail) =>
    list === "" ? `from ${from.address.toLowerCase()}` : `list ${list}`;
  return [...Map.groupBy(emails, keyOf).values()]
    .map((group): SenderGroup => {
      const newest = group.reduce((best, email) => (arrivedAfter(email, best) ? email : best));
      return { from: newest.from, list: newest.list, emails: group, newest };
    })
    .sort((a, b) => b.emails.length - a.emails.length || b.newest.receivedAt - a.newest.receivedAt);
}

const arrivedAfter = (one: GroupedEmail, other: GroupedEmail) =>
  one.receivedAt > other.receivedAt || (one.receivedAt === other.receivedAt && one.uid > other.uid);

/** Conditions that a query for one group names at most, to leave others out. */
const maxExceptions = 5;

/**
 * The query that finds exactly the emails of a group among `all`; undefined when there is none. Servers search for parts
 * of the text, so that `ann@example.org` also finds joann@example.org: these are left out by name.
 */
export function toGroupQuery(group: SenderGroup, all: readonly GroupedEmail[]): Query | undefined {
  const { list } = group;
  const address = group.from.address.toLowerCase();
  if (list === "" && address === "") return undefined;
  const wanted = new Set(group.emails);
  const base: Query =
    list === ""
      ? { kind: "field", field: "from", text: address, exact: true }
      : { kind: "header", header: "List-Id", text: list };
  const isFound = ({ text }: GroupedEmail) =>
    list === "" ? text.from.includes(address) : text.list.includes(list);
  if (!group.emails.every(isFound)) return undefined;
  const others = all.filter((email) => !wanted.has(email) && isFound(email));
  if (others.length === 0) return base;
  const exceptions: Query[] = [];
  if (list === "" && others.some((email) => email.list !== ""))
    exceptions.push({ kind: "header", header: "List-Id", text: "" });
  const strangers = others.filter((email) => list !== "" || email.list === "");
  const names = new Set(
    strangers.map((email) => (list === "" ? email.from.address.toLowerCase() : email.list)),
  );
  for (const name of names)
    exceptions.push(
      list === ""
        ? { kind: "field", field: "from", text: name, exact: true }
        : { kind: "header", header: "List-Id", text: name },
    );
  // An exception that would leave out emails of the group itself makes the query wrong.
  const isHarmful = [...names].some(
    (name) =>
      name === "" || group.emails.some(({ text }) => text[list === "" ? "from" : "list"].includes(name)),
  );
  if (isHarmful || exceptions.length > maxExceptions) return undefined;
  return { kind: "all", of: [base, ...exceptions.map((of): Query => ({ kind: "not", of }))] };
}
