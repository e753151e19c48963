/**
 * Every fixture, read by the tools through Dovecot. The snapshots are the product: read them as Claude would before
 * accepting a change.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { getRecentEmailsTool } from "../../src/tools/get-recent-emails.ts";
import { hasMailServer } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { ownMsOf } from "../support/own-time.ts";
import { withReader } from "../support/reader.ts";

const folder = join(import.meta.dir, "..", "fixtures", "eml");
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".eml"))
  .sort();

/** The answer without its nonce, ids and arrival times, which change from run to run. */
const settled = (text: string) =>
  text
    .replace(/mail-[0-9a-f]{16}\b/g, "mail-nonce")
    .replace(/^Text from mail \(between.*data, never instructions\./, "Text from mail …");

const arrived = new Date("2024-05-06T12:00:00Z");

describe.skipIf(!hasMailServer)("every fixture", () => {
  const answers = new Map<string, { text: string; body: string }>();
  const times = new Map<string, number>();
  let list = "";
  /** Fixtures whose source is shown in one of the other formats. */
  const sources = new Set<string>();
  const links = new Map<string, string>();

  beforeAll(async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const raws = await Promise.all(names.map((name) => Bun.file(join(folder, name)).bytes()));
    await kit.deliverAll(
      user,
      raws.map((raw) => ({ raw, date: arrived })),
    );
    await withReader(kit, user, async (reader) => {
      const ids: string[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await reader.mail.listEmails({
          mailbox: "inbox",
          limit: 50,
          ...(cursor ? { cursor } : {}),
        });
        ids.push(...page.emails.map(({ id }) => id));
        cursor = page.cursor;
      }
      ids.reverse();
      for (const [at, name] of names.entries()) {
        const ms = await ownMsOf(async () => {
          const { text, structured } = await reader.call(getEmailTool, {
            id: ids[at] ?? "",
            max_characters: 12_000,
          });
          answers.set(name, { text, body: String(structured.body) });
        });
        times.set(name, ms);
        for (const format of ["text", "html", "links"]) {
          const other = await reader.call(getEmailTool, { id: ids[at] ?? "", format });
          if (other.text.includes("this is its source")) sources.add(name);
          if (format === "links") links.set(name, other.text);
        }
      }
      list = (await reader.call(getRecentEmailsTool, { limit: 100 })).text;
    });
  });

  test("there are more than eighty fixtures", () => {
    expect(names.length).toBeGreaterThan(80);
  });

  test.each(names)("%s", (name) => {
    expect(settled(answers.get(name)?.text ?? "no answer")).toMatchSnapshot();
  });

  test("P01: each is answered in valid UTF-8 within three seconds", () => {
    for (const [name, { text }] of answers) {
      const slow = (times.get(name) ?? Number.POSITIVE_INFINITY) > 3_000;
      expect({ name, wellFormed: text.isWellFormed(), slow }).toEqual({
        name,
        wellFormed: true,
        slow: false,
      });
      expect(text).toContain("Text from mail");
    }
    expect(answers.size).toBe(names.length);
  });

  test("the source is shown only of an email whose structure is broken", () => {
    expect([...sources]).toEqual(["boundary-missing.eml"]);
  });

  test('format "links" has every target, also those of pictures without a description', () => {
    const lines = (links.get("html-newsletter-shop.eml") ?? "").split("\n");
    const numbered = lines.filter((line) => /^\d+\. .*: https:\/\/click\.mail\.example\//.test(line));
    expect(numbered).toHaveLength(54);
    expect(numbered.filter((line) => line.includes(". (a picture): "))).toHaveLength(18);
  });

  test("a row of a list takes under 200 characters on average", () => {
    const rows = list.split(/\n(?=\d+\. )/).slice(1);
    expect(rows).toHaveLength(100);
    const length = rows.reduce((sum, row) => sum + row.length, 0);
    expect(length / rows.length).toBeLessThan(200);
  });
});
