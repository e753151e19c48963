import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import PostalMime from "postal-mime";
import { compose } from "../../src/compose/compose.ts";
import type { ComposedEmail, EmailRequest, OriginalEmail } from "../../src/compose/email-request.ts";
import { markdownToText } from "../../src/compose/markdown-text.ts";
import { parseOriginal } from "../../src/compose/parse-original.ts";
import { toBareAddress } from "../../src/compose/recipients.ts";

const now = Date.UTC(2026, 10, 23, 9, 30, 5);
const deps = {
  clock: { now: () => now },
  from: { name: "Ann Lee", address: "ann@example.test" },
  own: ["ann@example.test", "ann@work.test"],
};

const write = (request: Partial<EmailRequest>) =>
  compose(deps, {
    basis: { kind: "new" },
    to: ["ben@example.test"],
    subject: "Hello",
    body: "Hi",
    ...request,
  });
const replyTo = (original: OriginalEmail, all = false) => ({
  basis: { kind: "reply" as const, original, all },
});

const source = (composed: ComposedEmail) => Buffer.from(composed.raw).toString("latin1");
const original = (raw: string): Promise<OriginalEmail> =>
  parseOriginal("id", Buffer.from(raw.replace(/\r?\n/g, "\r\n")), true);
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "composed",
    (error: { code: string }) => error.code,
  );

const received = (headers: string, body = "Hello Ann,\n\nwhen?\n\nBen") =>
  original(
    `From: Ben Böhm <ben@example.test>\nTo: ann@example.test\nSubject: Friday\nMessage-ID: <m2@example.test>\nDate: Fri, 20 Nov 2026 14:03:00 +0100\n${headers}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${body}\n`,
  );

describe("A composed email", () => {
  test("RFC 5322, RFC 2046: has exactly these headers and parts", async () => {
    const composed = await write({
      to: ["ben@example.test", "cleo@example.test"],
      cc: ["dora@example.test"],
      bcc: ["eve@example.test"],
      subject: "Grüße aus Köln",
      body: "Dear Ben,\n\nsee **this**.\n\nAnn",
    });
    const fixed = (bytes: Uint8Array) =>
      Buffer.from(bytes)
        .toString("utf8")
        .replaceAll(composed.messageId, "<MESSAGE-ID>")
        .replace(/--_NmP-[0-9a-f]+/g, "BOUNDARY")
        .replace(/<style>[\s\S]*<\/style>/, "<style></style>");
    expect(fixed(composed.raw)).toMatchSnapshot();
    // The copy differs only by Bcc.
    expect(fixed(composed.copy).replace("Bcc: eve@example.test\r\n", "")).toBe(fixed(composed.raw));
    expect(composed.recipients).toEqual([
      "ben@example.test",
      "cleo@example.test",
      "dora@example.test",
      "eve@example.test",
    ]);
  });

  test("RFC 5322 section 2.3: has CRLF line ends only, lines of at most 998 octets, and 7-bit characters", async () => {
    const composed = await write({
      body: `${"a very long line ".repeat(200)}\n\nbare\rreturn\nünïcödé ${"ж".repeat(500)}`,
      subject: "Ж".repeat(200),
      files: [{ name: "наим.txt", type: "text/plain", content: Buffer.from("a\nb\r\nc\rd\0e") }],
    });
    for (const bytes of [composed.raw, composed.copy]) {
      const text = Buffer.from(bytes).toString("latin1");
      expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
      expect(Math.max(...text.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
      expect(text).toMatch(/^[\t\r\n -~]*$/);
    }
  });

  test("has the previewed text after a MIME parser has decoded it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 200 }), async (body) => {
        const composed = await write({ body: `x${body}x` });
        const parsed = await PostalMime.parse(composed.raw);
        expect(parsed.text?.replace(/\r\n/g, "\n").trimEnd()).toBe(composed.preview.text);
        expect(composed.preview.text).toBe(markdownToText(`x${body.replace(/[^\P{Cc}\n\t]/gu, "")}x`));
      }),
      { numRuns: 50 },
    );
  });

  test("has an HTML part made from the Markdown, without raw HTML, pictures and script links", async () => {
    const { raw } = await write({
      body: "# Title\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>alert(1)</script>\n\n![x](http://evil.test/p.gif) [y](javascript:alert(1)) https://example.org/z notes.md\nnext line",
    });
    const html = (await PostalMime.parse(raw)).html ?? "";
    expect(html).toMatch(/<h1 style="[^"]+">Title<\/h1>/);
    expect(html).toContain("<li>one</li>");
    expect(html).toMatch(/<td style="border:[^"]+">1<\/td>/);
    expect(html).toContain('<a href="http://evil.test/p.gif">x</a>');
    expect(html).toContain('<a href="https://example.org/z">');
    expect(html).toContain("<br>");
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<img");
    expect(html).not.toMatch(/href="javascript/);
    expect(html).not.toContain('href="http://notes.md');
  });
});

