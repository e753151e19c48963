/** Responses of IMAP and SMTP servers that are not as the standards have them. */
import fc from "fast-check";
import { createResponseChanger, type ResponseChange, responseChanges } from "../inputs/imap.ts";
import { shortTexts } from "../inputs/text.ts";
import { Broken, type Target, toAnyTarget } from "../target.ts";
import type { OpenWorld } from "../world.ts";
import { callTool, onProduct, rowsOf } from "./mail.ts";

const email = (subject: string) =>
  `From: ann@example.test\r\nTo: ben@example.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1,2\r\n--b--\r\n`;

async function prepare({ kit, rewritten: { user } }: OpenWorld): Promise<void> {
  await kit.withImap(user, async (imap) => {
    for (const name of ["Archive", "INBOX"]) {
      await imap.mailboxOpen(name);
      await imap.messageDelete("1:*");
    }
    for (const subject of ["one", "two", "three"]) await imap.append("INBOX", Buffer.from(email(subject)));
  });
}

/** Every kind of call. The connections of earlier calls are closed, so that the login is changed too. */
async function callAll({ rewritten }: OpenWorld): Promise<void> {
  await callTool(rewritten, "list_mailboxes");
  const rows = rowsOf(await callTool(rewritten, "get_recent_emails"));
  await callTool(rewritten, "search_emails", { query: "subject:two OR words" });
  const [first, second] = rows;
  if (!first) return;
  await callTool(rewritten, "get_email", { id: first.id });
  await callTool(rewritten, "get_attachment", { id: first.id, index: 1 });
  await callTool(rewritten, "get_thread", { id: first.id });
  await callTool(rewritten, "mark_as_read", { ids: rows.map(({ id }) => id) });
  if (second) await callTool(rewritten, "move_email", { ids: [second.id], mailbox: "archive" });
  await callTool(rewritten, "draft_email", { reply_to: first.id, body: "Yes." });
}

const imapTarget: Target<ResponseChange[]> = {
  name: "imap",
  inputs: responseChanges,
  perTurn: 6,
  check: (changes, world) =>
    onProduct(world, async (open) => {
      await prepare(open);
      const { rewritten, product } = open;
      const run = async () => {
        const change = createResponseChanger(changes);
        rewritten.rewrite.answer = (answer, { loggedIn }) => (loggedIn ? change(answer) : answer);
        rewritten.proxy.drop();
        await callAll(open);
      };
      try {
        await product.watch(run, run);
      } finally {
        rewritten.rewrite.answer = undefined;
        rewritten.proxy.drop();
      }
      // With an honest server everything works again, and no email was lost.
      await product.watch(async () => {
        const subjects: (string | undefined)[] = [];
        let unreadable = 0;
        for (const mailbox of ["INBOX", "Archive"]) {
          const { data, isError } = await rewritten.client.try("get_recent_emails", { mailbox });
          // A login that was refused is not tried again for a minute.
          if (isError) return;
          // Without MOVE and UIDPLUS an email is copied, and the original marked as deleted.
          const rows = rowsOf(data).filter(({ deleted }) => !deleted);
          subjects.push(...rows.map(({ subject }) => subject));
          // An email whose answer ended the connection is named and left alone for a while.
          unreadable += ((data.unreadable ?? []) as unknown[]).length;
        }
        const isComplete = new Set(subjects).size === subjects.length && subjects.length + unreadable === 3;
        if (!isComplete) throw new Broken("lost or doubled", `${subjects.join()}, ${unreadable} unreadable`);
      });
    }),
};

const codes = fc.constantFrom(
  "250",
  "220",
  "354",
  "235",
  "421",
  "450",
  "452",
  "503",
  "535",
  "550",
  "552",
  "554",
  "999",
  "12",
  "abc",
);
const reply = fc
  .array(
    fc.tuple(
      codes,
      fc.constantFrom(" ", "-", ""),
      fc.oneof(shortTexts, fc.constantFrom("5.7.8 no", "2.0.0 Ok", "x".repeat(5_000))),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((lines) => lines.map((parts) => parts.join("")).join("\r\n"));
const stages = ["greeting", "EHLO", "AUTH", "MAIL", "DATA", "RSET", "message"] as const;
type Replies = Partial<Record<(typeof stages)[number], string>> & { recipient?: string };
const replies: fc.Arbitrary<Replies> = fc.record(
  Object.fromEntries([...stages, "recipient"].map((stage) => [stage, reply])),
  { requiredKeys: [] },
);

const smtpTarget: Target<Replies> = {
  name: "smtp",
  inputs: replies,
  perTurn: 6,
  check: (all, world) =>
    onProduct(world, async ({ scripted, product }) => {
      const { recipient, ...rest } = all;
      scripted.smtp.become({
        replies: rest,
        refuseRecipient: recipient === undefined ? undefined : () => recipient,
      });
      const before = scripted.smtp.taken.length;
      let sent = false;
      await product.watch(async () => {
        const subject = `x ${Bun.hash(JSON.stringify(all))} ${before}`;
        const answer = await callTool(scripted, "send_email", {
          to: ["sink@example.test"],
          subject,
          body: "x",
        });
        sent = typeof answer.message_id === "string";
      });
      const taken = scripted.smtp.taken.length - before;
      if (taken > 1) throw new Broken("sent twice", `${taken} times`);
      if (sent && taken === 0 && rest.message === undefined)
        throw new Broken("said sent", "nothing was taken");
      scripted.smtp.become({});
    }),
};

export const serverTargets = [toAnyTarget(imapTarget), toAnyTarget(smtpTarget)];
