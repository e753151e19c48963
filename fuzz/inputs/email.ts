/** Emails by a grammar (RFC 5322, RFC 2045, RFC 2046) that breaks its own rules, and mutated fixtures. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { mutated } from "./bytes.ts";
import { calendars, contacts } from "./calendar.ts";
import { documents } from "./documents.ts";
import { htmls } from "./html.ts";
import { runs, shortTexts, texts } from "./text.ts";

const fixtures = ["eml", "odd"].flatMap((folder) => {
  const path = join(import.meta.dir, "../../test/fixtures", folder);
  return readdirSync(path)
    .filter((name) => name.endsWith(".eml"))
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(path, name))));
});

const charsets = fc.constantFrom(
  ..."utf-8 us-ascii iso-8859-1 windows-1252 gb18030 iso-2022-jp iso-2022-kr hz-gb-2312 shift_jis utf-7 utf-16 utf-16le koi8-r big5 euc-kr x-user-defined x-none unicode-1-1-utf-7 ibm037 johab".split(
    " ",
  ),
);

/** Bytes of text in a transfer encoding, or not in it. */
const encodings = fc.constantFrom(
  "7bit",
  "8bit",
  "base64",
  "quoted-printable",
  "binary",
  "x-uuencode",
  "yenc",
  "BASE64 ",
  "none",
);
function encode(content: Uint8Array, encoding: string, honest: boolean): string {
  const bytes = Buffer.from(content);
  if (honest && encoding === "base64") return bytes.toString("base64").replace(/.{76}/g, "$&\r\n");
  if (honest && encoding === "quoted-printable")
    return bytes
      .toString("latin1")
      .replace(
        /[^\t\n\r -<>-~]/g,
        (one) => `=${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
      );
  return bytes.toString("latin1");
}

const bytesOf = (content: fc.Arbitrary<string>) => content.map((text) => new Uint8Array(Buffer.from(text)));

const contents: fc.Arbitrary<{ type: string; content: Uint8Array }> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("text/plain", "text/plain; format=flowed; delsp=yes"),
      content: bytesOf(texts),
    }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("text/html"), content: bytesOf(htmls) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom("text/calendar; method=REQUEST", "text/calendar"),
      content: bytesOf(calendars),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("text/vcard"), content: bytesOf(contacts) }) },
  { weight: 3, arbitrary: documents.map(({ type, bytes }) => ({ type, content: bytes })) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom(
        ..."text/csv text/enriched text/x-amp-html message/delivery-status message/disposition-notification message/rfc822 text/rfc822-headers application/pgp-encrypted application/pkcs7-mime application/pkcs7-signature image/png application/octet-stream message/partial text/ application".split(
          " ",
        ),
      ),
      content: bytesOf(texts),
    }),
  },
);

const headerNames = fc.constantFrom(
  ..."From To Cc Bcc Sender Reply-To Subject Date Message-ID In-Reply-To References Received Authentication-Results List-Unsubscribe List-Unsubscribe-Post List-Id Content-Language Return-Path X-Mailer Thread-Topic DKIM-Signature".split(
    " ",
  ),
);
const headerValues = fc.oneof(
  { weight: 4, arbitrary: shortTexts },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "Ann <ann@example.test>",
      "=?utf-8?B?4pyT?= <x@example.test>",
      '"a\\"b, c" <d@e.f>, g:h@i.j;',
      "mx.example.test; spf=pass smtp.mailfrom=a@b; dkim=fail (x) header.d=c",
      "<https://a.example/u>, <mailto:u@a.example?subject=x>",
      "Mon, 6 May 2024 10:12:00 +0200 (CEST)",
      "<1@example.test> <2@example.test>",
      "from a (b [127.0.0.1]) by c; Mon, 6 May 2024 10:12:00 +0200",
      "Fwd: Re: AW: [list] x",
    ),
  },
  { weight: 1, arbitrary: runs },
);
const lineEnds = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r");
const headers = fc
  .array(fc.tuple(headerNames, headerValues, fc.constantFrom("\r\n", "\r\n", "\r\n ", "\n")), {
    maxLength: 12,
  })
  .map((all) =>
    all.map(([name, value, end]) => `${name}: ${value.replace(/[\r\n]+(?=\S)/g, "\r\n ")}${end}`).join(""),
  );

const names = fc.oneof(
  fc.constantFrom('; name="a.txt"', "; filename*0*=utf-8''%41; filename*1=b", "; name=a; name=b", "", "", ""),
  shortTexts.map((text) => `; filename="${text}"`),
);

type Leaf = { type: string; content: Uint8Array };
const leaf = fc
  .record({
    body: contents,
    charset: fc.oneof(fc.constant(""), charsets),
    encoding: encodings,
    honest: fc.boolean(),
    disposition: fc.constantFrom("", "", "attachment", "inline", "x"),
    name: names,
    cid: fc.constantFrom("", "<a@b>", "x"),
  })
  .map(({ body, charset, encoding, honest, disposition, name, cid }) =>
    toEntity(body, { charset, encoding, honest, disposition, name, cid }),
  );

function toEntity(
  { type, content }: Leaf,
  how: { charset: string; encoding: string; honest: boolean; disposition: string; name: string; cid: string },
): string {
  const lines = [
    `Content-Type: ${type}${how.charset ? `; charset=${how.charset}` : ""}${how.disposition ? "" : how.name}`,
    `Content-Transfer-Encoding: ${how.encoding}`,
    ...(how.disposition ? [`Content-Disposition: ${how.disposition}${how.name}`] : []),
    ...(how.cid ? [`Content-ID: ${how.cid}`] : []),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${encode(content, how.encoding, how.honest)}`;
}

const subtypes = fc.constantFrom(
  ..."mixed alternative related signed encrypted report digest parallel appledouble x".split(" "),
);
const boundaries = fc.constantFrom("b", "b", "bb", "b ", "=_x", "B", "a'()+_,-./:=?", "");

const { entity } = fc.letrec<{ entity: string; multipart: string }>((tie) => ({
  entity: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    leaf,
    tie("multipart"),
    tie("entity").map((inner) => `Content-Type: message/rfc822\r\n\r\n${inner}`),
  ),
  multipart: fc
    .tuple(
      subtypes,
      boundaries,
      boundaries,
      fc.array(tie("entity"), { maxLength: 4 }),
      lineEnds,
      fc.boolean(),
    )
    .map(([subtype, declared, used, parts, end, closed]) => {
      const body = parts.map((part) => `--${used}${end}${part}${end}`).join("");
      return `Content-Type: multipart/${subtype}; boundary="${declared}"; report-type=delivery-status\r\n\r\n${body}${closed ? `--${used}--\r\n` : ""}`;
    }),
}));

/** An email as bytes. NUL is left to mutations: Dovecot replaces it. */
export const emails: fc.Arbitrary<Uint8Array> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(headers, entity)
      .map(
        ([head, body]) =>
          new Uint8Array(
            Buffer.from(`${head.replace(/(?<!\n)$/, "\r\n")}MIME-Version: 1.0\r\n${body}`, "latin1"),
          ),
      ),
  },
  { weight: 2, arbitrary: mutated(fixtures) },
);
