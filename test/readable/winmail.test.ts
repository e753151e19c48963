/** winmail.dat (MS-OXTNEF): its contents, and bytes that only claim to be one. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { parseOriginal } from "../../src/compose/parse-original.ts";
import { readTnef } from "../../src/documents/tnef/tnef.ts";
import { toWinmailText } from "../../src/readable/winmail-text.ts";
import { getAttachmentTool } from "../../src/tools/get-attachment.ts";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { packRtf, type Winmail, winmail } from "../fixtures/make/tnef.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { pdf } from "../support/documents.ts";
import { toRaw } from "../support/emails.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { cpuMsOf } from "../support/own-time.ts";
import { openReader, withReader } from "../support/reader.ts";

const type = "application/ms-tnef";
const full: Winmail = {
  subject: "Everything",
  body: "The plain words.",
  html: "<p>The words.</p>",
  files: [
    { name: "Übersicht.csv", title: "BERSIC~1.CSV", content: Buffer.from("a,b\n1,2\n") },
    { name: "report.pdf", type: "application/pdf", content: pdf(["Page one"]) },
    { name: "inner", email: { subject: "The inner one", body: "Inner words.", files: [] } },
    { name: "photo.jpg", type: "image/jpeg", content: Buffer.from("\xff\xd8\xff", "latin1") },
  ],
};

test("no bytes throw, and a cut or altered stream takes no longer", async () => {
  const streams = [winmail(full), winmail({ rtf: packRtf("{\\rtf1 words\\par}") }), winmail({})];
  const altered = fc
    .tuple(
      fc.constantFrom(...streams),
      fc.array(fc.tuple(fc.nat(4_000), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
      fc.nat(4_000),
    )
    .map(([stream, changes, end]) => {
      const bytes = Uint8Array.from(stream);
      for (const [at, byte] of changes) if (at > 3 && at < bytes.length) bytes[at] = byte;
      return bytes.subarray(0, Math.max(end, 7));
    });
  const property = fc.property(fc.oneof(altered, fc.uint8Array({ maxLength: 500 })), (bytes) => {
    const tnef = readTnef(bytes);
    expect((tnef?.files.length ?? 0) <= 200).toBe(true);
    for (const text of Object.values(toWinmailText(bytes) ?? {})) expect(text.isWellFormed()).toBe(true);
  });
  expect(await cpuMsOf(() => fc.assert(property, { numRuns: 2_000 }))).toBeLessThan(10_000);
});

test("claims of 4,000 million properties, values and octets end with the bytes", async () => {
  const huge = Buffer.alloc(2_000_000, 0xff);
  huge.set(winmail({}).subarray(0, 6));
  // The longest attribute, with the largest counts of properties.
  huge.set([1, 0x03, 0x90, 0x06, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x11, 0, 0], 6);
  const rtf = winmail({ rtf: packRtf("{\\rtf1 ".repeat(250_000)) });
  const cpuMs = await cpuMsOf(() => {
    expect(readTnef(huge)?.files).toEqual([]);
    expect(readTnef(rtf)?.files).toEqual([]);
  });
  expect(cpuMs).toBeLessThan(3_000);
});

test("an email that is only winmail.dat is replied to and forwarded with its text", async () => {
  const read = async (name: string) => {
    const path = join(import.meta.dir, "..", "fixtures", "eml", `${name}.eml`);
    return parseOriginal("id", await Bun.file(path).bytes(), true);
  };
  expect((await read("winmail-only")).html).toContain("The <b>words</b> are in here");
  expect((await read("winmail-rich-text")).text).toContain("Dear Ben,");
  const beside = await read("winmail");
  expect([beside.text?.trim(), beside.html]).toEqual(["The words.", undefined]);
});

describeMail("winmail.dat", () => {
  test("as an attachment gives its text, a list of its files, and their text", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const attachments = [{ filename: "winmail.dat", contentType: type, content: winmail(full) }];
    await kit.deliver(user, await toRaw({ subject: "with", text: "See it.", attachments }));
    await withReader(kit, user, async ({ mail, call }) => {
      const [row] = (await mail.listEmails({ mailbox: "inbox", limit: 1 })).emails;
      const { text } = await call(getAttachmentTool, { id: row?.id, index: 1 });
      for (const expected of [
        "Subject: Everything\n\nThe words.\n\nInside it:\n1. Übersicht.csv (1 KB)\n2. report.pdf (application/pdf, 1 KB)\n3. inner (an email, 1 KB)\n4. photo.jpg (image/jpeg, 1 KB)",
        "--- Übersicht.csv ---\n\na,b\n1,2",
        "--- report.pdf ---\n\nPage one",
        "--- inner ---\n\nSubject: The inner one\n\nInner words.",
      ])
        expect(text).toContain(expected);
    });
  });

  test("that is the whole email is read without fetching the files behind its text", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const files = [{ name: "film.bin", content: Buffer.alloc(6_000_000, 7) }];
    const content = winmail({ html: "<p>The words before the film.</p>", files });
    const source = content.toString("base64").replace(/(.{76})/g, "$1\r\n");
    await kit.deliver(
      user,
      `Subject: whole\nMIME-Version: 1.0\nContent-Type: ${type}\nContent-Transfer-Encoding: base64\n\n${source}`,
    );
    const proxy = await startCountingProxy(kit.imap.port);
    const reader = openReader(kit, user, { ...kit.imap, port: proxy.port });
    try {
      const [row] = (await reader.mail.listEmails({ mailbox: "inbox", limit: 1 })).emails;
      proxy.reset();
      const { text } = await reader.call(getEmailTool, { id: row?.id });
      expect(text).toContain("\n\nThe words before the film.\n</mail-");
      expect(text).not.toContain("longer than was fetched");
      expect(proxy.count().received).toBeLessThan(300_000);
    } finally {
      await reader.connections.close();
      await proxy.stop();
    }
  });
});
