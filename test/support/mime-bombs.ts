/** Emails that are expensive to read, raw and with CRLF, under the name of what they have too much of. */

import { packRtf, winmail } from "../fixtures/make/tnef.ts";

const head = (type: string, more = "") =>
  `From: Bomb <bomb@example.test>\r\nTo: ann@example.test\r\nSubject: a bomb\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n${more}Content-Type: ${type}\r\n`;

/** Builds multiparts nested `depth` deep, with a text inside the innermost. */
function nested(depth: number): string {
  const open = Array.from(
    { length: depth },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  );
  const close = Array.from({ length: depth }, (_, level) => `\r\n--b${depth - level - 1}--\r\n`);
  const [first = "", ...rest] = open;
  return `${head("multipart/mixed; boundary=b0").replace(/Content-Type.*\r\n$/, "")}${first}${rest.join("")}Content-Type: text/plain\r\n\r\nthe bottom${close.join("")}`;
}

/** Builds messages attached to messages. */
function forwarded(depth: number): string {
  return `${head("message/rfc822")}\r\n`.repeat(depth).concat(`${head("text/plain")}\r\nthe innermost`);
}

function parts(count: number, type = "text/plain"): string {
  const part = `--p\r\nContent-Type: ${type}; name="part.txt"\r\n\r\nx\r\n`;
  return `${head("multipart/mixed; boundary=p")}\r\n${part.repeat(count)}--p--\r\n`;
}

const html = (body: string) => `${head("text/html; charset=utf-8")}\r\n${body}`;
const plain = (body: string, more = "") => `${head("text/plain; charset=utf-8", more)}\r\n${body}`;

