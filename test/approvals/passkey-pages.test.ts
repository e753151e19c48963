/** Passkeys on the whole product, with an authenticator in software: they decide, and open what a cookie does not. */
import { afterAll, beforeAll, expect } from "bun:test";
import { type Authenticator, createAuthenticator } from "../support/authenticator.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import type { ToolAnswer } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  type ConnectedPerson,
  connectInBrowser,
  openBrowser,
  type PersonBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";
import { startProduct, type TestProduct } from "../support/product.ts";

let hosted: PublicProduct;
let local: TestProduct;
beforeAll(async () => {
  [hosted, local] = await Promise.all([
    startPublicProduct({ rates: wideRates }),
    startProduct({ rates: wideRates }),
  ]);
});
afterAll(async () => {
  await Promise.all([hosted?.stop(), local?.stop()]);
});

function pathOf({ browser }: Pick<ConnectedPerson, "browser">): string {
  const [name = ""] = [...browser.cookies.keys()].filter((each) => /connection-grt_/.test(each));
  return `/connection/${name.slice(name.indexOf("grt_"))}`;
}

/** Proves a password on the person's page. */
async function proveByPassword({ browser, user }: ConnectedPerson, path: string): Promise<string> {
  return (await browser.post(`${path}/prove`, { password: user.password })).fields.proof ?? "";
}

type Options = Parameters<Authenticator["get"]>[0];

/** Asks for the options of a ceremony, as the page's script does. */
async function ask(browser: PersonBrowser, url: string, fields: Record<string, string>) {
  const answer = await browser.post(`${url}/passkey`, fields);
  const { create, get } = answer.status === 200 ? JSON.parse(answer.html) : {};
  return { status: answer.status, create: create as Options, get: get as Options };
}

/** Registers a passkey on the person's page. */
async function register(person: ConnectedPerson, origin: string): Promise<Authenticator> {
  const path = pathOf(person);
  const authenticator = createAuthenticator(origin);
  const proof = await proveByPassword(person, path);
  const { create } = await ask(person.browser, path, { action: "add_passkey" });
  const passkey = authenticator.create(create);
  const answer = await person.browser.post(path, { action: "add_passkey", proof, passkey });
  expect([answer.status, answer.text.includes("Passkey 1")]).toEqual([200, true]);
  return authenticator;
}

async function sentBy(address: string) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === address);
}

mailTest(
  "Y13: with “each time” neither cookie, nor password, nor link decides; the passkey does, for the shown email",
  async () => {
    const person = await connectInBrowser(hosted);
    const { client, user, browser } = person;
    const path = pathOf(person);
    const authenticator = await register(person, hosted.publicUrl);
    const email = (body: string) => client.call("send_email", { to: [user.address], body });
    const [first, second] = [approvalOf(await email("One.")), approvalOf(await email("Two."))];
    // The cookie decides until the person wants to be asked.
    expect((await browser.post(first.url, { decision: "send" })).state).toBe("done");
    expect((await browser.post(path, { action: "each_time", each_time: "on" })).status).toBe(200);

    const { url } = second;
    const page = await browser.get(url);
    expect(page.html).toContain(`data-passkey="${new URL(url).pathname}/passkey"`);
    expect(page.html).not.toContain('name="password"');
    const alone = await browser.post(url, { decision: "send", passkey: "" });
    expect([alone.status, alone.state, alone.text.includes("This needs your passkey")]).toEqual([
      403,
      "waiting",
      true,
    ]);
    const proven = await browser.post(`${url}/prove`, { password: user.password });
    const { proof = "" } = proven.fields;
    expect((await browser.post(url, { decision: "send", proof })).status).toBe(403);
    expect((await browser.post(url, { decision: "decline" })).status).toBe(403);

    // Another decision's challenge, and somebody who is present and not verified.
    const forEdit = await ask(browser, url, { decision: "edit" });
    const crossed = authenticator.get(forEdit.get);
    expect((await browser.post(url, { decision: "send", passkey: crossed })).status).toBe(403);
    const unverified = authenticator.get((await ask(browser, url, { decision: "send" })).get, {
      verified: false,
    });
    expect((await browser.post(url, { decision: "send", passkey: unverified })).status).toBe(403);
    expect(await sentBy(user.address)).toHaveLength(1);

    const options = await ask(browser, url, { decision: "send" });
    const passkey = authenticator.get(options.get);
    expect((await browser.post(url, { decision: "send", passkey })).state).toBe("done");
    expect(await sentBy(user.address)).toHaveLength(2);
    expect((await ask(browser, url, { decision: "send" })).status).toBe(410);
  },
);

