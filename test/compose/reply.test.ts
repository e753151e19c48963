/** Replies and forwards: recipients, subject, thread, quote, attachments. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import PostalMime from "postal-mime";
import { compose } from "../../src/compose/compose.ts";
import type { ComposedEmail, EmailRequest, OriginalEmail } from "../../src/compose/email-request.ts";
import { escapeHtml, plainTextToHtml } from "../../src/compose/markdown-html.ts";
import { parseOriginal } from "../../src/compose/parse-original.ts";
import { emails } from "../fixtures/make/emails.ts";

const deps = {
  clock: { now: () => Date.UTC(2026, 10, 23, 9, 30, 5) },
  from: { name: "Ann Lee", address: "ann@example.test" },
  own: ["ann@example.test", "ann@work.test"],
};

const source = (composed: ComposedEmail) => Buffer.from(composed.raw).toString("latin1");
const original = (raw: string): Promise<OriginalEmail> =>
  parseOriginal("id", Buffer.from(raw.replace(/\r?\n/g, "\r\n")), true);
const replyTo = (original: OriginalEmail, all = false) => ({
  basis: { kind: "reply" as const, original, all },
});
const forwardOf = (original: OriginalEmail) => ({ basis: { kind: "forward" as const, original } });

const received = (headers: string, body = "Hello Ann,\n\nwhen?\n\nBen") =>
  original(
    `From: Ben Böhm <ben@example.test>\nTo: ann@example.test\nSubject: Friday\nMessage-ID: <m2@example.test>\nDate: Fri, 20 Nov 2026 14:03:00 +0100\n${headers}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${body}\n`,
  );

describe("A reply", () => {
  const recipients = async (headers: string, replyAll = false) => {
    const { preview } = await compose(deps, { body: "x", ...replyTo(await received(headers), replyAll) });
    return { to: preview.to.map(({ address }) => address), cc: preview.cc.map(({ address }) => address) };
  };

  test("RFC 5322 section 3.6.2: goes to Reply-To, or to From without one", async () => {
    expect(await recipients("")).toEqual({ to: ["ben@example.test"], cc: [] });
    expect(await recipients("Reply-To: list@example.test, ben2@example.test\n")).toEqual({
      to: ["list@example.test", "ben2@example.test"],
      cc: [],
    });
  });

  test("has a note when Reply-To is not the sender", async () => {
    const notes = async (headers: string, to?: string[]) =>
      (await compose(deps, { body: "x", ...replyTo(await received(headers)), to })).notes;
    expect(await notes("Reply-To: else@evil.test\n")).toEqual([expect.stringContaining("Reply-To")]);
    expect(await notes("Reply-To: BEN@example.test\n")).toEqual([]);
    expect(await notes("")).toEqual([]);
    expect(await notes("Reply-To: else@evil.test\n", ["ben@example.test"])).toEqual([]);
  });

  test("to all adds every other recipient but the own addresses, with or without +tag", async () => {
    const raw = `From: ben@example.test\nTo: Ann <ANN@example.test>, Cleo <cleo@example.test>, ann+shop@example.test\nCc: dora@example.test, ann@work.test, ben@example.test\nSubject: x\nMessage-ID: <m@x.test>\n\nx\n`;
    const { preview } = await compose(deps, { body: "x", ...replyTo(await original(raw), true) });
    expect(preview.to.map(({ address }) => address)).toEqual(["ben@example.test", "cleo@example.test"]);
    expect(preview.cc.map(({ address }) => address)).toEqual(["dora@example.test"]);
  });

  test("to one's own email goes to the recipients of that email", async () => {
    const raw = `From: ann@example.test\nTo: ben@example.test\nSubject: x\nMessage-ID: <m@x.test>\n\nx\n`;
    const { preview } = await compose(deps, { body: "x", ...replyTo(await original(raw)) });
    expect(preview.to).toEqual([{ address: "ben@example.test" }]);
  });

  test.each([
    ["Friday", "Re: Friday"],
    ["Re: Friday", "Re: Friday"],
    ["RE: Friday", "RE: Friday"],
    ["AW: Friday", "AW: Friday"],
    ["Re[2]: Friday", "Re[2]: Friday"],
    ["Reason: Friday", "Re: Reason: Friday"],
    ["", "Re:"],
  ])("to %j has the subject %j", async (subject, expected) => {
    const replied = await original(
      `From: b@example.test\nSubject: ${subject}\nMessage-ID: <m@x.test>\n\nx\n`,
    );
    expect((await compose(deps, { body: "x", ...replyTo(replied) })).preview.subject).toBe(expected);
  });

  test("RFC 5322 section 3.6.4: continues the thread by In-Reply-To and References", async () => {
    const head = async (headers: string) =>
      (
        source(await compose(deps, { body: "x", ...replyTo(await received(headers)) })).split(
          "\r\n\r\n",
        )[0] ?? ""
      )
        .replace(/\r\n\s+/g, " ")
        .split("\r\n")
        .filter((line) => /^(in-reply-to|references):/i.test(line));
    expect(await head("References: <m0@x.test> <m1@x.test>\n")).toEqual([
      "In-Reply-To: <m2@example.test>",
      "References: <m0@x.test> <m1@x.test> <m2@example.test>",
    ]);
    expect(await head("In-Reply-To: <m1@x.test>\n")).toContain("References: <m1@x.test> <m2@example.test>");
    expect(await head("")).toContain("References: <m2@example.test>");
    const long = Array.from({ length: 150 }, (_, index) => `<r${index}@x.test>`);
    const [, references = ""] = await head(`References: ${long.join("\n ")}\n`);
    expect(references.split(" ").length - 1).toBe(100);
    expect(references).toEndWith("<m2@example.test>");
  });

  test("quotes the original in text and HTML, also an email that has only HTML", async () => {
    const plain = await compose(deps, { body: "At ten.", ...replyTo(await received("")) });
    expect(plain.preview.text).toBe(
      "At ten.\n\nOn 20 Nov 2026 at 14:03 +01:00, Ben Böhm <ben@example.test> wrote:\n> Hello Ann,\n>\n> when?\n>\n> Ben",
    );
    const replied = await original(
      `From: ben@example.test\nMessage-ID: <m@x.test>\nContent-Type: text/html\n\n<style>p{color:red}</style><p>Hello <b>Ann</b></p><script>evil()</script><img src="http://track.test/1.gif" width=1 height=1>\n`,
    );
    const rich = await compose(deps, { body: "Hi", ...replyTo(replied) });
    expect(rich.preview.text).toContain("> Hello Ann");
    const html = (await PostalMime.parse(rich.raw)).html ?? "";
    expect(html).toContain("<strong>Ann</strong>");
    for (const word of ["evil()", "track.test", "color:red"]) expect(html).not.toContain(word);
  });
});

describe("A quote", () => {
  test("has the same words in both parts, even if those of the original differ", async () => {
    const replied = await original(
      "From: ben@example.test\nMessage-ID: <m@x.test>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nView this\nin your browser.\n--b\nContent-Type: text/html\n\n<p>Come at <b>ten</b>.</p>\n--b--\n",
    );
    const composed = await compose(deps, { body: "Yes", ...replyTo(replied) });
    expect(composed.preview.text).toEndWith("wrote:\n> Come at ten.");
    const { html } = await PostalMime.parse(composed.raw);
    expect(html).toContain("<p>Come at <strong>ten</strong>.</p>");
    expect(html).not.toContain("browser");
  });

  test("of HTML keeps its characters, also those with a meaning in Markdown", async () => {
    const alphabet = [..."*_`~[]()<>#-+|\\!&;:.=1ab /", " ", "\n", "1. ", "- ", "    "];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }), async (pieces) => {
        const shown = pieces.join("").replaceAll("://", "").replace(/\s+/g, " ").trim();
        const html = `<p>${escapeHtml(shown)}</p><pre>${escapeHtml(shown)}</pre>`;
        const raw = `From: ben@example.test\nMessage-ID: <m@x.test>\nContent-Type: text/html\n\n${html}\n`;
        const composed = await compose(deps, { body: "x", ...replyTo(await original(raw)) });
        // A line that begins with ">" is a nested quote.
        const bare = (line: string) => line.replace(/^[> ]+/, "");
        const quoted = composed.preview.text.split("\n").slice(3);
        expect(quoted.map(bare)).toEqual(shown === "" ? [] : [bare(shown), "", bare(shown)]);
        const { html: answer = "" } = await PostalMime.parse(composed.raw);
        if (shown !== "") expect(answer).toContain(`<p>${escapeHtml(shown).replaceAll("&#39;", "'")}</p>`);
      }),
      { numRuns: 200 },
    );
  });

  test("RFC 8551 section 3.5.2: has the words inside an S/MIME signature", async () => {
    const signed = await parseOriginal("id", emails["signed-opaque-whole"] ?? Buffer.alloc(0), true);
    const { preview } = await compose(deps, { body: "x", ...replyTo(signed) });
    expect(preview.text).toEndWith("wrote:\n> The signed words, grün.");
  });

  test("RFC 3676 sections 4.1, 4.5: joins flowed lines to paragraphs, also quoted ones", async () => {
    const quoted = async (parameters: string, lines: string[]) => {
      const raw = `From: ben@example.test\nMessage-ID: <m@x.test>\nMIME-Version: 1.0\nContent-Type: text/plain;\n charset=utf-8; format=flowed${parameters}\n\n${lines.join("\n")}\n`;
      const { preview } = await compose(deps, { body: "x", ...replyTo(await original(raw)) });
      return preview.text.split("\n").slice(3);
    };
    expect(await quoted("", ["Dear ", "Ann,", "", "> what ", "> is it?", ">> that", "-- ", "Ben"])).toEqual([
      "> Dear Ann,",
      ">",
      ">> what is it?",
      ">>> that",
      "> -- ",
      "> Ben",
    ]);
    expect(await quoted("; delsp=yes", ["Donau ", "dampfer", ""])).toEqual(["> Donaudampfer"]);
  });
});

test("plain text keeps its indentation as HTML", () => {
  const html = "<div>a<br>\n&nbsp; b&nbsp; c &amp; d<br>\n&nbsp;&nbsp;&nbsp; e</div>";
  expect(plainTextToHtml("a\n  b  c & d\n\te")).toBe(html);
});

describe("A forward", () => {
  test("keeps the look of the original's tables: the styles of new tables are inline", async () => {
    const forwarded = await original(
      "From: ben@example.test\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<table><tr><td><h1>Sale</h1></td></tr></table>\n",
    );
    const composed = await compose(deps, {
      to: ["dora@example.test"],
      body: "| a | b |\n|---|--:|\n| 1 | 2 |",
      ...forwardOf(forwarded),
    });
    const html = (await PostalMime.parse(composed.raw)).html ?? "";
    expect(html).toContain("<table><tbody><tr><td><h1>Sale</h1></td></tr></tbody></table>");
    expect(html).toMatch(/<td style="border:[^"]+;text-align:right">2<\/td>/);
    const [, sheet = ""] = /<style>([^<]*)<\/style>/.exec(html) ?? [];
    expect(sheet.match(/[^{}]+(?=\{)/g)).toEqual(["body"]);
  });

  test("contains the text below its header block and the unchanged attachments, and starts a new thread", async () => {
    const file = Buffer.from([0, 1, 2, 250, 13, 10]);
    const forwarded = await original(
      `From: Ben <ben@example.test>\nTo: ann@example.test\nCc: cleo@example.test\nSubject: Plan\nMessage-ID: <m@x.test>\nReferences: <r@x.test>\nDate: Fri, 20 Nov 2026 14:03:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="plan.pdf"\nContent-Transfer-Encoding: base64\n\n${file.toString("base64")}\n--b--\n`,
    );
    const composed = await compose(deps, {
      to: ["dora@example.test"],
      body: "See below.",
      ...forwardOf(forwarded),
    });
    expect(composed.preview).toMatchObject({
      subject: "Fwd: Plan",
      text: "See below.\n\n---------- Forwarded message ----------\nFrom: Ben <ben@example.test>\nDate: 20 Nov 2026 at 14:03 +01:00\nSubject: Plan\nTo: ann@example.test\nCc: cleo@example.test\n\nGrüße",
      attachments: [{ name: "plan.pdf", type: "application/pdf", size: 6 }],
    });
    expect(source(composed)).not.toMatch(/^(in-reply-to|references):/im);
    const [sent] = (await PostalMime.parse(composed.raw)).attachments;
    expect(Buffer.from(sent?.content as ArrayBuffer)).toEqual(file);
  });

  test("keeps the HTML with its inline pictures, without active content", async () => {
    const forwarded = await original(
      `From: ben@example.test\nSubject: News\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\n<html><head><title>t</title><style>.a{color:red}</style></head><body onload="evil()"><p class="a" style="margin:0" onclick="evil()">Hi <a href="javascript:evil()">x</a><img src="cid:pic@x"></p><form action="http://evil.test"><p>in a form</p><input></form><script>evil()</script><iframe src="http://evil.test"></iframe></body></html>\n--b\nContent-Type: image/png; name="p.png"\nContent-ID: <pic@x>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n`,
    );
    const composed = await compose(deps, { to: ["dora@example.test"], ...forwardOf(forwarded) });
    const parsed = await PostalMime.parse(composed.raw);
    const html = parsed.html ?? "";
    for (const kept of ['<p class="a" style="margin:0">', ".a{color:red}", 'src="cid:pic@x"', "in a form"])
      expect(html).toContain(kept);
    for (const gone of ["evil", "<form", "<input", "<iframe", "<script", "onload", "<title"])
      expect(html).not.toContain(gone);
    expect(parsed.attachments).toMatchObject([{ contentId: "<pic@x>", related: true, filename: "p.png" }]);
  });

  test("has the requested attachments instead of the original's, and then none of its inline pictures", async () => {
    const forwarded = await original(
      `From: ben@example.test\nSubject: Plan\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Hi <img src="cid:pic%40x"><img src="https://x.test/y.png"></p>\n--b\nContent-Type: image/png; name="p.png"\nContent-ID: <pic@x>\n\nx\n--b--\n--a\nContent-Type: application/pdf; name="plan.pdf"\nContent-Disposition: attachment\n\nx\n--a--\n`,
    );
    const forward = async (files?: EmailRequest["files"]) => {
      const composed = await compose(deps, { to: ["dora@example.test"], ...forwardOf(forwarded), files });
      const { attachments, html = "" } = await PostalMime.parse(composed.raw);
      return { names: attachments.map(({ filename }) => filename), html, notes: composed.notes };
    };
    const all = await forward();
    expect(all.names.toSorted()).toEqual(["p.png", "plan.pdf"]);
    expect(all.html).toContain('src="cid:pic%40x"');
    expect(all.notes).toEqual([]);
    const other = await forward([{ name: "other.txt", type: "text/plain", content: Buffer.from("x") }]);
    expect(other.names).toEqual(["other.txt"]);
    const none = await forward([]);
    expect(none.names).toEqual([]);
    expect(none.html).toContain("Hi");
    expect(none.html).toContain('src="https://x.test/y.png"');
    expect(none.html).not.toContain("cid:");
    expect(none.notes).toEqual(["The pictures in its text were left out."]);
  });

  test("keeps a picture that the HTML refers to outside of multipart/related", async () => {
    const forwarded = await original(
      `From: ben@example.test\nSubject: Plan\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n<p>Hi <img src="cid:pic%40x"></p>\n--a\nContent-Type: image/png; name="p.png"\nContent-ID: <pic@x>\n\nx\n--a\nContent-Type: image/png; name="q.png"\nContent-ID: <other@x>\n\nx\n--a--\n`,
    );
    const composed = await compose(deps, { to: ["dora@example.test"], ...forwardOf(forwarded) });
    const { attachments, html } = await PostalMime.parse(composed.raw);
    expect(html).toContain("cid:pic%40x");
    expect(attachments.map(({ filename, related }) => [filename, related ?? false])).toEqual([
      ["p.png", true],
      ["q.png", false],
    ]);
    expect(composed.notes).toEqual([]);
  });

  test("of an email with more than 25 MB is refused with a hint", async () => {
    const files = [{ name: "a", type: "x/y", content: new Uint8Array(26_000_000) }];
    const forwarded = { ...(await received("")), files };
    const problem = await compose(deps, { to: ["dora@example.test"], ...forwardOf(forwarded) }).catch(
      (error) => error,
    );
    expect(problem).toMatchObject({ code: "too_large", hint: expect.stringContaining("with [] its text") });
    const composed = await compose(deps, { to: ["dora@example.test"], ...forwardOf(forwarded), files: [] });
    expect(composed.preview.attachments).toEqual([]);
  });
});

describe("A draft of another program whose text is replaced", () => {
  const draftWith = (type: string, body: string) =>
    parseOriginal(
      "id",
      Buffer.from(
        `From: ann@example.test\r\nTo: ben@example.test\r\nSubject: Re: Friday\r\nIn-Reply-To: <m2@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: ${type}; charset=utf-8\r\n\r\n${body}\r\n`,
      ),
      true,
    );

  test.each([
    [
      "Gmail",
      "text/html",
      '<div>old</div><div class="gmail_quote"><div>On Friday, Ben wrote:</div><blockquote class="gmail_quote">when?<script>x()</script></blockquote></div>',
    ],
    [
      "Outlook",
      "text/html",
      '<div>old</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>On Friday, Ben wrote:</b></div><div>&gt; when?</div>',
    ],
    [
      "Thunderbird",
      "text/html",
      '<p>old</p><div class="moz-cite-prefix">On Friday, Ben wrote:</div><blockquote type="cite">when?</blockquote>',
    ],
    ["a program for plain text", "text/plain", "old\r\n\r\nOn Friday, Ben wrote:\r\n> when?"],
  ])("keeps the quoted history that %s wrote", async (_, type, body) => {
    const draft = await draftWith(type, body);
    const { preview, raw, notes } = await compose(deps, { basis: { kind: "draft", draft }, body: "new" });
    expect(preview.text).toMatch(/^new\n\n/);
    expect(preview.text).toContain("On Friday, Ben wrote:");
    expect(preview.text).toContain("when?");
    expect(preview.text).not.toContain("old");
    expect(Buffer.from(raw).toString("latin1")).not.toContain("x()");
    expect(notes).toEqual([]);
  });
});
