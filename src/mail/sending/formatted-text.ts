/** The words of an outgoing email's HTML, for a person who decides whether it goes out. */
import type { Composer } from "../../compose/composer.ts";
import type { ComposedEmail } from "../../compose/email-request.ts";
import { toEmailContents } from "../../email/email-contents.ts";
import { emptyPart, type Part } from "../../email/part.ts";
import type { Access } from "../access.ts";

/**
 * Returns the text of the HTML part, whole, where its words are others than those of the plain text; undefined where
 * both say the same. A draft of another program, or a forwarded email, may show one text to some recipients and another
 * one to others.
 */
export async function findDifferingHtml(
  access: Access,
  composer: Composer,
  { raw, preview }: ComposedEmail,
): Promise<string | undefined> {
  const { html } = await composer.parseOriginal("", raw, { whole: true, signal: access.signal });
  if (!html) return undefined;
  const part: Part = { ...emptyPart, part: "1", type: "text/html", charset: "utf-8", encoding: "8bit" };
  const octets = Buffer.from(html, "utf8");
  const contents = toEmailContents({ ...part, size: octets.length });
  const request = { format: "markdown" as const, forward: true };
  const { text } = await access.renderer.renderBody(
    contents,
    new Map([["1", octets]]),
    request,
    access.signal,
  );
  return sameWords(text, preview.text) ? undefined : text;
}

/** Compares letters and digits only: marks of Markdown, quotes and line breaks differ between the two forms. */
function sameWords(a: string, b: string): boolean {
  const wordsOf = (text: string) => (text.match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");
  return wordsOf(a) === wordsOf(b);
}
