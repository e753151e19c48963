/**
 * Tests that no email holds the event loop: every tool that reads or quotes it, through a real mail server and the whole
 * product, while the longest time is measured that the loop computes without a break.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeMail } from "./installed.ts";
import { mailServer } from "./mail-server.ts";
import { longestStallMsOf } from "./own-time.ts";
import { connectPerson, type Person, wideRates } from "./person.ts";
import { startProduct, type TestProduct } from "./product.ts";

/** The goal of SECURITY.md, D01. */
const maxStallMs = 50;
const rounds = 4;

const encodedLines = (text: string) =>
  Buffer.from(text, "latin1").toString("base64").replace(/.{76}/g, "$&\r\n");

const part = (type: string, content: string, more = "") =>
  `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${more}\r\n${encodedLines(content)}\r\n`;

/** One email with `run` in each place where text stands. */
export function emailEverywhere(run: string): string {
  const line = run.replace(/[\r\n]/g, " ");
  const alternatives = [
    part("text/plain; charset=utf-8", `http://a${run}x\n> ${run}\n${run}`),
    part(
      "text/html; charset=utf-8",
      `<style>.a${run}{color:red}</style><p title="${run}">words <a href="https://a.example/${run}">link</a> ${run}</p><table><tr><td>${run}</td></tr></table>`,
    ),
    part(
      "text/calendar; charset=utf-8; method=REQUEST",
      `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:${line}\r\nDESCRIPTION:${line}\r\nRRULE:FREQ=${line}\r\nEND:VEVENT\r\nEND:VCALENDAR`,
    ),
  ];
  const files = [
    "text/plain",
    "text/html",
    "text/calendar",
    "text/vcard",
    "text/csv",
    "message/delivery-status",
  ];
  const attached = files.map((type, at) =>
    part(type, `a${run}`, `Content-Disposition: attachment; filename="${at}${line.slice(0, 2_000)}"\r\n`),
  );
  const multipart = (subtype: string, boundary: string, parts: readonly string[]) =>
    `Content-Type: multipart/${subtype}; boundary=${boundary}\r\n\r\n${parts.map((one) => `--${boundary}\r\n${one}`).join("")}--${boundary}--\r\n`;
  return [
    `From: "${line.replace(/["\\]/g, "\\$&")}" <mallory@example.test>`,
    `To: ${line} <ben@example.test>`,
    `Subject: run ${line}`,
    `Message-ID: <${Bun.hash(run).toString(36)}@example.test>`,
    `References: ${line}`,
    `Reply-To: ${line}`,
    `Authentication-Results: mx.example.test; ${line}`,
    `List-Unsubscribe: ${line}`,
    `Date: Mon, 6 May 2024 10:12:00 +0200 ${line}`,
    `Content-Language: ${line}`,
    "MIME-Version: 1.0",
    multipart("mixed", "outer", [multipart("alternative", "inner", alternatives), ...attached]),
  ].join("\r\n");
}

/** `emails`: title and source of each. */
export function describeIsolation(emails: ReadonlyMap<string, () => string | Uint8Array>): void {
  describeMail("The event loop", () => declareTests(emails));
}

function declareTests(emails: ReadonlyMap<string, () => string | Uint8Array>): void {
  let product: TestProduct;
  let person: Person;

  beforeAll(async () => {
    product = await startProduct({ rates: wideRates });
    person = await connectPerson(product, { level: "send" });
    // Modules are loaded, compiled and child processes started before anything is measured.
    await useEverything(emailEverywhere("words"));
    await useEverything(emailEverywhere("more words"));
  });

  afterAll(async () => {
    await person?.client.close();
    await product?.stop();
  });

  /** The longest stall of each tool, over an email that is the only one of its mailbox. */
  async function useEverything(source: string | Uint8Array): Promise<Record<string, number>> {
    const kit = await mailServer();
    await kit.withImap(person.user, async (imap) => {
      for (const mailbox of ["INBOX", "Drafts"]) {
        await imap.mailboxOpen(mailbox);
        await imap.messageDelete("1:*");
      }
    });
    const raw = typeof source === "string" ? Buffer.from(source, "latin1") : source;
    await kit.deliverAll(person.user, [{ raw }]);
    const stalls: Record<string, number> = {};
    const call = async (name: string, input: Record<string, unknown>) => {
      let answer: Awaited<ReturnType<typeof person.client.try>> | undefined;
      const stallMs = await longestStallMsOf(async () => {
        answer = await person.client.try(name, input);
      });
      stalls[name] = Math.max(stalls[name] ?? 0, stallMs);
      expect(answer?.text).not.toContain("Something went wrong inside");
      return answer;
    };
    const list = await call("get_recent_emails", {});
    const [{ id = "" } = {}] = (list?.data.emails ?? []) as { id: string }[];
    await call("search_emails", { query: "words" });
    const email = await call("get_email", { id, headers: true });
    await call("get_email", { id, format: "text" });
    await call("get_email", { id, format: "html" });
    await call("get_email", { id, format: "links" });
    await call("get_thread", { id });
    for (const { index } of ((email?.data.attachments ?? []) as { index: number }[]).slice(0, 8))
      await call("get_attachment", { id, index });
    await call("draft_email", { reply_to: id, body: "Yes." });
    await call("draft_email", { forward: id, to: ["ann@example.test"], body: "See." });
    return stalls;
  }

  test.each([...emails.keys()])("%s holds it under 50 ms", async (name) => {
    const source = emails.get(name)?.() ?? "";
    // The least of some rounds: a garbage collection or a first compilation is not the email's doing.
    let least: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      const stalls = await useEverything(source);
      least = Object.fromEntries(
        Object.entries(stalls).map(([tool, ms]) => [tool, Math.min(ms, least[tool] ?? ms)]),
      );
      if (Object.values(least).every((ms) => ms < maxStallMs)) break;
    }
    const tooLong = Object.entries(least).filter(([, ms]) => ms >= maxStallMs);
    expect(tooLong).toEqual([]);
  });
}
