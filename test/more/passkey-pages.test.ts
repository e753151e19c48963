/** Passkeys on the whole product, with an authenticator in software: what they prove, and what nothing else does then. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mailTest } from "../support/installed.ts";
import type { ToolAnswer } from "../support/mcp-client.ts";
import {
  askForOptions,
  ownPathOf,
  proveByPassword,
  registerPasskey,
  sentBy,
} from "../support/passkey-person.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  connectInBrowser,
  openBrowser,
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

mailTest("Y13: with “each time” a card gets no secret, and one from before decides nothing", async () => {
  const person = await connectInBrowser(hosted, { showsCards: true });
  const { client, user, browser } = person;
  const send = () => client.call("send_email", { to: [user.address], body: "By card." });
  const secretOf = ({ result }: ToolAnswer) =>
    (result._meta?.["email-connector/approval"] as { secret?: string } | undefined)?.secret;
  const answer = await send();
  const secret = secretOf(answer);
  expect(secret).toMatch(/^[\w-]{43}$/);
  await registerPasskey(person, hosted.publicUrl);
  await browser.post(ownPathOf(person), { action: "each_time", each_time: "on" });
  expect(secretOf(await send())).toBeUndefined();
  const { id } = approvalOf(answer);
  const decided = await client.try("decide_approval", { id, secret, decision: "send" });
  expect([decided.isError, decided.text.includes("(approval_unknown)")]).toEqual([true, true]);
  expect(await sentBy(user.address)).toEqual([]);
});

mailTest("Y13: a registered passkey is the only proof that gives Claude more, or takes it away", async () => {
  const person = await connectInBrowser(hosted);
  const { browser, user } = person;
  const path = ownPathOf(person);
  const before = await proveByPassword(person, path);
  const authenticator = await registerPasskey(person, hosted.publicUrl);
  // A password proven before or after the registration does not count any more.
  expect(await proveByPassword(person, path)).toBe("");
  const raised = { action: "level", level: "send" };
  expect((await browser.post(path, { ...raised, proof: before })).status).toBe(403);
  await browser.post(path, { action: "each_time", each_time: "on" });
  expect((await browser.get(path)).html).not.toContain("remove_passkey");

  const prove = async () => {
    const { get } = await askForOptions(browser, path, { purpose: "prove" });
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
    const authenticator = await registerPasskey(person, local.url);
    const { url } = approvalOf(await client.call("send_email", { to: [user.address], body: "Local." }));
    expect((await browser.post(url, { decision: "send" })).status).toBe(403);
    const { get } = await askForOptions(browser, url, { decision: "send" });
    expect((await browser.post(url, { decision: "send", passkey: authenticator.get(get) })).state).toBe(
      "done",
    );
    expect(await sentBy(user.address)).toHaveLength(1);

    const next = approvalOf(await client.call("send_email", { to: [user.address], body: "By link." }));
    const stranger = openBrowser(local);
    expect((await stranger.get(next.url)).text).not.toContain("By link.");
    const opening = await askForOptions(stranger, next.url, {});
    const opened = await stranger.post(`${next.url}/prove`, { passkey: authenticator.get(opening.get) });
    expect([opened.status, opened.text.includes("By link.")]).toEqual([200, true]);
    // What opened the page decides nothing.
    expect((await stranger.post(next.url, { decision: "send" })).status).toBe(403);
    const deciding = await askForOptions(stranger, next.url, { decision: "decline" });
    const decline = { decision: "decline", passkey: authenticator.get(deciding.get) };
    expect((await stranger.post(next.url, decline)).state).toBe("declined");
    expect(await sentBy(user.address)).toHaveLength(1);
  },
);

mailTest(
  "Y09: after five wrong passwords on an approval the passkey still opens it and decides",
  async () => {
    const person = await connectInBrowser(hosted);
    const { client, user } = person;
    const authenticator = await registerPasskey(person, hosted.publicUrl);
    const { url } = approvalOf(await client.call("send_email", { to: [user.address], body: "Guess." }));
    const stranger = openBrowser(hosted);
    for (let at = 0; at < 5; at += 1) await stranger.post(`${url}/prove`, { password: `wrong ${at}` });
    expect((await stranger.post(`${url}/prove`, { password: user.password })).status).toBe(429);
    const { get } = await askForOptions(stranger, url, {});
    const opened = await stranger.post(`${url}/prove`, { passkey: authenticator.get(get) });
    expect([opened.status, opened.text.includes("Guess.")]).toEqual([200, true]);
    expect((await stranger.post(url, { decision: "send" })).state).toBe("done");
    expect(await sentBy(user.address)).toHaveLength(1);
  },
);
