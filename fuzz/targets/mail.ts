/** Emails through a real IMAP server and the whole product: every tool that reads or quotes them. */
import fc from "fast-check";
import { emails } from "../inputs/email.ts";
import { headerFields } from "../inputs/header-fields.ts";
import { checkAnswer } from "../invariants.ts";
import { type Target, toAnyTarget } from "../target.ts";
import type { Mailbox, OpenWorld, World } from "../world.ts";

/** Calls a tool and checks its answer; the data of it. */
export async function callTool(
  { client }: Mailbox,
  name: string,
  input: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const answer = await client.try(name, input);
  checkAnswer(name, answer.result);
  return answer.data;
}

export type Row = { id: string; subject?: string; deleted?: boolean };
export const rowsOf = (data: Record<string, unknown>) => (data.emails ?? []) as Row[];

/** Runs work on the opened world; one that is in an unknown state afterwards is replaced. */
export async function onProduct(world: World, work: (open: OpenWorld) => Promise<void>): Promise<void> {
  try {
    await work(await world.open());
  } catch (error) {
    await world.discard();
    throw error;
  }
}

async function deliver({ kit, mailbox }: OpenWorld, raws: readonly Uint8Array[]): Promise<void> {
  await kit.withImap(mailbox.user, async (imap) => {
    for (const name of ["Drafts", "INBOX"]) {
      await imap.mailboxOpen(name);
      await imap.messageDelete("1:*");
    }
    // Dovecot refuses an empty one.
    for (const raw of raws) await imap.append("INBOX", Buffer.from(raw)).catch(() => undefined);
  });
}

async function readAll({ mailbox }: OpenWorld): Promise<void> {
  const rows = rowsOf(await callTool(mailbox, "get_recent_emails", { limit: 50 }));
  await callTool(mailbox, "search_emails", { query: "river OR subject:invoice" });
  for (const { id } of rows) {
    const email = await callTool(mailbox, "get_email", { id, headers: true });
    for (const format of ["text", "html", "links"]) await callTool(mailbox, "get_email", { id, format });
    await callTool(mailbox, "get_thread", { id });
    for (const { index } of ((email.attachments ?? []) as { index: number }[]).slice(0, 6))
      await callTool(mailbox, "get_attachment", { id, index });
    await callTool(mailbox, "draft_email", { reply_to: id, reply_all: true, body: "Yes." });
    await callTool(mailbox, "draft_email", { forward: id, to: ["sink@example.test"], body: "See." });
  }
}

const target: Target<Uint8Array> = {
  name: "mail",
  inputs: emails,
  perTurn: 6,
  check: (raw, world) =>
    onProduct(world, async (open) => {
      await deliver(open, [raw]);
      await open.product.watch(
        () => readAll(open),
        async () => {
          await deliver(open, [raw]);
          await readAll(open);
        },
      );
    }),
  bytes: { get: (input) => input, set: (_, bytes) => bytes },
};

/** Several emails of one mailbox, which lists and threads show together. */
const listTarget: Target<Uint8Array[]> = {
  name: "mail-list",
  inputs: fc.array(emails, { minLength: 2, maxLength: 8 }),
  perTurn: 2,
  check: (raws, world) =>
    onProduct(world, async (open) => {
      await deliver(open, raws);
      const list = async () => {
        const rows = rowsOf(await callTool(open.mailbox, "get_recent_emails", { limit: 50 }));
        if (rows[0]) await callTool(open.mailbox, "get_thread", { id: rows[0].id });
        await callTool(open.mailbox, "search_emails", { query: "has:attachment OR river" });
      };
      await open.product.watch(list, list);
    }),
};

/** A mailbox full of emails with long headers: each is read in little time, and a list or a thread reads all of them. */
const headersTarget: Target<string> = {
  name: "mail-headers",
  inputs: headerFields,
  perTurn: 3,
  check: (fields, world) =>
    onProduct(world, async (open) => {
      const { mailbox, product } = open;
      const raws = Array.from({ length: headerEmails }, (_, at) =>
        Buffer.from(
          `Message-ID: <${at}@example.test>\r\nReferences: <root@example.test>\r\n${fields}\r\nwords`,
          "latin1",
        ),
      );
      await deliver(open, raws);
      const list = async () => {
        const [row] = rowsOf(await callTool(mailbox, "get_recent_emails", { limit: 50 }));
        if (row) {
          await callTool(mailbox, "get_thread", { id: row.id });
          await callTool(mailbox, "get_email", { id: row.id, headers: true });
          await callTool(mailbox, "draft_email", { reply_to: row.id, reply_all: true, body: "Yes." });
        }
        await callTool(mailbox, "search_emails", { query: "words" });
        await callTool(mailbox, "overview", {});
      };
      await product.watch(list, list);
    }),
};
const headerEmails = 30;

export const mailTargets = [toAnyTarget(target), toAnyTarget(listTarget), toAnyTarget(headersTarget)];
