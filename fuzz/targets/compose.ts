/** Emails that a model asks for: the draft has the recipients and the subject that were given, and nothing more. */
import fc from "fast-check";
import PostalMime from "postal-mime";
import { markdowns } from "../inputs/markdown.ts";
import { queries } from "../inputs/query.ts";
import { shortTexts } from "../inputs/text.ts";
import { canary, checkInert } from "../invariants.ts";
import { Broken, type Target, toAnyTarget } from "../target.ts";
import { callTool, onProduct } from "./mail.ts";

type Draft = { to: string[]; cc: string[]; subject: string; body: string; name: string };

const addresses = fc.array(
  fc.oneof(
    fc.constantFrom(
      "sink@example.test",
      "b@x\r\nBcc: v@y",
      '"a@good" <v@evil.test>',
      "a@b,c@d",
      "ü@exämple.test",
      "g:a@b;",
      '"a b"@example.test',
    ),
    shortTexts.map((text) => `${text}@example.test`.slice(0, 320)),
  ),
  { maxLength: 3 },
);
const drafts: fc.Arbitrary<Draft> = fc.record({
  to: addresses,
  cc: addresses,
  subject: shortTexts.map((text) => text.slice(0, 1_000)),
  body: markdowns.map((text) => text.slice(0, 100_000)),
  name: shortTexts.map((text) => text.slice(0, 300)),
});

const headerNames =
  /^(date|from|to|cc|bcc|subject|message-id|in-reply-to|references|mime-version|content-type|content-transfer-encoding|content-disposition|user-agent|x-mailer|x-email-connector-[a-z-]+)$/;

async function checkDraft(raw: string, asked: Draft): Promise<void> {
  const parsed = await PostalMime.parse(Buffer.from(raw));
  const foreign = parsed.headers.map(({ key }) => key).filter((key) => !headerNames.test(key));
  if (foreign.length > 0) throw new Broken("foreign header", foreign.join());
  for (const { address = "" } of [...(parsed.to ?? []), ...(parsed.cc ?? []), ...(parsed.bcc ?? [])]) {
    const known = [...asked.to, ...asked.cc].some(
      (one) => one.trim().toLowerCase() === address.toLowerCase(),
    );
    if (!known) throw new Broken("foreign recipient", address);
  }
  if (parsed.html) {
    checkInert(parsed.html, "the draft");
    if (parsed.html.includes(`<${canary} `) && !asked.body.includes(canary))
      throw new Broken("markup out of nowhere", "draft");
  }
}

const target: Target<Draft> = {
  name: "compose",
  inputs: drafts,
  perTurn: 6,
  check: (asked, world) =>
    onProduct(world, async ({ product, mailbox, kit }) => {
      const run = async () => {
        const { name, ...fields } = asked;
        await callTool(mailbox, "draft_email", {
          ...fields,
          attachments: [{ name, base64: "eA==" }],
        });
      };
      await kit.withImap(mailbox.user, async (imap) => {
        await imap.mailboxOpen("Drafts");
        await imap.messageDelete("1:*");
      });
      await product.watch(run, run);
      for (const { raw } of await kit.read(mailbox.user, "Drafts")) await checkDraft(raw, asked);
    }),
};

/** Searches through the whole product: what reaches the mail server is a search, whatever the query holds. */
const searchTarget: Target<string> = {
  name: "search",
  inputs: queries,
  perTurn: 15,
  check: (query, world) =>
    onProduct(world, async ({ product, rewritten }) => {
      const from = rewritten.proxy.commands.length;
      const run = async () => {
        await callTool(rewritten, "search_emails", { query: query.slice(0, 4_000) });
      };
      await product.watch(run, run);
      const verbs = rewritten.proxy.commands
        .slice(from)
        // The line after AUTHENTICATE is its continuation.
        .filter((_, at, all) => !/^AUTHENTICATE /i.test(all[at - 1] ?? ""))
        .map((command) => command.replace(/^UID /i, "").split(" ", 1)[0]?.toUpperCase() ?? "");
      const foreign = verbs.filter((verb) => !searchVerbs.test(verb));
      if (foreign.length > 0) throw new Broken("foreign command", foreign.join());
    }),
};

const searchVerbs =
  /^(SEARCH|SORT|FETCH|SELECT|EXAMINE|STATUS|LIST|LSUB|NOOP|LOGIN|AUTHENTICATE|CAPABILITY|ID|NAMESPACE|ENABLE|LOGOUT|UNSELECT|CLOSE|THREAD|XLIST)$/;

export const composeTargets = [toAnyTarget(target), toAnyTarget(searchTarget)];