describe("A body in HTML", () => {
  test.each([
    "<p>Hi</p>",
    "  <DIV class='a'>Hi<br>Ann</DIV>\n",
    "<!DOCTYPE html><html><body>Hi</body></html>",
  ])("is refused, since its tags would be visible: %j", async (body) => {
    expect(await refusal(write({ body }))).toBe("invalid_input");
  });

  test.each([
    "`<p>` closes itself before `</p>`",
    "<p> is not needed here",
    "Use <b>bold</b>",
    "<ann@example.test>",
  ])("is distinguished from text about HTML: %j", async (body) => {
    expect((await write({ body })).preview.text).toBe(markdownToText(body));
  });
});

describe("M01: text that would become another header", () => {
  test.each(["a\r\nBcc: v@example.test", "a\nX: y", "a\u2028b", "a\0b", "x".repeat(901)])(
    "is refused in a subject: %j",
    async (subject) => {
      expect(await refusal(write({ subject }))).toBe("invalid_input");
    },
  );

  test.each([
    "b@example.test\r\nBcc: v@example.test",
    '"a@good.test" <v@evil.test>',
    "a@good.test <v@evil.test>",
    "Ann <ann@example.test> (v@evil.test)",
    "Ann <ann@example.test>, <v@evil.test",
    "Ann <ann@example.test><v@evil.test>",
    "Ann, Ben",
    "friends: a@example.test, b@example.test;",
    "a@example.test>",
    "a b@example.test",
    '"quoted"@example.test',
    "a@localhost",
    "a@[127.0.0.1]",
    "a@example.test\0",
    "a@@example.test",
    "@example.test",
    "a@",
    "",
    `${"a".repeat(65)}@example.test`,
    "a@exa\u202emple.test",
    "a\u3164@example.test",
    "a\u200db@example.test",
    "\u0301a@example.test",
    "\ud83d\ude00@example.test",
    `${"ä".repeat(33)}@example.test`,
  ])("is refused as a recipient: %j", async (address) => {
    expect(await refusal(write({ to: [address] }))).toBe("invalid_input");
    expect(await refusal(write({ cc: [address] }))).toBe("invalid_input");
    expect(await refusal(write({ bcc: [address] }))).toBe("invalid_input");
  });

  test.each([
    ["Ann Lee <ann@example.test>", [{ name: "Ann Lee", address: "ann@example.test" }]],
    ['"Lee, Ann" <ann@example.test>', [{ name: "Lee, Ann", address: "ann@example.test" }]],
    ["Lee, Ann <ann@example.test>", [{ name: "Lee, Ann", address: "ann@example.test" }]],
    ["<ann@example.test>", [{ address: "ann@example.test" }]],
    ["ann@example.test <ann@example.test>", undefined],
    [
      "Ann <ann@example.test>, cy@example.test; Böhm, Ben <ben@example.test>",
      [
        { name: "Ann", address: "ann@example.test" },
        { address: "cy@example.test" },
        { name: "Böhm, Ben", address: "ben@example.test" },
      ],
    ],
  ])("RFC 5322 section 3.4: %j is read as get_email shows people", async (text, people) => {
    const written = write({ to: [text] });
    if (people === undefined) return expect(await refusal(written)).toBe("invalid_input");
    const { preview, recipients } = await written;
    expect(preview.to).toEqual(people);
    expect(recipients).toEqual(people.map(({ address }) => address));
  });

  test("never gets into an envelope (1,000 random strings)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const address = toBareAddress(text);
        if (address !== undefined) expect(address).toMatch(/^[^\s\p{C}<>,;:"()[\]\\@]+@[!-~]+$/u);
      }),
      { numRuns: 1_000 },
    );
  });

  test("RFC 5891: an internationalized domain is written in ASCII", () => {
    expect(toBareAddress("ann@köln.example")).toBe("ann@xn--kln-sna.example");
    expect(toBareAddress("ann@KÖLN.example")).toBe("ann@xn--kln-sna.example");
  });

  test("RFC 6531 section 3.3, RFC 6532 section 3.1: local parts in every script are accepted and normalized to NFC", () => {
    expect(toBareAddress("jo\u0308rg@köln.example")).toBe("jörg@xn--kln-sna.example");
    for (const address of ["用户@example.test", "δοκιμή.2@example.test", "अजय@example.test"])
      expect(toBareAddress(address)).toBe(address);
  });

  test("is removed from names, Message-IDs and file names of a received email", async () => {
    const replied = await received(
      'Reply-To: "Ben\u0000 =?utf-8?Q?B=0D=0ABcc:_v@evil.test?=" <ben@example.test>\nReferences: <a@b> evil\u0007 <c d@e> <f@g>\n',
    );
    const composed = await compose(deps, {
      body: "x",
      ...replyTo(replied),
      files: [
        { name: "../../a\r\nX-Evil: 1\u202egnp.exe", type: "text/html\r\nX: y", content: Buffer.from("x") },
      ],
    });
    const head = source(composed).split("\r\n\r\n")[0] ?? "";
    expect(head).not.toMatch(/^(bcc|x-evil|x):/im);
    expect(head).toContain("References: <a@b> <f@g> <m2@example.test>");
    expect(composed.recipients).toEqual(["ben@example.test"]);
    expect(source(composed)).not.toMatch(/^x-evil/im);
    expect(composed.preview.attachments[0]).toMatchObject({
      name: "_.._aX-Evil_ 1gnp.exe",
      type: "application/octet-stream",
    });
  });
});

