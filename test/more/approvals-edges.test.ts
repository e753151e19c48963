/** Rare paths of approvals: no way back from Trash, a decision that failed, the key rotated, the level changed meanwhile. */
import { expect } from "bun:test";
import { runCommand } from "../support/command.ts";
import { toRaw } from "../support/emails.ts";
import { startImapProxy } from "../support/imap-proxy.ts";
import { withoutCapabilities } from "../support/imap-rewrites.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  openBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";
import { freePort } from "../support/ports.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { eventually } from "../support/waiting.ts";

async function withPublicProduct(work: (product: PublicProduct) => Promise<void>): Promise<void> {
  const product = await startPublicProduct({ rates: wideRates });
  try {
    await work(product);
  } finally {
    await product.stop();
  }
}

mailTest(
  "At the level approve, a selection of more than 100 to Trash waits where the server tells no new ids, one of 100 does not",
  async () => {
    const kit = await mailServer();
    const proxy = await startImapProxy(kit, { answer: withoutCapabilities("UIDPLUS", "MOVE") });
    await withPublicProduct(async (product) => {
      const person = await connectInBrowser(product, { servers: { imap: proxy.imap, smtp: kit.smtp } });
      const { client, user, browser } = person;
      const raw = (subject: string) => toRaw({ subject, text: "x" });
      const deliver = async (count: number, subject: string) =>
        kit.deliverAll(
          user,
          await Promise.all(
            Array.from({ length: count }, async (_, at) => ({ raw: await raw(`${subject} ${at}`) })),
          ),
        );
      await deliver(101, "News");
      await deliver(100, "Offer");
      const select = async (query: string) =>
        ((await client.call("search_emails", { query })).data as { selection?: string }).selection;

      const few = await client.call("delete_email", { selection: await select("subject:Offer") });
      expect([few.data.done, few.data.approval]).toEqual([100, undefined]);
      const many = await client.call("delete_email", { selection: await select("subject:News") });
      const { url, kind } = approvalOf(many);
      expect([kind, many.data.done]).toEqual(["erase", 0]);
      const inTrash = async () => (await kit.read(user, "Trash")).map(({ subject }) => subject);
      expect((await inTrash()).filter((subject) => subject.startsWith("News"))).toEqual([]);
      const page = await browser.get(url);
      for (const words of ["move these 101 emails to the trash", "51 more emails", "News 100"])
        expect(page.text).toContain(words);
      expect(page.text).not.toContain("forever");

      expect((await browser.post(url, { decision: "send" })).state).toBe("done");
      expect((await inTrash()).filter((subject) => subject.startsWith("News"))).toHaveLength(101);
    });
    await proxy.stop();
  },
);

mailTest("a decision that failed is made again within the hour, and exactly one email leaves", async () => {
  const kit = await mailServer();
  const smtp = await startScriptedSmtp();
  await withPublicProduct(async (product) => {
    const servers = { imap: kit.imap, smtp: smtp.server };
    const { client, browser } = await connectInBrowser(product, { servers });
    const email = { to: ["ben@example.test"], body: "Twice tried." };
    const { url } = approvalOf(await client.call("send_email", email));
    smtp.become({ replies: { MAIL: "550 5.7.1 Not today" } });
    const failed = await browser.post(url, { decision: "send" });
    expect([failed.status, failed.state]).toEqual([502, "failed"]);
    expect(failed.text).toContain("Twice tried.");
    expect(smtp.taken).toEqual([]);
    // A failed one does not bind the client: a new call makes a new approval.
    const next = approvalOf(await client.call("send_email", email));
    expect([next.state, next.url === url]).toEqual(["waiting", false]);
    expect((await browser.post(next.url, { decision: "decline" })).state).toBe("declined");

    smtp.become({});
    expect((await browser.post(url, { decision: "send" })).state).toBe("done");
    expect((await browser.post(url, { decision: "send" })).state).toBe("done");
    expect(smtp.taken).toHaveLength(1);
  });
  await smtp.stop();
});

mailTest("A19: after rotate-key the cookie and the link of what waits still open it", async () => {
  const settings = { PORT: String(await freePort()) };
  const first = await startPublicProduct({ rates: wideRates, settings });
  const person = await connectInBrowser(first);
  const { client, user } = person;
  const ask = async (body: string) =>
    approvalOf(await client.call("send_email", { to: [user.address], body })).url;
  const [byCookie, byLink] = [await ask("By cookie."), await ask("By link.")];
  await first.stop();
  const env = { DATA_DIR: first.dataDir };
  expect((await runCommand(["rotate-key"], env)).exitCode).toBe(0);

  const second = await startPublicProduct({ rates: wideRates, settings: { ...settings, ...env } });
  const known = openBrowser(second);
  for (const [name, value] of person.browser.cookies) known.cookies.set(name, value);
  expect((await known.post(byCookie, { decision: "send" })).state).toBe("done");
  const stranger = openBrowser(second);
  const opened = await stranger.post(`${byLink}/prove`, { password: user.password });
  expect([opened.status, opened.text.includes("By link.")]).toEqual([200, true]);
  expect((await stranger.post(byLink, { decision: "send" })).state).toBe("done");
  await second.stop();
});

mailTest("a level lowered on the page holds for the next call of a client that did not list again", () =>
  withPublicProduct(async (product) => {
    const { client, user, browser } = await connectInBrowser(product, { level: "send" });
    const email = { to: [user.address], body: "Not any more." };
    const [name = ""] = [...browser.cookies.keys()].filter((each) => each.includes("connection-grt_"));
    const path = `/connection/${name.slice(name.indexOf("grt_"))}`;
    const told: string[] = [];
    client.client.fallbackNotificationHandler = async ({ method }) => void told.push(method);
    await browser.post(path, { action: "level", level: "approve" });
    expect(approvalOf(await client.call("send_email", email)).state).toBe("waiting");
    await browser.post(path, { action: "level", level: "organise" });
    await expect(client.call("send_email", email)).rejects.toThrow(/403|permission_missing/);
    await eventually(
      () => told.filter((method) => method === "notifications/tools/list_changed").length === 2,
      { what: "two notices that the tools have changed" },
    );
  }),
);
