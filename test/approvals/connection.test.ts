/** The person's own page: the level changes at once, what gives Claude more needs proof, and ending deletes everything. */
import { afterAll, beforeAll, expect } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  type ConnectedPerson,
  connectInBrowser,
  openBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

/** The path of the connection's page, from the browser's cookie. */
function pathOf({ browser }: Pick<ConnectedPerson, "browser">): string {
  const [name = ""] = [...browser.cookies.keys()].filter((each) => each.startsWith("__Host-connection-"));
  return `/connection/${name.slice("__Host-connection-".length)}`;
}

const listTools = async ({ client }: ConnectedPerson) =>
  (await client.client.listTools()).tools.map(({ name }) => name);

mailTest(
  "Y13: a browser sees its own connections, each on its own page, and another browser none",
  async () => {
    const first = await connectInBrowser(product);
    const second = await connectInBrowser(product);
    for (const [name, value] of second.browser.cookies) first.browser.cookies.set(name, value);
    const list = await first.browser.get("/connection");
    expect(list.text).toContain(first.user.address);
    expect(list.text).toContain(second.user.address);
    expect((await first.browser.get(pathOf(second))).text).toContain(second.user.address);
    expect((await first.browser.get(pathOf(second))).text).not.toContain(first.user.address);

    const stranger = openBrowser(product);
    const empty = await stranger.get("/connection");
    expect([empty.status, empty.html.includes("<input")]).toEqual([200, false]);
    const refused = await stranger.get(pathOf(first));
    expect([refused.status, refused.text.includes(first.user.address)]).toEqual([403, false]);
    expect((await stranger.post(pathOf(first), { action: "end" })).status).toBe(403);
    expect((await listTools(first)).length).toBeGreaterThan(0);
  },
);

mailTest(
  "Y13: raising the level needs a fresh password; it takes effect at once, and clients are told",
  async () => {
    const person = await connectInBrowser(product);
    const { browser, client, user } = person;
    const path = pathOf(person);
    const raised = { action: "level", level: "send" };
    expect((await browser.post(path, raised)).status).toBe(403);
    expect((await browser.post(path, { ...raised, proof: "0".repeat(64) })).status).toBe(403);
    expect((await browser.post(`${path}/prove`, { password: "wrong" })).status).toBe(403);
    // Lowering needs only the cookie.
    expect((await browser.post(path, { action: "level", level: "organise" })).status).toBe(200);
    expect(await listTools(person)).not.toContain("send_email");

    const told = new Promise<void>((resolve) => {
      client.client.fallbackNotificationHandler = async ({ method }) => {
        if (method === "notifications/tools/list_changed") resolve();
      };
    });
    const { proof = "" } = (await browser.post(`${path}/prove`, { password: user.password })).fields;
    expect((await browser.post(path, { ...raised, proof })).status).toBe(200);
    await told;
    expect(await listTools(person)).toContain("send_email");
    const sent = await client.call("send_email", { to: [user.address], body: "At once." });
    expect(sent.data.approval).toBeUndefined();
    // A proof is used once.
    await browser.post(path, { action: "level", level: "approve" });
    expect((await browser.post(path, { ...raised, proof })).status).toBe(403);
  },
);

mailTest("From read nothing is raised, because the client asked for no more", async () => {
  const person = await connectInBrowser(product, { level: "read" });
  const path = pathOf(person);
  const { proof = "" } = (await person.browser.post(`${path}/prove`, { password: person.user.password }))
    .fields;
  const answer = await person.browser.post(path, { action: "level", level: "organise", proof });
  expect(answer.status).toBe(403);
  expect(await listTools(person)).not.toContain("move_email");
});