export const mimeBombs: Readonly<Record<string, () => string>> = {
  "multiparts 1,000 deep": () => nested(1_000),
  "messages in messages, 300 deep": () => forwarded(300),
  "10,000 parts": () => parts(10_000),
  "5,000 html parts to show": () =>
    parts(5_000, "text/html").replace("multipart/mixed", "multipart/alternative"),
  "a boundary that never comes": () =>
    `${head("multipart/mixed; boundary=never")}\r\n${"--neve\r\n".repeat(50_000)}`,
  "20,000 header fields": () => plain("x", "X-Filler: y\r\n".repeat(20_000)),
  "one header field of 2 MB": () => plain("x", `X-Long: ${"word ".repeat(400_000)}\r\n`),
  "a subject of 20,000 encoded words": () =>
    plain("x").replace("Subject: a bomb", `Subject: ${"=?utf-8?B?4pyT?=\r\n ".repeat(20_000)}end`),
  "20,000 recipients": () =>
    plain("x", `Cc: ${Array.from({ length: 20_000 }, (_, index) => `u${index}@x.test`).join(",\r\n ")}\r\n`),
  "addresses in groups of groups": () => plain("x", `Cc: ${"g:".repeat(20_000)}${";".repeat(20_000)}\r\n`),
  "a file name in 5,000 continuations": () =>
    `${head(`text/plain;${Array.from({ length: 5_000 }, (_, index) => `\r\n name*${index}*=%41`).join(";")}`)}\r\nx`,
  "comments 50,000 deep in an address": () =>
    plain("x", `Reply-To: ${"(".repeat(50_000)}a@x.test${")".repeat(50_000)}\r\n`),
  "a character set nobody has": () => `${head("text/plain; charset=x-no-such-set-\u0001")}\r\n\xff\xfe\x00`,
  "base64 that is none": () =>
    `${head("text/plain", "Content-Transfer-Encoding: base64\r\n")}\r\n${"=!=*".repeat(100_000)}`,
  "quoted-printable that never ends": () =>
    `${head("text/plain", "Content-Transfer-Encoding: quoted-printable\r\n")}\r\n${"=".repeat(500_000)}`,
  "3 MB of text in one line": () => plain("x".repeat(3_000_000)),
  "200,000 empty lines": () => plain("\r\n".repeat(200_000)),
  "50,000 levels of quotes": () => plain(`${">".repeat(50_000)} deep\r\n`.repeat(20)),
  "flowed text without an end": () =>
    plain("word \r\n".repeat(100_000)).replace("charset=utf-8", "charset=utf-8; format=flowed"),
  "html 700,000 elements deep": () => html(`${"<div>".repeat(700_000)}deep`),
  "html tables in tables, 2,000 deep": () => html(`${"<table><tr><td>".repeat(2_000)}deep`),
  "html lists in lists and quotes in quotes": () => html(`${"<blockquote><ul><li>".repeat(2_000)}deep`),
  "html with 100,000 links": () => html('<a href="https://example.test/x">link</a> '.repeat(100_000)),
  "html with one link of 1 MB": () =>
    html(`<a href="https://example.test/${"a".repeat(1_000_000)}">link</a>`),
  "html with 100,000 attributes": () =>
    html(`<p ${Array.from({ length: 100_000 }, (_, index) => `a${index}=1`).join(" ")}>x</p>`),
  "html of unclosed tags": () => html("<b><i><a href=x><td><style>".repeat(20_000)),
  "html of entities": () => html("&amp;&lt;&notanentity;&#x110000;&#xD800;&#0;".repeat(50_000)),
  "a style sheet of 1 MB": () =>
    html(`<style>${"a>b{color:red}".repeat(75_000)}</style><p style="${"x:y;".repeat(50_000)}">x</p>`),
  "comments and conditionals": () => html("<!--[if mso]><x><![endif]-->".repeat(50_000)),
  "markdown that a parser would choke on": () => plain(`${"[".repeat(50_000)}${"*a_".repeat(50_000)}`),
  "controls, bidi and tag characters": () => plain("\u202e\u0000\u{e0041}\u200b\u001b[31m".repeat(50_000)),
  "lone surrogates and broken UTF-8": () =>
    `${head("text/plain; charset=utf-8")}\r\n${"\xed\xa0\x80\xc3\x28\xf0\x9f".repeat(50_000)}`,
  "a calendar without an end": () =>
    `${head("text/calendar; method=REQUEST")}\r\nBEGIN:VCALENDAR\r\n${"BEGIN:VEVENT\r\nRRULE:FREQ=SECONDLY\r\nATTENDEE:mailto:a@x.test\r\n".repeat(20_000)}`,
  "a bounce of a bounce": () =>
    `${head("multipart/report; report-type=delivery-status; boundary=r")}\r\n${"--r\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@x.test\r\nStatus: 5.1.1\r\n\r\n".repeat(3_000)}--r--`,
  "a date of 900 KB of open comments": () => plain("x").replace(/Date:.*/, `Date: ${"(".repeat(900_000)}`),
  "sender checks of 900 KB of open comments": () =>
    plain("x", `Authentication-Results: mx;${"(".repeat(900_000)}\r\n`),
  "a sender's name of 190,000 letters": () =>
    plain("x").replace(/From:.*/, `From: "${"a".repeat(190_000)}" <a@x.test>`),
  "3,000 style rules over 100,000 elements": () =>
    html(`<style>${"div b{color:red}".repeat(3_000)}</style><div>${"<b>x</b>".repeat(100_000)}`),
  "a style rule of many ways among ancestors": () =>
    html(`<style>q ${"div ".repeat(9)}b{color:red}</style>${"<div>".repeat(390)}<b>x</b>`),
  "a style rule of many ways among siblings": () =>
    html(`<style>q ~ ${"p ~ ".repeat(9)}b{color:red}</style><div>${"<p>x</p>".repeat(2_000)}<b>x</b></div>`),
  "style rules that count 20,000 siblings": () =>
    html(
      `<style>${"p:nth-last-of-type(2n+1){color:red}".repeat(50)}</style><div>${"<p>x</p>".repeat(20_000)}</div>`,
    ),
  "style rules that look into elements": () =>
    html(
      `<style>${"div:has(q) b{color:red}".repeat(300)}</style><div>${"<p>x</p><b>y</b>".repeat(20_000)}</div>`,
    ),
  "style conditions in conditions, 20,000 deep": () =>
    html(`<style>${"@media screen{".repeat(20_000)}${"@supports (a:b){".repeat(10_000)}</style>x`),
  "a winmail.dat of 2 MB of groups": () =>
    `${head("application/ms-tnef", "Content-Transfer-Encoding: base64\r\n")}\r\n${winmail({ rtf: packRtf("{\\rtf1 ".repeat(300_000)) }).toString("base64")}`,
  "no header at all": () => "\r\n\r\n\r\n",
  "nothing but a header name": () => `${"X".repeat(100_000)}\r\n\r\n`,
};

/** Names of the bombs that take most of the CPU time of all. */
export const expensiveMimeBombs: readonly string[] = [
  "3,000 style rules over 100,000 elements",
  "style rules that look into elements",
  "style rules that count 20,000 siblings",
  "html 700,000 elements deep",
  "html with 100,000 links",
  "html with 100,000 attributes",
  "a winmail.dat of 2 MB of groups",
  "200,000 empty lines",
  "a style sheet of 1 MB",
  "multiparts 1,000 deep",
  "style conditions in conditions, 20,000 deep",
  "a calendar without an end",
  "a boundary that never comes",
];
