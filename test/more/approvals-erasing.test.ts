/** Erasing at the level approve: it waits with a list, and only what the person left checked is erased. */
import { afterAll, beforeAll, expect } from "bun:test";
import { createAuthenticator } from "../support/authenticator.ts";
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

/** Delivers emails to INBOX and returns their ids by subject. */
async function receive({ user, client }: ConnectedPerson, subjects: readonly string[]) {
  const kit = await mailServer();
  const emails = await Promise.all(
    subjects.map(async (subject) => ({ raw: await toRaw({ subject, text: "x" }) })),
  );
  await kit.deliverAll(user, emails);
  const { data } = await client.call("get_recent_emails", { limit: 100 });
  const rows = (data as { emails: { id: string; subject: string }[] }).emails;
  return new Map(rows.map(({ id, subject }) => [subject, id]));
}

const subjectsIn = async ({ user }: ConnectedPerson, mailbox: string) =>
  (await (await mailServer()).read(user, mailbox)).map(({ subject }) => subject);

mailTest("Erasing waits, its page lists every subject, and what the person unchecks stays", async () => {
  const person = await connectInBrowser(product);
  const { client, browser } = person;
  const ids = await receive(person, ["Keep <me>", "Erase me", "Me too"]);
  const erase = { ids: [...ids.values()], permanently: true };
  const answer = await client.call("delete_email", erase);
  const { url, kind, id } = approvalOf(answer);
  expect([kind, answer.data.done, answer.data.erased]).toEqual(["erase", 0, 0]);
  expect(approvalOf(await client.call("delete_email", erase)).id).toBe(id);
  const page = await browser.get(url);
  for (const subject of ids.keys()) expect(page.text).toContain(subject);
  expect(await subjectsIn(person, "INBOX")).toHaveLength(3);

  expect((await browser.post(url, { decision: "edit" })).status).toBe(400);
  expect((await browser.post(url, { decision: "send", list: "1" })).status).toBe(400);
  const kept = [...page.html.matchAll(/value="(\d+)" checked=""[\s\S]*?<b>([^<]*)<\/b>/g)]
    .filter(([, , subject = ""]) => !subject.startsWith("Keep"))
    .map(([, at = ""]): [string, string] => ["email", at]);
  const decision = new URLSearchParams([["decision", "send"], ["list", "1"], ...kept]);
  expect((await browser.post(url, decision)).state).toBe("done");
  expect(await subjectsIn(person, "INBOX")).toEqual(["Keep <me>"]);
  expect(await subjectsIn(person, "Trash")).toEqual([]);
});

mailTest("Moving to Trash never waits; what is in Trash already does", async () => {
  const person = await connectInBrowser(product);
  const { client } = person;
  const ids = await receive(person, ["First"]);
  const moved = await client.call("delete_email", { ids: [...ids.values()] });
  expect([moved.data.done, moved.data.approval]).toEqual([1, undefined]);
  const more = await receive(person, ["Second"]);
  const { new_ids: [inTrash = ""] = [] } = moved.data as { new_ids?: string[] };
  const both = await client.call("delete_email", { ids: [inTrash, ...more.values()] });
  expect([both.data.done, approvalOf(both).kind]).toEqual([1, "erase"]);
  expect(await subjectsIn(person, "Trash")).toEqual(["First", "Second"]);
});

mailTest("An erasure of a selection waits as a list of ids", async () => {
  const person = await connectInBrowser(product);
  const { client, browser } = person;
  await receive(person, ["News 1", "News 2", "Other"]);
  const found = await client.call("search_emails", { query: "subject:News" });
  const { selection } = found.data as { selection?: string };
  const { url } = approvalOf(await client.call("delete_email", { selection, permanently: true }));
  await receive(person, ["News 3"]);
  expect((await browser.post(url, { decision: "send" })).state).toBe("done");
  expect((await subjectsIn(person, "INBOX")).sort()).toEqual(["News 3", "Other"]);
});

mailTest("A passkey erases exactly the emails that were checked when it was asked for", async () => {
  const person = await connectInBrowser(product);
  const { client, user, browser } = person;
  const [name = ""] = [...browser.cookies.keys()].filter((each) => each.includes("connection-grt_"));
  const path = `/connection/${name.slice(name.indexOf("grt_"))}`;
  const { proof = "" } = (await browser.post(`${path}/prove`, { password: user.password })).fields;
  const ask = async (url: string, fields: Record<string, string> | URLSearchParams) =>
    JSON.parse((await browser.post(`${url}/passkey`, fields)).html);
  const authenticator = createAuthenticator(product.publicUrl);
  const { create } = await ask(path, { action: "add_passkey" });
  await browser.post(path, { action: "add_passkey", proof, passkey: authenticator.create(create) });
  await browser.post(path, { action: "each_time", each_time: "on" });

  const ids = await receive(person, ["One", "Two"]);
  const erase = { ids: [...ids.values()], permanently: true };
  const { url } = approvalOf(await client.call("delete_email", erase));
  const onlyFirst = { decision: "send", list: "1", email: "0" };
  const { get } = await ask(url, onlyFirst);
  const passkey = authenticator.get(get);
  const both = new URLSearchParams({ ...onlyFirst, passkey });
  both.append("email", "1");
  expect((await browser.post(url, both)).status).toBe(403);
  expect(await subjectsIn(person, "INBOX")).toHaveLength(2);
  const again = authenticator.get((await ask(url, onlyFirst)).get);
  expect((await browser.post(url, { ...onlyFirst, passkey: again })).state).toBe("done");
  expect(await subjectsIn(person, "INBOX")).toHaveLength(1);
});
