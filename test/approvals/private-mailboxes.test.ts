/** Mailboxes that the person keeps private answer like ones that do not exist, on every path. */
import { afterAll, beforeAll, expect } from "bun:test";
import {
  beginAuthorization,
  formFields,
  readForm,
  redeemCode,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { toRaw } from "../support/emails.ts";
import { startGmail } from "../support/gmail.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient, type ToolAnswer } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import {
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

type Rows = { emails: { id: string; subject: string }[]; total: number };

function pathOf({ browser }: ConnectedPerson): string {
  const [name = ""] = [...browser.cookies.keys()].filter((each) => each.startsWith("__Host-connection-"));
  return `/connection/${name.slice("__Host-connection-".length)}`;
}

/** A person with two emails in Secret and Secret/Deep, and one in INBOX that answers the first. */
async function withSecrets() {
  const kit = await mailServer();
  const person = await connectInBrowser(product, { level: "send" });
  const { user, client } = person;
  await kit.withImap(user, async (imap) => {
    await imap.mailboxCreate("Secret");
    await imap.mailboxCreate(["Secret", "Deep"]);
  });
  const attachments = [{ filename: "secret.txt", content: "canary-5f1e" }];
  const secret = {
    subject: "Diagnosis",
    text: "canary-5f1e words",
    messageId: "<secret@x.example>",
    attachments,
  };
  await kit.deliver(user, await toRaw(secret), { mailbox: "Secret" });
  await kit.deliver(user, await toRaw({ subject: "Deeper", text: "canary-5f1e too" }), {
    mailbox: "Secret/Deep",
  });
  const open = { subject: "Re: Diagnosis", text: "open words", inReplyTo: "<secret@x.example>" };
  await kit.deliver(user, await toRaw({ ...open, references: "<secret@x.example>" }));
  const { data } = await client.call("get_recent_emails", { mailbox: "Secret" });
  const [{ id = "" } = {}] = (data as Rows).emails;
  const found = await client.call("search_emails", { query: "canary-5f1e" });
  const link = await client.call("get_attachment", { id, index: 1 });
  return { ...person, kit, id, selection: String(found.data.selection ?? ""), link };
}

async function hide(person: ConnectedPerson, paths: readonly string[]) {
  const page = await person.browser.post(pathOf(person), { action: "mailboxes" });
  const fields = new URLSearchParams([
    ["action", "private"],
    ["account", page.fields.account ?? ""],
    ...paths.map((path): [string, string] => ["private", path]),
  ]);
  return { page, answer: await person.browser.post(pathOf(person), fields) };
}

/** An error without the names that the call itself gave. */
const without = ({ text, isError }: ToolAnswer, name: string) => [isError, text.replaceAll(name, "…")];

mailTest(
  "Y14: a private mailbox and those beneath it are absent from lists, searches, threads and reads",
  async () => {
    const person = await withSecrets();
    const { client, id, selection } = person;
    const { page, answer } = await hide(person, ["Secret"]);
    for (const never of ["INBOX", "Sent", "Drafts", "Trash"])
      expect(page.html).not.toContain(`value="${never}"`);
    expect(answer.text).toContain("Secret");

    expect((await client.call("list_mailboxes")).text).not.toContain("Secret");
    for (const query of ["canary-5f1e", "in:anywhere Diagnosis", "subject:Deeper"]) {
      const { data, text } = await client.call("search_emails", { query });
      const subjects = (data as Rows).emails.map(({ subject }) => subject);
      expect([query, subjects.filter((subject) => subject !== "Re: Diagnosis")]).toEqual([query, []]);
      expect(text).not.toContain("Secret");
    }
    const inbox = (await client.call("get_recent_emails")).data as Rows;
    const thread = await client.call("get_thread", { id: inbox.emails[0]?.id ?? "" });
    expect((thread.data as { total: number }).total).toBe(1);

    // By name: like one that does not exist.
    for (const name of ["Secret", "Secret/Deep", "secret"]) {
      for (const [tool, input] of [
        ["get_recent_emails", { mailbox: name }],
        ["search_emails", { query: "x", mailbox: name }],
        ["move_email", { ids: [inbox.emails[0]?.id ?? ""], mailbox: name }],
      ] as const) {
        const missing = JSON.parse(JSON.stringify(input).replaceAll(`"${name}"`, '"Zebra9"'));
        const [hidden, absent] = [await client.try(tool, input), await client.try(tool, missing)];
        expect([tool, name, ...without(hidden, name)]).toEqual([tool, name, ...without(absent, "Zebra9")]);
        expect(hidden.isError).toBe(true);
      }
    }
    expect(without(await client.try("create_mailbox", { path: "Secret" }), "Secret")).toEqual([
      false,
      'Created. Its path is "…".',
    ]);

    // By an id from before: reads, attachments, replies, forwards, changes.
    const gone: [string, Record<string, unknown>][] = [
      ["get_email", { id }],
      ["get_thread", { id }],
      ["get_attachment", { id, index: 1 }],
      ["draft_email", { reply_to: id, body: "x" }],
      ["draft_email", { forward: id, to: ["a@example.test"] }],
      ["draft_email", { to: ["a@example.test"], body: "x", attachments: [{ email: id, index: 1 }] }],
      ["move_email", { ids: [id], mailbox: "archive" }],
      ["delete_email", { ids: [id] }],
      ["mark_as_read", { ids: [id] }],
      ["flag_email", { ids: [id], flagged: true }],
    ];
    for (const [tool, input] of gone) {
      const { isError, text } = await client.try(tool, input);
      expect([tool, isError, text.includes("canary-5f1e")]).toEqual([tool, true, false]);
    }
    const bySelection = await client.try("mark_as_read", { selection });
    expect([bySelection.data.done ?? 0, bySelection.text.includes("canary-5f1e")]).toEqual([0, false]);
    const kept = await person.kit.read(person.user, "Secret");
    expect(kept.map(({ flags }) => flags.filter((flag) => flag !== "\\Recent"))).toEqual([[]]);
  },
);

mailTest("Y14: links made before and undo do not lead into a private mailbox", async () => {
  const person = await withSecrets();
  const { client, id } = person;
  const moved = await client.call("move_email", { ids: [id], mailbox: "archive" });
  const operation = String(moved.data.operation_id);
  const back = await client.call("get_recent_emails", { mailbox: "Secret/Deep" });
  const [{ id: deep = "" } = {}] = (back.data as Rows).emails;
  await hide(person, ["Secret"]);
  expect((await client.try("undo", { operation_id: operation })).data.done ?? 0).toBe(0);
  expect((await client.try("get_email", { id: deep })).isError).toBe(true);
  expect(await person.kit.read(person.user, "Secret")).toEqual([]);
});

mailTest(
  "Y14: a private mailbox stays private when it is renamed; showing it again needs a fresh password",
  async () => {
    const person = await withSecrets();
    const { client, browser, user, kit } = person;
    await hide(person, ["Secret"]);
    await kit.withImap(user, async (imap) => {
      await imap.mailboxRename("Secret", "Renamed");
    });
    const list = await client.call("list_mailboxes");
    expect(list.text).not.toContain("Renamed");
    expect((await client.try("get_recent_emails", { mailbox: "Renamed" })).isError).toBe(true);
    const found = await client.call("search_emails", { query: "canary-5f1e in:anywhere" });
    expect((found.data as Rows).emails).toEqual([]);

    expect((await hide(person, [])).answer.status).toBe(403);
    const proven = await browser.post(`${pathOf(person)}/prove`, { password: user.password });
    const { proof = "", account = "" } = (
      await browser.post(pathOf(person), { action: "mailboxes", proof: proven.fields.proof ?? "" })
    ).fields;
    const shown = await browser.post(pathOf(person), { action: "private", account, proof });
    expect(shown.status).toBe(200);
    expect((await client.call("list_mailboxes")).text).toContain("Renamed");
  },
);

mailTest(
  "Y14: mailboxes named in the form of connecting are private from the first call; a name that is not there is told",
  async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.withImap(user, async (imap) => {
      await imap.mailboxCreate("Secret");
      await imap.mailboxCreate("Doctor");
    });
    const begun = await beginAuthorization(product, { resource: `${product.publicUrl}/mcp` });
    const fields = { ...formFields(user, kit, "organise"), private: "Secret\nTypo" };
    const refused = await submitForm(product, begun, fields, { Origin: product.publicUrl });
    const html = await refused.text();
    expect([refused.status, html.includes("Typo")]).toEqual([400, true]);
    const { request = "" } = readForm(html).fields;
    const finished = await fetch(`${product.url}/oauth/connect`, {
      method: "POST",
      redirect: "manual",
      headers: { Origin: product.publicUrl },
      body: new URLSearchParams([
        ["request", request],
        ["then", "finish"],
        ["private", "Secret"],
        ["private", "Doctor"],
      ]),
    });
    const query = await requireCode(finished);
    const code = query.get("code") ?? "";
    const { accessToken } = await redeemCode(product, code, begun.verifier, product.publicUrl);
    const { text } = await (await openClient(product, accessToken)).call("list_mailboxes");
    expect([text.includes("Secret"), text.includes("Doctor"), text.includes("INBOX")]).toEqual([
      false,
      false,
      true,
    ]);
  },
);

