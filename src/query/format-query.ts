/** Writes a query as a person would type it, for sentences about its parts. */
import type { Query } from "./query.ts";

/** Returns Gmail's syntax: `from:ann`, `-"two words"`, `(a OR b)`. */
export function formatQuery(query: Query): string {
  switch (query.kind) {
    case "all":
      return `(${query.of.map(formatQuery).join(" ")})`;
    case "any":
      return `(${query.of.map(formatQuery).join(" OR ")})`;
    case "not":
      return `-${formatQuery(query.of)}`;
    case "words":
      return formatText(query.text);
    case "field":
      return `${query.field}:${query.me ? "me" : formatText(query.text)}`;
    case "header":
      return `${query.header === "List-Id" ? "list" : "rfc822msgid"}:${query.text === "" ? "*" : formatText(query.text)}`;
    case "flag":
      return flagNames[`${query.flag} ${query.set}`] ?? "is:draft";
    case "received":
      return formatDays("", query);
    case "sent":
      return formatDays("sent_", query);
    case "size":
      return query.over === undefined ? `smaller:${query.under}` : `larger:${query.over}`;
    case "attachment":
      return "has:attachment";
    case "filename":
      return `filename:${formatText(query.text)}`;
    case "in":
      return `in:${formatText(query.mailbox)}`;
    case "keyword":
      return `keyword:${formatText(query.keyword)}`;
    case "label":
      return `label:${formatText(query.label)}`;
    case "gmail":
      return query.words;
  }
}

const flagNames: Readonly<Record<string, string>> = {
  "seen true": "is:read",
  "seen false": "is:unread",
  "flagged true": "is:starred",
  "flagged false": "-is:starred",
  "answered true": "is:answered",
  "answered false": "-is:answered",
  "draft false": "-is:draft",
};

const formatText = (text: string) => (/^[^\s(){}:"]+$/.test(text) ? text : `"${text}"`);

function formatDays(prefix: string, { since, before }: { since?: Date; before?: Date }): string {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  const parts = [
    ...(since ? [`${prefix}after:${day(since)}`] : []),
    ...(before ? [`${prefix}before:${day(before)}`] : []),
  ];
  return parts.join(" ");
}
