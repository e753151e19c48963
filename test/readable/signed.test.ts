/** Emails inside an S/MIME signature (RFC 8551 section 3.5.2): their text is read, the signature is not checked. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { signedContent } from "../../src/documents/cms.ts";
import { toEmailContents } from "../../src/email/email-contents.ts";
import { parseMimeTree } from "../../src/email/mime-tree.ts";
import { getAttachmentTool } from "../../src/tools/get-attachment.ts";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { signatureAround } from "../fixtures/make/cms.ts";
import { describeMail, programs } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { cpuMsOf } from "../support/own-time.ts";
import { withReader } from "../support/reader.ts";
import { temporaryFolder } from "../support/temporary.ts";

const words = [
  "Content-Type: multipart/mixed; boundary=m",
  "",
  "--m",
  "Content-Type: text/html; charset=utf-8",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "<p>The <b>signed</b> words, gr=C3=BCn.</p>",
  "--m",
  'Content-Type: text/csv; name="sums.csv"',
  "Content-Disposition: attachment",
  "",
  "a,b",
  "--m--",
  "",
].join("\r\n");

const toEmail = (file: Uint8Array, parameters = "; smime-type=signed-data") =>
  `Subject: Signed\nFrom: ann@example.test\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime${parameters}; name="smime.p7m"\nContent-Transfer-Encoding: base64\n\n${Buffer.from(
    file,
  )
    .toString("base64")
    .replace(/(.{76})/g, "$1\n")}\n`;

/** Runs `openssl cms` on the email with these arguments. */
async function byOpenssl(...how: string[]): Promise<Uint8Array> {
  const cwd = temporaryFolder("signed");
  const run = async (...args: string[]) =>
    expect(await Bun.spawn([programs.openssl ?? "", ...args], { cwd, stderr: "ignore" }).exited).toBe(0);
  await Bun.write(`${cwd}/words`, words);
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "cert"];
  await run("req", "-x509", ...key, "-subj", "/CN=ann");
  await run("cms", ...how, "-binary", "-in", "words", "-outform", "DER", "-out", "file");
  return Bun.file(`${cwd}/file`).bytes();
}

const signer = ["-signer", "cert", "-inkey", "key"];

test.skipIf(!programs.openssl)(
  "RFC 5652 section 5: what OpenSSL signs in one piece or in many is read out of it",
  async () => {
    for (const how of [[], ["-stream", "-indef"]]) {
      const file = await byOpenssl("-sign", "-nodetach", ...how, ...signer);
      expect(Buffer.from(signedContent(file) ?? []).toString()).toBe(words);
      // A cut file gives what it holds.
      const half = Buffer.from(signedContent(file.subarray(0, 150)) ?? []).toString();
      expect(half).not.toBe("");
      expect(words).toStartWith(half);
    }
    expect(signedContent(await byOpenssl("-sign", ...signer))).toBeUndefined();
    expect(signedContent(await byOpenssl("-encrypt", "-recip", "cert"))).toBeUndefined();
  },
);

test("no bytes throw, whether they are a signature or an email or neither, and none take long", async () => {
  const file = signatureAround(words, "pieces");
  const altered = fc
    .array(fc.tuple(fc.nat(file.length), fc.integer({ min: 0, max: 255 })), { maxLength: 8 })
    .map((changes) => {
      const bytes = Uint8Array.from(file);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const property = fc.property(fc.oneof(altered, fc.uint8Array({ maxLength: 300 })), (bytes) => {
    const { root, content } = parseMimeTree(signedContent(bytes) ?? bytes);
    for (const { html, plain } of toEmailContents(root).texts)
      if (html ?? plain) content(html ?? plain ?? root);
  });
  const open = Buffer.concat([file.subarray(0, 15), Buffer.from("3080".repeat(1_000_000), "hex")]);
  const parts = Buffer.from(`Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\nx\n".repeat(200_000)}`);
  const cpuMs = await cpuMsOf(() => {
    fc.assert(property, { numRuns: 3_000 });
    signedContent(open);
    parseMimeTree(parts);
  });
  expect(cpuMs).toBeLessThan(10_000);
});

describeMail("an email inside its own signature", () => {
  test("is read in every format, and its attachments are listed with smime.p7m", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, toEmail(signatureAround(words, "pieces")));
    await withReader(kit, user, async ({ mail, call }) => {
      const [row] = (await mail.listEmails({ mailbox: "inbox", limit: 1 })).emails;
      const read = async (format: string) => (await call(getEmailTool, { id: row?.id, format })).text;
      expect(await read("markdown")).toContain("\nThe **signed** words, grün.\n");
      expect(await read("text")).toContain("\nThe **signed** words, grün.\n");
      expect(await read("html")).toContain("<p>The <b>signed</b> words, grün.</p>");
      expect(await read("links")).toContain("There are no links in it.");
      for (const format of ["markdown", "text", "html", "links"])
        expect(await read(format)).toContain(
          "The email is signed (S/MIME); the signature was not checked here.\nThe text is out of smime.p7m; get_attachment lists what else is in it.",
        );
      const { text } = await call(getAttachmentTool, { id: row?.id, index: 1 });
      expect(text).toContain("Attachment: sums.csv (text/csv)");
      expect(text).toContain("The **signed** words, grün.");
    });
  });

  test("is said to be encrypted when its content is; a file without smime-type is examined", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const sealed = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx";
    await kit.deliver(user, toEmail(signatureAround(sealed, "whole"), ""));
    await kit.deliver(user, toEmail(Buffer.from("no signature"), ""));
    await withReader(kit, user, async ({ mail, call }) => {
      const { emails } = await mail.listEmails({ mailbox: "inbox", limit: 2 });
      const [unreadable, inside] = await Promise.all(
        emails.map(async ({ id }) => (await call(getEmailTool, { id })).text),
      );
      expect(inside).toContain("The email is encrypted (S/MIME); its text cannot be read here.");
      expect(inside).toContain("The email is signed (S/MIME)");
      expect(unreadable).toContain("The email is encrypted (S/MIME); its text cannot be read here.");
      expect(unreadable).not.toContain("signed");
    });
  });
});