mailTest("Y13: with “each time” a card gets no secret, and one from before decides nothing", async () => {
  const person = await connectInBrowser(hosted, { showsCards: true });
  const { client, user, browser } = person;
  const send = () => client.call("send_email", { to: [user.address], body: "By card." });
  const secretOf = ({ result }: ToolAnswer) =>
    (result._meta?.["email-connector/approval"] as { secret?: string } | undefined)?.secret;
  const answer = await send();
  const secret = secretOf(answer);
  expect(secret).toMatch(/^[\w-]{43}$/);
  await register(person, hosted.publicUrl);
  await browser.post(pathOf(person), { action: "each_time", each_time: "on" });
  expect(secretOf(await send())).toBeUndefined();
  const { id } = approvalOf(answer);
  const decided = await client.try("decide_approval", { id, secret, decision: "send" });
  expect([decided.isError, decided.text.includes("(approval_unknown)")]).toEqual([true, true]);
  expect(await sentBy(user.address)).toEqual([]);
});

mailTest("Y13: a registered passkey is the only proof that gives Claude more, or takes it away", async () => {
  const person = await connectInBrowser(hosted);
  const { browser, user } = person;
  const path = pathOf(person);
  const before = await proveByPassword(person, path);
  const authenticator = await register(person, hosted.publicUrl);
  // A password proven before or after the registration does not count any more.
  expect(await proveByPassword(person, path)).toBe("");
  const raised = { action: "level", level: "send" };
  expect((await browser.post(path, { ...raised, proof: before })).status).toBe(403);
  await browser.post(path, { action: "each_time", each_time: "on" });
  expect((await browser.get(path)).html).not.toContain("remove_passkey");

  const prove = async () => {
    const { get } = await ask(browser, path, { purpose: "prove" });
    return browser.post(`${path}/prove`, { passkey: authenticator.get(get) });
  };
  const unproven: Record<string, string>[] = [
    { action: "each_time" },
    { action: "remove_passkey", remove: "pky_" },
    { action: "add_passkey", passkey: "{}" },
  ];
  for (const form of unproven)
    expect([form.action, (await browser.post(path, form)).status]).toEqual([form.action, 403]);
  const { fields } = await prove();
  const less = { action: "each_time", proof: fields.proof ?? "" };
  expect((await browser.post(path, less)).status).toBe(200);
  expect((await browser.post(path, less)).text).toContain("It takes effect at once");
  await browser.post(path, { action: "each_time", each_time: "on" });
  expect((await browser.post(path, less)).status).toBe(403);

  expect((await browser.post(path, { ...raised, proof: (await prove()).fields.proof ?? "" })).status).toBe(
    200,
  );
  const last = await prove();
  const removed = await browser.post(path, {
    action: "remove_passkey",
    remove: last.fields.remove ?? "",
    proof: last.fields.proof ?? "",
  });
  expect([removed.status, removed.text.includes("Passkey 1")]).toEqual([200, false]);
  // Without a passkey the password proves again.
  expect(await proveByPassword({ ...person, user }, path)).toMatch(/^[0-9a-f]{64}$/);
});

mailTest(
  "On a loopback server the passkey decides as a password does; elsewhere it opens a page that has only its link",
  async () => {
    const person = await connectInBrowser(local);
    const { client, user, browser } = person;
    const authenticator = await register(person, local.url);
    const { url } = approvalOf(await client.call("send_email", { to: [user.address], body: "Local." }));
    expect((await browser.post(url, { decision: "send" })).status).toBe(403);
    const { get } = await ask(browser, url, { decision: "send" });
    expect((await browser.post(url, { decision: "send", passkey: authenticator.get(get) })).state).toBe(
      "done",
    );
    expect(await sentBy(user.address)).toHaveLength(1);

    const next = approvalOf(await client.call("send_email", { to: [user.address], body: "By link." }));
    const stranger = openBrowser(local);
    expect((await stranger.get(next.url)).text).not.toContain("By link.");
    const opening = await ask(stranger, next.url, {});
    const opened = await stranger.post(`${next.url}/prove`, { passkey: authenticator.get(opening.get) });
    expect([opened.status, opened.text.includes("By link.")]).toEqual([200, true]);
    // What opened the page decides nothing.
    expect((await stranger.post(next.url, { decision: "send" })).status).toBe(403);
    const deciding = await ask(stranger, next.url, { decision: "decline" });
    const decline = { decision: "decline", passkey: authenticator.get(deciding.get) };
    expect((await stranger.post(next.url, decline)).state).toBe("declined");
    expect(await sentBy(user.address)).toHaveLength(1);
  },
);