mailTest("Y14: at Gmail an email that bears a private label is hidden wherever it is found", async () => {
  const gmail = await startGmail(await mailServer(), (query) =>
    query.includes("Hidden") ? 'SUBJECT "Hidden"' : 'TEXT "canary-5f1e"',
  );
  try {
    const kit = await mailServer();
    const user = await gmail.newUser();
    await kit.withImap(user, async (imap) => {
      await imap.mailboxCreate("Secret");
    });
    const servers = { imap: gmail.imap, smtp: kit.smtp };
    await gmail.deliver(user, await toRaw({ subject: "Hidden", text: "canary-5f1e" }), {
      labels: ["INBOX", "Secret"],
    });
    await gmail.deliver(user, await toRaw({ subject: "Shown", text: "open" }), { labels: ["INBOX"] });
    const person = await connectInBrowser(product, { user, level: "send", servers });
    const { client } = person;
    const before = (await client.call("get_recent_emails")).data as Rows;
    const hidden = before.emails.find(({ subject }) => subject === "Hidden")?.id ?? "";
    expect(before.total).toBe(2);
    await hide(person, ["Secret"]);
    const after = (await client.call("get_recent_emails")).data as Rows;
    expect([after.total, after.emails.map(({ subject }) => subject)]).toEqual([1, ["Shown"]]);
    for (const query of ["canary-5f1e", "Hidden in:anywhere"])
      expect(((await client.call("search_emails", { query })).data as Rows).emails).toEqual([]);
    for (const [tool, input] of [
      ["get_email", { id: hidden }],
      ["move_email", { ids: [hidden], mailbox: "trash" }],
      ["draft_email", { reply_to: hidden, body: "x" }],
    ] as const)
      expect([tool, (await client.try(tool, input)).isError]).toEqual([tool, true]);
    expect((await client.call("list_mailboxes")).text).not.toContain("Secret");
  } finally {
    await gmail.stop();
  }
});
