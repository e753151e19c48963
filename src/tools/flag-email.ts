import { z } from "zod";
import { AppError } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { auditOutcomes, outcomes, recordOutcomes, showOutcomes, toEmailSet } from "./outcomes.ts";
import { emailSet } from "./parameters.ts";

/** An IMAP keyword is an atom (RFC 9051 section 9). */
const keywordPattern = /^[A-Za-z0-9$_.:+-]{1,64}$/;
/** Hints for the system flags, by their JMAP names (RFC 8621 section 4.1.1). */
const systemFlags: Readonly<Record<string, string>> = {
  $seen: "Use mark_as_read for it.",
  $flagged: "Use `flagged` for it.",
  $deleted: "Use delete_email for it.",
  $draft: "The server sets it.",
  $recent: "The server sets it.",
  $answered: "Sending a reply sets it.",
};
const keywords = z.array(z.string().max(64)).max(20).optional();

/** Throws invalid_input for a name that is no keyword, or the name of a system flag. */
function requireKeywords(names: readonly string[] | undefined): string[] {
  return (names ?? []).map((name) => {
    const hint = systemFlags[name.toLowerCase().replace(/^\\/, "$")];
    if (!hint && keywordPattern.test(name)) return name;
    throw new AppError("invalid_input", `${JSON.stringify(name)} cannot be used as a keyword.`, {
      hint: hint ?? "A keyword is one word of letters, digits and $ _ . : + -, such as $work.",
    });
  });
}

export const flagEmailTool = defineTool({
  name: "flag_email",
  title: "Flag or label emails",
  description:
    "Flags (stars) emails or takes the flag off, and adds or removes keywords, the labels of IMAP. Can be undone.",
  effect: "write",
  idempotent: true,
  input: z.object({
    ...emailSet,
    flagged: z.boolean().optional().describe("true: flag, false: unflag"),
    add_keywords: keywords.describe("Such as $work"),
    remove_keywords: keywords.describe("Such as $work"),
  }),
  output: outcomes,
  async run({ flagged, add_keywords, remove_keywords, ...named }, context) {
    const add = [...(flagged === true ? ["\\Flagged"] : []), ...requireKeywords(add_keywords)];
    const remove = [...(flagged === false ? ["\\Flagged"] : []), ...requireKeywords(remove_keywords)];
    if (add.length + remove.length === 0)
      throw new AppError("invalid_input", "Nothing to change: give `flagged` or a keyword.");
    const both = add.find((name) => remove.some((other) => other.toLowerCase() === name.toLowerCase()));
    if (both) throw new AppError("invalid_input", `${both} is both to be added and to be removed.`);
    const set = toEmailSet(named, context);
    const result = await set.account.changeFlags(set.emails, { add, remove });
    return recordOutcomes(context, set, "flag_email", result);
  },
  render: (data) => showOutcomes(data, "changed"),
  audit: auditOutcomes,
});
