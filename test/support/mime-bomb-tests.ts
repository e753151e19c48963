/** Tests that read MIME bombs through a real mail server and the whole product. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fromEmailId } from "../../src/email/email-id.ts";
import { describeMail } from "./installed.ts";
import { mailServer } from "./mail-server.ts";
import { mimeBombs } from "./mime-bombs.ts";
import { bestOf, cpuMsWithChildrenOf, ownMsOf } from "./own-time.ts";
import { connectPerson, type Person, wideRates } from "./person.ts";
import { startProduct, type TestProduct } from "./product.ts";

/** Maximum CPU time to read one email (SECURITY.md, P01). */
const maxMs = 3_000;
/** Maximum time of another person's call meanwhile. */
const maxBystanderMs = 1_000;

/** A format of get_email. */
export type EmailFormat = "markdown" | "text" | "html" | "links";

export const emailFormats: readonly EmailFormat[] = ["markdown", "text", "html", "links"];

/**
 * Declares the tests. Each bomb is answered in time with valid Unicode and without an unexpected error, and another
 * person's calls are not delayed. `toFormats` chooses the formats in which a bomb is read.
 */
export function describeMimeBombs(
  names: readonly string[],
  toFormats: (name: string) => readonly EmailFormat[],
): void {
  describeMail("MIME bombs", () => declareTests(names, toFormats));
}

function declareTests(names: readonly string[], toFormats: (name: string) => readonly EmailFormat[]): void {
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
    // Emails whose headers are too large are named beside the others.
    const listed = [
      ...(data.emails as { id: string }[]).map(({ id }) => id),
      ...((data.unreadable ?? []) as string[]),
    ];
    const byUid = new Map(listed.map((id) => [fromEmailId(id).uid, id]));
    for (const [index, name] of names.entries()) ids.set(name, byUid.get(uids[index] ?? 0) ?? "");
    expect([...ids.values()]).not.toContain("");
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
    for (const format of toFormats(name)) {
      const read = () => person.client.try("get_email", { id, format, headers: format === "text" });
      const answers: Awaited<ReturnType<typeof read>>[] = [];
      // The larger of the two durations, relative to its maximum.
      const share = await bestOf(1, async () => {
        const [reading, bystanding] = await Promise.all([
          // Emails are rendered in child processes.
          cpuMsWithChildrenOf(async () => answers.push(await read())),
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
        expect(text, where).not.toMatch(/takes (too long|more memory)|ended unexpectedly/);
      }
    }
  });

  test("cause no unexpected error", () => {
    expect(product.logged.filter((line) => line.includes('"event":"bug"'))).toEqual([]);
  });
}
