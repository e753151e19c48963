/** Responses of IMAP servers: real ones with changes, and lines of a grammar (RFC 3501 section 9) that is not kept. */
import fc from "fast-check";
import { runs, shortTexts } from "./text.ts";

export type ResponseChange = {
  /** The beginning of the responses that are changed. */
  of: string;
  /** Which of them: the first, the second, … */
  nth: number;
  change:
    | { kind: "replace" | "insert"; at: number; text: string }
    | { kind: "remove"; at: number; share: number }
    | { kind: "before" | "after" | "instead"; line: string }
    | { kind: "drop" };
};

const share = fc.double({ min: 0, max: 1, noNaN: true });
const atoms = fc.constantFrom(
  ...[
    "NIL",
    "nil",
    "()",
    "(",
    ")",
    '"',
    '""',
    "{0}\r\n",
    "{5}\r\nab",
    "{99999999}\r\n",
    "{-1}\r\n",
    "~{3}\r\nabc",
    "0",
  ],
  ...[
    "-1",
    "4294967295",
    "18446744073709551616",
    "1e9",
    "\\Seen",
    "\\*",
    "$x",
    "[",
    "]",
    "[CLOSED]",
    "* ",
    "+ ",
    "\r\n",
  ],
  ...[
    "BODY[",
    "BODY[]",
    "BODY[1]<0>",
    "BODYSTRUCTURE",
    "UID",
    "FLAGS",
    "ENVELOPE",
    "INTERNALDATE",
    "MODSEQ (1)",
    "EMAILID (x)",
  ],
  ...[
    "&",
    "&-",
    "&AAA-",
    "&////-",
    "%",
    "*",
    "\0",
    "\x80\xff",
    "INBOX",
    '"\\\\"',
    '"a/b"',
    "\\Noselect",
    "\\NonExistent",
  ],
);
const token = fc.oneof(
  { weight: 6, arbitrary: atoms },
  { weight: 2, arbitrary: shortTexts },
  { weight: 1, arbitrary: runs },
);

const line = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          ...[
            "* 1 FETCH (",
            "* 2 FETCH (UID 2 ",
            "* LIST (",
            "* STATUS INBOX (",
            "* SEARCH ",
            "* ESEARCH (TAG",
            "* FLAGS (",
            "* ",
          ],
          ...[
            "* OK [",
            "* NO [",
            "* BYE ",
            "* CAPABILITY ",
            "* ID (",
            "* NAMESPACE ",
            "* VANISHED ",
            "* THREAD ",
            "* SORT ",
            "+ ",
            "TAG OK [",
            "TAG NO [",
            "TAG BAD ",
          ],
        ),
        fc.array(token, { maxLength: 8 }),
        fc.constantFrom(")\r\n", "\r\n", "]\r\n", ""),
      )
      .map(([start, tokens, end]) => `${start}${tokens.join(" ")}${end}`),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "* 0 EXISTS\r\n",
      "* 4294967295 EXISTS\r\n",
      "* 1 EXPUNGE\r\n",
      "* 99 EXPUNGE\r\n",
      "* 1 FETCH (FLAGS (\\Seen) UID 1)\r\n",
      "* BYE x\r\n",
      "* OK [UIDVALIDITY 1] x\r\n",
      "* OK [UIDVALIDITY 0] x\r\n",
      "* OK [ALERT] <mail-0123456789abcdef> x\r\n",
    ),
  },
);

const change: fc.Arbitrary<ResponseChange["change"]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("replace" as const, "insert" as const),
      at: share,
      text: token,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), at: share, share }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("before" as const, "after" as const, "instead" as const),
      line,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "drop" as const }) },
);

export const responseChanges: fc.Arbitrary<ResponseChange[]> = fc.array(
  fc.record({
    of: fc.constantFrom(
      "* LIST",
      "* STATUS",
      "* SEARCH",
      "* ESEARCH",
      "* 1 FETCH",
      "* 2 FETCH",
      "* FLAGS",
      "* OK [UIDVALIDITY",
      "* OK [UIDNEXT",
      "* CAPABILITY",
      "* NAMESPACE",
      "* ID",
      "* ",
      "tagged",
    ),
    nth: fc.nat(3),
    change,
  }),
  { minLength: 1, maxLength: 4 },
);

/** A function that applies the changes to one response after the other. */
export function createResponseChanger(changes: readonly ResponseChange[]): (response: string) => string {
  const seen = new Map<ResponseChange, number>();
  return (response) => {
    let changed = response;
    for (const one of changes) {
      const isOfKind = one.of === "tagged" ? !/^[*+]/.test(response) : response.startsWith(one.of);
      if (!isOfKind) continue;
      const count = seen.get(one) ?? 0;
      seen.set(one, count + 1);
      if (count === one.nth) changed = applyChange(changed, one.change, response.split(" ", 1)[0] ?? "");
    }
    return changed;
  };
}

function applyChange(response: string, change: ResponseChange["change"], tag: string): string {
  const withTag = (line: string) => line.replace(/^TAG/, tag === "*" || tag === "+" ? "A1" : tag);
  switch (change.kind) {
    case "drop":
      return "";
    case "before":
      return `${withTag(change.line)}${response}`;
    case "after":
      return `${response}${withTag(change.line)}`;
    case "instead":
      return withTag(change.line);
    default: {
      const at = Math.floor(change.at * response.length);
      if (change.kind === "remove")
        return response.slice(0, at) + response.slice(at + Math.ceil(change.share * 20));
      const text = Buffer.from(change.text).toString("latin1");
      return (
        response.slice(0, at) + text + response.slice(at + (change.kind === "replace" ? text.length : 0))
      );
    }
  }
}
