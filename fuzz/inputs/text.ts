/** Text as strangers write it: words, marks of ours, markup, runs of one character, characters that are not seen. */
import fc from "fast-check";
import { canary } from "../invariants.ts";

/** The longest run of one character; SECURITY.md, D01. */
const longRun = 90_000;

const words = fc.constantFrom(
  ..."Hello river invoice 42 Re: Fwd: http://a.example/b?c=d#e ann@example.test Grüße 你好 שלום 😀 👩‍👩‍👧 $100 -- > |".split(
    " ",
  ),
);

/** Text that ends, begins or escapes something in one of the languages that text passes through. */
export const specials = fc.constantFrom(
  ...[
    "<mail-0123456789abcdef>",
    "</mail-0123456789abcdef>",
    "<mail-<mail-0123456789abcdef>0123456789abcdef>",
  ],
  ...[
    "<mail-0>",
    "<mail-noreply@google.example>",
    "</mail-",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&lt;",
    "&#0;",
  ],
  ...[
    `<${canary}>`,
    `"><${canary} onload=x>`,
    `' ${canary}='`,
    "</script>",
    "</title>",
    "</textarea>",
    "<style>",
  ],
  ...["javascript:alert(1)", "data:text/html,x", "java\tscript:x", "//evil.example", "\\\\evil", "..\\..\\x"],
  ...["\r\n", "\r", "\n\n", "\0", "\t", "\u2028", "\u0085", "\u202e", "\u200b", "\u200d", "\ufeff", "\u00ad"],
  ...["\u{e0041}\u{e0042}", "\ud800", "\ufe0f", "\u115f", "\x1b[31m", "\x7f", "\x9b"],
  ...["=?utf-8?B?", "?=", "=?utf-8?Q?=41?=", "=?x?q?", "=3D", "=\r\n", "{5}", "{5+}", "(", ")", '"', "\\"],
  ...[
    "[a](b)",
    "![a](b)",
    "```",
    "~~~",
    "***",
    "___",
    "# ",
    "- ",
    "1. ",
    "|a|b|",
    "[1]: x",
    "`",
    "<http://a>",
  ],
  ...["__proto__", "constructor", "toString", "%s", "%00", "%0d%0a", "{{x}}", "../../x", "NUL"],
  ...[
    "BEGIN:VEVENT",
    "END:VEVENT",
    "\nSUMMARY:",
    "\r\n ",
    ";",
    ":",
    ",",
    "{",
    "}",
    "OR",
    "-",
    "from:",
    "size:",
  ],
);

const characters = fc.integer({ min: 0, max: 0x17f }).map((code) => String.fromCharCode(code));

/** A run of one character or special, sometimes as long as an attacker makes it. */
export const runs = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: characters }, specials),
    fc.oneof(
      { weight: 6, arbitrary: fc.nat(40) },
      { weight: 2, arbitrary: fc.nat(3_000) },
      { weight: 1, arbitrary: fc.nat(longRun) },
    ),
  )
  .map(([piece, times]) => piece.repeat(Math.min(times, Math.ceil(longRun / Math.max(1, piece.length)))));

const piece = fc.oneof(
  { weight: 6, arbitrary: words },
  { weight: 5, arbitrary: specials },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 30 }) },
);
const separator = fc.constantFrom(" ", " ", "", "\n");

/** Text of up to some hundred characters. */
export const shortTexts: fc.Arbitrary<string> = fc
  .array(fc.tuple(piece, separator), { maxLength: 14 })
  .map((pieces) => pieces.flat().join(""));

/** Text that may hold one or two long runs. */
export const texts: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: fc.tuple(piece, separator) },
      { weight: 1, arbitrary: fc.tuple(runs, separator) },
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.flat().join("").slice(0, 200_000));