describe("M03: From", () => {
  test("is the account, without Sender, Reply-To or Return-Path", async () => {
    const head = source(await write({ body: "From: x@evil.test\n\nbody" })).split("\r\n\r\n")[0] ?? "";
    expect(head).toMatch(/^From: Ann Lee <ann@example\.test>$/m);
    expect(head.match(/^(from|sender|reply-to|return-path|resent-[a-z-]+):/gim)).toEqual(["From:"]);
  });

  test("replaces that of a draft, whose private header fields are not submitted", async () => {
    const draft = await original(
      "From: boss@evil.test\nSender: x@evil.test\nReply-To: y@evil.test\nResent-To: z@evil.test\nX-Email-Connector-Quote: 3\nX-Secret: 1\nTo: ben@example.test\nBcc: eve@example.test\nSubject: Hi\nMessage-ID: <d@example.test>\nDate: Mon, 1 Jan 2001 00:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain\n\nbody\n",
    );
    const composed = await compose(deps, { basis: { kind: "draft", draft } });
    expect(source(composed)).toBe(
      [
        "From: Ann Lee <ann@example.test>",
        "To: ben@example.test",
        "Subject: Hi",
        "Message-ID: <d@example.test>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain",
        "Date: Mon, 23 Nov 2026 09:30:05 +0000",
        "",
        "body",
        "",
      ].join("\r\n"),
    );
    expect(Buffer.from(composed.copy).toString()).toContain("\r\nBcc: eve@example.test\r\n");
    expect(composed.recipients).toEqual(["ben@example.test", "eve@example.test"]);
  });
});

