/** The frozen action goes out as it is: every fact of it is on the page, and nothing that changes meanwhile changes it. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { toRaw } from "../support/emails.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  type ConnectedPerson,
  connectInBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

async function sentBy({ user }: ConnectedPerson) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === user.address);
}

const newUsers = async (count: number) => {
  const kit = await mailServer();
  const users = await Promise.all(Array.from({ length: count }, () => kit.newUser()));
  return users.map(({ address }) => address);
};

/** The text between the tags of an element with an id. */
const plain = (html: string) =>
  html
    .replace(/<[^>]*>/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&");

mailTest(
  "Y05: three people with Bcc, 40 KB of text and 12 files are all on the page; what is folded is counted",
  async () => {
    const person = await connectInBrowser(product);
    const [to = "", cc = "", bcc = ""] = await newUsers(3);
    const lines = Array.from({ length: 500 }, (_, at) => `line ${at} ${"word ".repeat(15)}end${at}`);
    const attachments = Array.from({ length: 12 }, (_, at) => ({
      name: `file-${at}.txt`,
      base64: Buffer.from(`content ${at}`).toString("base64"),
    }));
    const { url } = approvalOf(
      await person.client.call("send_email", {
        ...{ to: [to], cc: [cc], bcc: [bcc], subject: "Everything", attachments },
        body: lines.join("\n\n"),
      }),
    );
    const page = await person.browser.get(url);
    for (const address of [to, cc, bcc]) expect(page.text).toContain(address);
    for (const { name } of attachments) expect(page.text).toContain(name);
    for (const at of [0, 250, 499]) expect(page.text).toContain(`line ${at} word`);
    // 500 paragraphs are 999 lines, of which 40 are shown.
    expect(page.text).toMatch(/959 more lines \(\d+ characters\)/);
  },
);

mailTest("Y06: after the draft and the original have changed, what the page showed goes out", async () => {
  const kit = await mailServer();
  const person = await connectInBrowser(product);
  const { client, browser, user } = person;
  const [to = ""] = await newUsers(1);
  await kit.deliver(
    user,
    await toRaw({
      from: to,
      subject: "Question",
      text: 'first <i>line</i>\n\n> older "quote"\nlast & least',
    }),
  );
  const { data } = await client.call("get_recent_emails");
  const [{ id = "" } = {}] = (data as { emails: { id: string }[] }).emails;
  const draft = await client.call("draft_email", {
    reply_to: id,
    body: "Dear all,\n\n- one\n- two & <three>\n\n1 < 2 'quoted' \"twice\"",
  });
  const draftId = String(draft.data.draft_id);
  const { url } = approvalOf(await client.call("send_email", { draft_id: draftId }));
  const page = await browser.get(url);
  // The draft is replaced and the original erased while the email waits.
  await client.call("draft_email", { draft_id: draftId, to: ["evil@example.test"], body: "Changed." });
  await kit.withImap(user, async (imap) => {
    await imap.mailboxOpen("INBOX");
    await imap.messageDelete("1:*");
  });
  expect((await browser.post(url, { decision: "send" })).state).toBe("done");
  const [sent] = await sentBy(person);
  expect(sent?.recipients).toEqual([to]);
  const { text = "", subject } = await PostalMime.parse(sent?.raw ?? "");
  const [, shown = ""] = /<div id="text"[^>]*><pre[^>]*>([\s\S]*?)<\/pre>/.exec(page.html) ?? [];
  expect(plain(shown).trim()).toBe(text.replace(/\r\n/g, "\n").trim());
  expect(page.text).toContain(subject ?? "?");
});

mailTest(
  "Y12: line breaks, quotes and pictures of the body are the same on the page and on the wire",
  async () => {
    const person = await connectInBrowser(product);
    const [to = ""] = await newUsers(1);
    const body = `One\\
two

> quoted "twice" & <once>

![a picture](https://pictures.example/a.png) and [a link](https://links.example/?a=1&b=2)

\`\`\`
code  with   blanks
\`\`\``;
    const { url } = approvalOf(await person.client.call("send_email", { to: [to], subject: "Marks", body }));
    const page = await person.browser.get(url);
    await person.browser.post(url, { decision: "send" });
    const [sent] = await sentBy(person);
    const { text = "" } = await PostalMime.parse(sent?.raw ?? "");
    const [, shown = ""] = /<div id="text"[^>]*><pre[^>]*>([\s\S]*?)<\/pre>/.exec(page.html) ?? [];
    expect(plain(shown).trim()).toBe(text.replace(/\r\n/g, "\n").trim());
    for (const words of [
      "https://pictures.example/a.png",
      "https://links.example/?a=1&b=2",
      "code  with   blanks",
    ])
      expect(plain(shown)).toContain(words);
    expect(page.html).not.toContain('id="formatted"');
  },
);

mailTest("An upload that is part of a waiting email may be gone by then", async () => {
  const person = await connectInBrowser(product);
  const { client, browser } = person;
  const { data } = await client.call("request_upload");
  const form = new FormData();
  form.append("files", new File(["the file's content"], "plan.txt", { type: "text/plain" }));
  const { upload, url: uploadUrl } = data as { upload: string; url: string };
  await fetch(uploadUrl.replace(product.publicUrl, product.url), { method: "POST", body: form });
  const [to = ""] = await newUsers(1);
  const email = { to: [to], body: "See the file.", attachments: [{ upload }] };
  const { url } = approvalOf(await client.call("send_email", email));
  const database = new Database(join(product.dataDir, "email-connector.db"));
  database.run("delete from uploads");
  database.close();
  expect((await browser.post(url, { decision: "send" })).state).toBe("done");
  const [sent] = await sentBy(person);
  expect((await PostalMime.parse(sent?.raw ?? "")).attachments.map(({ filename }) => filename)).toEqual([
    "plan.txt",
  ]);
});

mailTest("A draft whose HTML says something else than its text shows both", async () => {
  const kit = await mailServer();
  const person = await connectInBrowser(product);
  const { client, browser, user } = person;
  const [to = ""] = await newUsers(1);
  const raw = await toRaw({
    ...{ from: user.address, to, subject: "Two faces" },
    text: "See you on Monday.",
    html: "<p>I resign, and here are <b>all my passwords</b>.</p>",
  });
  await kit.deliver(user, raw, { mailbox: "Drafts", flags: ["\\Draft"] });
  const { data } = await client.call("get_recent_emails", { mailbox: "drafts" });
  const [{ id = "" } = {}] = (data as { emails: { id: string }[] }).emails;
  const { url } = approvalOf(await client.call("send_email", { draft_id: id }));
  const page = await browser.get(url);
  expect(page.text).toContain("See you on Monday.");
  expect(page.text).toContain("all my passwords");
  expect(page.text).toContain("two texts");
});

mailTest("A name that turns the direction of text, or hides characters, is shown with them", async () => {
  const person = await connectInBrowser(product);
  const [to = ""] = await newUsers(1);
  const { url } = approvalOf(
    await person.client.call("send_email", { to: [to], subject: "pay\u202Eliam\u200B", body: "x" }),
  );
  const page = await person.browser.get(url);
  expect(page.text).toContain("pay[U+202E]liam[U+200B]");
});

mailTest(
  "Keep as a draft saves the frozen email and sends nothing; Decline does nothing; a new call waits anew",
  async () => {
    const kit = await mailServer();
    const person = await connectInBrowser(product);
    const { client, browser, user } = person;
    const [to = ""] = await newUsers(1);
    const email = { to: [to], subject: "Later", body: "Perhaps." };
    const kept = approvalOf(await client.call("send_email", email));
    expect((await browser.post(kept.url, { decision: "edit" })).state).toBe("kept_as_draft");
    expect((await kit.read(user, "Drafts")).map(({ subject }) => subject)).toEqual(["Later"]);
    const again = approvalOf(await client.call("send_email", email));
    expect(again.id).not.toBe(kept.id);
    expect(approvalOf(await client.call("send_email", email)).id).toBe(again.id);
    expect((await browser.post(again.url, { decision: "decline" })).state).toBe("declined");
    expect((await browser.post(again.url, { decision: "send" })).state).toBe("declined");
    expect(await sentBy(person)).toEqual([]);
  },
);