mailTest(
  "Y08: a level lowered below approve declines what waits; a raised one leaves it waiting",
  async () => {
    const kit = await mailServer();
    const lowered = await connectInBrowser(product);
    const email = { to: [lowered.user.address], body: "Waits." };
    const { url } = approvalOf(await lowered.client.call("send_email", email));
    await lowered.browser.post(pathOf(lowered), { action: "level", level: "organise" });
    expect((await lowered.browser.get(url)).state).toBe("declined");
    expect((await lowered.browser.post(url, { decision: "send" })).state).toBe("declined");

    const raised = await connectInBrowser(product);
    const waiting = approvalOf(
      await raised.client.call("send_email", { ...email, to: [raised.user.address] }),
    );
    const path = pathOf(raised);
    const { proof = "" } = (await raised.browser.post(`${path}/prove`, { password: raised.user.password }))
      .fields;
    await raised.browser.post(path, { action: "level", level: "send", proof });
    expect((await raised.browser.get(waiting.url)).state).toBe("waiting");
    expect((await raised.browser.post(waiting.url, { decision: "send" })).state).toBe("done");
    const { submission } = kit;
    const senders = submission.submitted.map(({ username }) => username);
    expect(senders.filter((name) => name === lowered.user.address)).toEqual([]);
    expect(senders.filter((name) => name === raised.user.address)).toHaveLength(1);
  },
);

mailTest("Y08: End this connection deletes what waits, the token and the cookie", async () => {
  const person = await connectInBrowser(product);
  const { client, browser, user } = person;
  const { url } = approvalOf(await client.call("send_email", { to: [user.address], body: "Waits." }));
  const path = pathOf(person);
  expect((await browser.post(path, { action: "end" })).status).toBe(200);
  expect([...browser.cookies.keys()].filter((name) => name.includes("connection-"))).toEqual([]);
  expect((await browser.get(url)).status).toBe(404);
  const response = await fetch(`${product.url}/mcp`, {
    method: "POST",
    headers: { Authorization: `Bearer ${person.accessToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  expect(response.status).toBe(401);
});

mailTest("The page tells what waits and what Claude did, and puts a move back", async () => {
  const kit = await mailServer();
  const person = await connectInBrowser(product);
  const { client, browser, user } = person;
  await kit.deliver(user, await toRaw({ subject: "Moved", text: "x" }));
  const { data } = await client.call("get_recent_emails");
  const [{ id = "" } = {}] = (data as { emails: { id: string }[] }).emails;
  await client.call("move_email", { ids: [id], mailbox: "archive" });
  await client.call("send_email", { to: [user.address], subject: "The plan <b>", body: "Waits." });
  const path = pathOf(person);
  const page = await browser.get(path);
  expect(page.text).toContain("The plan <b>");
  expect(page.text).toContain("Moved 1 email");
  expect(await kit.read(user, "INBOX")).toEqual([]);
  const undone = await browser.post(path, {
    action: "undo",
    operation_id: page.fields.operation_id ?? "",
  });
  expect([undone.status, undone.text.includes("Put back.")]).toEqual([200, true]);
  expect(await kit.read(user, "INBOX")).toHaveLength(1);
});

mailTest(
  "the person switches their signature off for an account, and on again, by the cookie alone",
  async () => {
    const person = await connectInBrowser(product);
    const { browser, client, user } = person;
    const kit = await mailServer();
    const signed = (number: number) =>
      `From: ${user.address}\nTo: ben@friend.test\nSubject: ${number}\nMessage-ID: <${number}@mailer.test>\n\nHello ${number}\n\n-- \nAnn at Example\n`;
    for (const number of [1, 2]) await kit.deliver(user, signed(number), { mailbox: "Sent" });
    const isSigned = async () => {
      const { text } = await client.call("draft_email", { subject: "x", body: "Hello." });
      return text.includes("Ann at Example");
    };
    const path = pathOf(person);
    expect(await isSigned()).toBe(true);
    const [, account = ""] =
      /name="account" value="(acc_[0-9a-f]+)"/.exec((await browser.get(path)).html) ?? [];
    expect((await browser.post(path, { action: "signature", account })).status).toBe(200);
    expect(await isSigned()).toBe(false);
    await browser.post(path, { action: "signature", account, signature: "on" });
    expect(await isSigned()).toBe(true);
  },
);
