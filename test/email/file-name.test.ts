/** Names of files in received and outgoing email. */
import { describe, expect, test } from "bun:test";
import { compose } from "../../src/compose/compose.ts";
import { toSafeFileName } from "../../src/email/file-name.ts";

describe("A file name", () => {
  test.each([
    ["Grüße aus Köln.pdf", "Grüße aus Köln.pdf"],
    ["../../etc/passwd", "_.._etc_passwd"],
    ["C:\\Users\\ann\\plan.doc", "C__Users_ann_plan.doc"],
    ["gnp\u202e.exe", "gnp.exe"],
    ["a\r\nX-Evil: 1.txt", "aX-Evil_ 1.txt"],
    [".htaccess", "htaccess"],
    ["plan.pdf. . .", "plan.pdf"],
    ["what? a*b|c.txt", "what_ a_b_c.txt"],
    ["u\u0308ber.txt", "über.txt"],
    ["\ud800.txt", "txt"],
    ["...", "file"],
    ["", "file"],
  ])("%j becomes %j", (name, safe) => {
    expect(toSafeFileName(name)).toBe(safe);
  });

  test.each([
    "CON",
    "nul",
    "PRN.txt",
    "aux.tar.gz",
    "COM1",
    "com9.log",
    "LPT¹.txt",
    "CONIN$",
    "clock$",
    "NUL .txt",
  ])("%j, a device of Windows, gets a prefix in received and in outgoing email", async (name) => {
    expect(toSafeFileName(name)).toBe(`_${name}`);
    const { preview } = await compose(
      { clock: { now: () => 0 }, from: { address: "ann@example.test" }, own: [] },
      { basis: { kind: "new" }, body: "x", files: [{ name, type: "", content: Buffer.from("x") }] },
    );
    expect(preview.attachments[0]?.name).toBe(`_${name}`);
  });

  test.each(["console.log", "community.txt", "COM.txt", "com10", "null", "auxiliary"])("%j stays", (name) => {
    expect(toSafeFileName(name)).toBe(name);
  });

  test("has at most 120 characters and keeps its extension", () => {
    expect(toSafeFileName(`${"a".repeat(300)}.pdf`)).toBe(`${"a".repeat(116)}.pdf`);
    expect(toSafeFileName(`${"a".repeat(115)}. .pdf`)).toBe(`${"a".repeat(115)}.pdf`);
    expect(toSafeFileName(`${"a".repeat(119)}.b c`)).toBe("a".repeat(119));
  });

  test("that is left without a character is replaced by the fallback", () => {
    expect(toSafeFileName("\u200b", "attachment")).toBe("attachment");
  });
});
