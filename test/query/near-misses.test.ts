/** Near misses of the query language: accepted where the meaning is certain, else refused with the right syntax. */
import { expect, test } from "bun:test";
import { parseQuery } from "../../src/query/parse-query.ts";

const context = { clock: { now: () => Date.UTC(2024, 4, 6) }, self: "me@example.test" };

test.each<[string, string]>([
  ["from:Ann@example.org;", "from:Ann@example.org"],
  ["from:<ann@example.org>", "from:ann@example.org"],
  // The form in which lists show a person.
  ['from:"Ann Lee <ann@example.org>"', "from:ann@example.org"],
  ["-to:\"'Lee, Ann' <ann@example.org>\"", "-to:ann@example.org"],
  ["subject:invoice, receipt", "subject:invoice receipt"],
  ["when is lunch?", "when is lunch"],
  ["'two words' subject:'don't panic'", '"two words" subject:"don\'t panic"'],
  ["‘two words’ «three more words» „one“", '"two words" "three more words" "one"'],
  ["a || b && c", "a OR b AND c"],
  ["+unicorn", '"unicorn"'],
  ["rock 'n' roll", 'rock "n" roll'],
])("%s is parsed as %s", (query, same) => {
  expect(parseQuery(query, context)).toEqual(parseQuery(same, context));
});

test.each([
  "'tis the season",
  "the dogs' and the cats' food",
  "don't",
  "+49 30 1234",
  "?",
  "a,b;c",
  "lunch - dinner",
])("%s is searched for as written", (query) => {
  const parsed = parseQuery(query, context);
  const texts = (parsed.kind === "all" ? parsed.of : [parsed]).map(
    (term) => term.kind === "words" && term.text,
  );
  expect(texts).toEqual(query.split(" "));
});

test.each<[string, string, string]>([
  ["from:ann,ben", "names several", "from:(one OR other)"],
  ["to:ann@example.org;ben@example.org", "names several", "to:(one OR other)"],
  ["filename:pdf,docx", "names several", "filename:(one OR other)"],
  ["invoice|receipt", "names several", "(one OR other)"],
  ["filename:report*.pdf", "star inside", "filename:one filename:other"],
  ["!from:me", '"!" stands before', "-from:ann"],
  ["+subject:x", '"+" stands before', "-from:ann"],
  ["!(a b)", '"!" stands before', "-(a b)"],
  ["- from:me", '"-" stands alone', "-from:ann"],
  ["lunch - (a b)", '"-" stands alone', "-(a b)"],
  ["larger:5 MB", "unit apart", "larger:5M"],
  ["newer-than:7d", 'nearest is "newer_than:"', "quotation marks"],
  ["has-attachment:true", 'no operator "has-attachment:"', "quotation marks"],
  ["message-id:abc", 'nearest is "rfc822msgid:"', "quotation marks"],
  ["larger_than:5M", 'nearest is "larger:"', "quotation marks"],
  ["header:x", 'no operator "header:".', "quotation marks"],
])("%s, syntax of other query languages, is refused with the right syntax", (query, message, hint) => {
  const refused = () => parseQuery(query, context);
  expect(refused).toThrow(message);
  expect(refused).toThrow(
    expect.objectContaining({ code: "unsupported_query", hint: expect.stringContaining(hint) }),
  );
});