describe("M04: attachments", () => {
  test("are bytes: a path, a URL or a data URL is never opened", async () => {
    const evil = { path: "/etc/passwd", href: "http://127.0.0.1:1/", name: "a.txt", type: "text/plain" };
    const composed = await write({ files: [{ ...evil, content: Buffer.from("mine") }] });
    const [file] = (await PostalMime.parse(composed.raw)).attachments;
    expect(Buffer.from(file?.content as ArrayBuffer).toString()).toBe("mine");
    expect(source(composed)).not.toContain("root:");
  });

  test("are unchanged after decoding, also those that look like text, mail or boundaries", async () => {
    const contents = [
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.from("a\nb\r\n.\r\n--x\r\n"),
    ];
    const composed = await write({
      files: contents.map((content, index) => ({ name: `f${index}.bin`, type: "text/plain", content })),
    });
    const { attachments } = await PostalMime.parse(composed.raw);
    expect(attachments.map(({ content }) => Buffer.from(content as ArrayBuffer))).toEqual(contents);
  });

  test("without a type get that of their name, and invalid types become application/octet-stream", async () => {
    const named = async (name: string, type: string) =>
      (await write({ files: [{ name, type, content: Buffer.from("x") }] })).preview.attachments[0]?.type;
    expect(await named("plan.PDF", "")).toBe("application/pdf");
    expect(await named("plan", "")).toBe("application/octet-stream");
    expect(await named("plan.pdf", "x")).toBe("application/octet-stream");
    expect(await named("plan.pdf", "text/plain")).toBe("text/plain");
  });

  test("RFC 2046 section 4.1.2: text files in UTF-8 declare it, other text files declare no charset", async () => {
    const contents = [Buffer.from("Größe"), Buffer.from([71, 114, 246]), Buffer.from("Größe")];
    const types = ["text/csv", "text/plain", "application/json"];
    const files = contents.map((content, index) => ({
      name: `f${index}`,
      type: types[index] ?? "",
      content,
    }));
    const head = source(await write({ files })).replace(/\r\n\s+/g, " ");
    expect(head.match(/^Content-Type: .*name=f\d$/gm)).toEqual([
      "Content-Type: text/csv; charset=utf-8; name=f0",
      "Content-Type: text/plain; name=f1",
      "Content-Type: application/json; name=f2",
    ]);
  });

  test("of more than 25 MB are refused with their size", async () => {
    const content = new Uint8Array(30_000_000);
    const problem = await write({ files: [{ name: "a", type: "x/y", content }] }).catch((error) => error);
    expect(problem).toMatchObject({ code: "too_large", message: expect.stringContaining("30.0 MB") });
  });
});

describe("Recipients", () => {
  test("are named once, however often they are requested", async () => {
    const composed = await write({
      to: ["Ben@example.test", "ben@example.test"],
      cc: ["BEN@EXAMPLE.TEST", "cleo@example.test"],
      bcc: ["cleo@example.test"],
    });
    expect(composed.recipients).toEqual(["Ben@example.test", "cleo@example.test"]);
    expect(source(composed)).toContain("To: Ben@example.test\r\nCc: cleo@example.test\r\n");
  });

  test("M08: are 20 at most", async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `p${index}@example.test`);
    expect((await write({ to: many(20) })).recipients.length).toBe(20);
    expect(await refusal(write({ to: many(21) }))).toBe("too_large");
    expect(await refusal(write({ to: many(10), cc: many(30).slice(10) }))).toBe("too_large");
  });
});
