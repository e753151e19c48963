/**
 * Emails that are expensive to parse, read through a real mail server and the whole product: each is answered in time
 * with valid Unicode and without an unexpected error, and other people's calls are not delayed.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { mimeBombs } from "../support/mime-bombs.ts";
import { bestOf, ownMsOf } from "../support/own-time.ts";
import { connectPerson, type Person, wideRates } from "../support/person.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

/** Maximum time to read one email (SECURITY.md, P01). */
const maxMs = 3_000;
/** Maximum time of another person's call meanwhile. */
const maxBystanderMs = 1_000;
const names = Object.keys(mimeBombs);

describeMail("MIME bombs", () => {
  let product: TestProduct;
  let person: Person;
  let bystander: Person;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    const kit = await mailServer();
    product = await startProduct({ rates: wideRates });
    const user = await kit.newUser();
    person = await connectPerson(product, { user });
    bystander = await connectPerson(product);
    const uids = await kit.deliverAll(
      user,
      names.map((name) => ({ raw: Buffer.from(mimeBombs[name]?.() ?? "", "latin1") })),
    );
    const { data } = await person.client.call("get_recent_emails", { limit: 100 });
    const rows = (data.emails as { id: string }[]).toReversed();
    expect(rows.length).toBe(uids.length);
    for (const [index, name] of names.entries()) ids.set(name, rows[index]?.id ?? "");
  });

  afterAll(async () => {
    await person?.client.close();
    await bystander?.client.close();
    await product?.stop();
  });

  test("are listed in time, with a short answer", async () => {
    const list = () => person.client.call("get_recent_emails", { limit: 100 });
    expect(await bestOf(maxMs, () => ownMsOf(list))).toBeLessThan(maxMs);
    const answer = await list();
    expect(answer.text.length).toBeLessThan(150_000);
    expect(answer.text.isWellFormed()).toBe(true);
  });

  test.each(names)("%s: is read in time", async (name) => {
    const id = ids.get(name) ?? "";
    for (const format of ["markdown", "text", "html", "links"]) {
      const read = () => person.client.try("get_email", { id, format, headers: format === "text" });
      const answers: Awaited<ReturnType<typeof read>>[] = [];
      // The larger of the two durations, relative to its maximum.
      const share = await bestOf(1, async () => {
        const [reading, bystanding] = await Promise.all([
          ownMsOf(async () => answers.push(await read())),
          ownMsOf(() => bystander.client.call("list_mailboxes")),
        ]);
        return Math.max(reading / maxMs, bystanding / maxBystanderMs);
      });
      expect(share, `${name} as ${format}`).toBeLessThan(1);
      for (const { text, result } of answers) {
        const where = `${name} as ${format}: ${text.slice(0, 100)}`;
        expect(text.length, where).toBeLessThan(150_000);
        expect(text.isWellFormed(), where).toBe(true);
        expect(JSON.stringify(result).length, where).toBeLessThan(600_000);
        expect(text, where).not.toContain("Something went wrong inside");
      }
    }
  });

  test("cause no unexpected error", () => {
    expect(product.logged.filter((line) => line.includes('"event":"bug"'))).toEqual([]);
  });
});
