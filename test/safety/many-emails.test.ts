/** Lists and threads of emails whose headers are long hold nobody else's call. SECURITY.md, D01. */
import { expect, test } from "bun:test";
import { createTurns, mapInTurns } from "../../src/turns.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { bestOf, longestStallMsOf } from "../support/own-time.ts";
import { connectPerson, wideRates } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

const recipients = Array.from({ length: 4_000 }, (_, at) => `"N ${at}" <u${at}@x.test>`).join(",\r\n ");
const email = (at: number) =>
  `From: a@b.test\r\nSubject: s\r\nTo: ${recipients}\r\nMessage-ID: <${at}@t>\r\nReferences: <root@t>\r\n\r\nwords`;

describeMail("Thirty emails with 4,000 recipients each", () => {
  test("D01: hold the event loop for less than 50 ms in a list, a search and a thread", async () => {
    const kit = await mailServer();
    await withProduct({ rates: wideRates }, async (product) => {
      const { client, user } = await connectPerson(product);
      await kit.deliverAll(
        user,
        Array.from({ length: 30 }, (_, at) => ({ raw: email(at) })),
      );
      let rows: { id: string }[] = [];
      const list = async () => {
        const { data } = await client.call("get_recent_emails", { limit: 30 });
        rows = data.emails as { id: string }[];
        await client.call("get_thread", { id: rows[0]?.id });
      };
      await list();
      expect(rows).toHaveLength(30);
      expect(await bestOf(50, () => longestStallMsOf(list))).toBeLessThan(50);
      await client.close();
    });
  });
});

describeMail("An email with 50 KB of encoded words in each of five headers", () => {
  test("D01: holds the event loop for less than 50 ms when it is read with its headers", async () => {
    const kit = await mailServer();
    await withProduct({ rates: wideRates }, async (product) => {
      const { client, user } = await connectPerson(product);
      const words = `${"=?utf-8?B?4pyT?= ".repeat(40)}\r\n `.repeat(75);
      const names = ["From", "Reply-To", "To", "Cc", "Subject"];
      await kit.deliver(user, `${names.map((name) => `${name}: ${words}x\r\n`).join("")}\r\nwords`);
      const { data } = await client.call("get_recent_emails", {});
      const [{ id = "" } = {}] = data.emails as { id: string }[];
      const read = async () => {
        const { text } = await client.call("get_email", { id, headers: true });
        expect(text).toContain("The headers have");
      };
      await read();
      expect(await bestOf(50, () => longestStallMsOf(read))).toBeLessThan(50);
      await client.close();
    });
  });
});

test("Work in turns keeps the order, and lets timers fire meanwhile", async () => {
  const cpuMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  const spin = (ms: number) => {
    const end = cpuMs() + ms;
    while (cpuMs() < end);
  };
  let fired = 0;
  const timer = setInterval(() => {
    fired += 1;
  }, 1);
  const results = await mapInTurns([1, 2, 3, 4, 5, 6], (item, at) => {
    spin(12);
    return [item, at];
  });
  clearInterval(timer);
  expect(results).toEqual([1, 2, 3, 4, 5, 6].map((item, at) => [item, at]));
  expect(fired).toBeGreaterThan(2);
  await createTurns()();
});
