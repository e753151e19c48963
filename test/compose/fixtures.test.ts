import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { compose } from "../../src/compose/compose.ts";
import type { OriginalEmail } from "../../src/compose/email-request.ts";
import { parseOriginal } from "../../src/compose/parse-original.ts";

const root = join(import.meta.dir, "../fixtures");
const fixtures = [...new Bun.Glob("**/*.eml").scanSync({ cwd: root })].sort();
const deps = {
  clock: { now: () => Date.UTC(2026, 10, 23) },
  from: { address: "ann@example.test" },
  own: ["ann@example.test"],
};

const replyTo = (original: OriginalEmail, all = false) => ({
  basis: { kind: "reply" as const, original, all },
});
const forwardOf = (original: OriginalEmail) => ({ basis: { kind: "forward" as const, original } });

test.each(fixtures)(
  "%s can be replied to and forwarded in 7 bits, with CRLF, short lines and every file",
  async (path) => {
    const original = await parseOriginal("id", readFileSync(join(root, path)), true);
    const to = ["ben@example.test"];
    const reply = await compose(deps, { to, body: "x", ...replyTo(original, true) });
    const forward = await compose(deps, { to, body: "x", ...forwardOf(original) });
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
