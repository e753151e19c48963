import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { compose } from "../../src/compose/compose.ts";
import { toOriginal } from "../../src/compose/original.ts";

const root = join(import.meta.dir, "../fixtures");
const fixtures = [...new Bun.Glob("**/*.eml").scanSync({ cwd: root })].sort();
const deps = {
  clock: { now: () => Date.UTC(2026, 10, 23) },
  from: { address: "ann@example.test" },
  own: ["ann@example.test"],
};

test.each(fixtures)(
  "%s can be answered and passed on: 7 bits, CRLF, short lines, no file lost",
  async (path) => {
    const original = await toOriginal("id", readFileSync(join(root, path)), true);
    const to = ["ben@example.test"];
    const reply = await compose(deps, { to, body: "x", replied: original, replyAll: true });
    const forward = await compose(deps, { to, body: "x", forwarded: original });
    for (const { raw } of [reply, forward]) {
      const text = Buffer.from(raw).toString("latin1");
      expect(text).toMatch(/^[\t\r\n -~]*$/);
      expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
      expect(Math.max(...text.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
    }
    const { attachments } = await PostalMime.parse(forward.raw, { forceRfc822Attachments: true });
    expect(attachments.length).toBe(original.files.length);
  },
);
