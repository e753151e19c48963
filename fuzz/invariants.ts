/** The invariants of every answer and every page, whatever the input was. */
import { Parser } from "htmlparser2";
import { cleanText } from "../src/tools/fence.ts";
import { Broken } from "./target.ts";

export const maxAnswerCharacters = 150_000;
const maxResultCharacters = 600_000;

const anyMark = /<(\/?)mail-([0-9a-f]{16})>/gi;

/** The marks of a text open and close in turn, and all have one nonce. */
export function checkFence(text: string, where: string): void {
  const nonces = new Set<string>();
  let isOpen = false;
  for (const [mark, slash = "", nonce = ""] of text.matchAll(anyMark)) {
    nonces.add(nonce);
    if ((slash === "") === isOpen) throw new Broken("fence broken", `${where}: ${mark} out of turn`);
    isOpen = !isOpen;
  }
  if (isOpen) throw new Broken("fence broken", `${where}: a mark is not closed`);
  if (nonces.size > 1) throw new Broken("fence broken", `${where}: ${nonces.size} nonces`);
}

/** The text has valid Unicode and nothing invisible. */
export function checkVisible(text: string, where: string): void {
  if (!text.isWellFormed()) throw new Broken("malformed Unicode", where);
  const bare = text.replace(anyMark, "");
  const { removed } = cleanText(bare);
  if (removed > 0) throw new Broken("invisible characters", `${where}: ${removed} of them`);
}

type ToolResult = {
  content?: readonly { type: string; text?: string }[];
  structuredContent?: Record<string, unknown>;
};

/** The answer of a tool is bounded, fenced, and not an internal error. */
export function checkAnswer(tool: string, result: ToolResult): void {
  const text = (result.content ?? []).map((block) => block.text ?? "").join("\n");
  if (text.includes("Something went wrong inside")) throw new Broken("internal error", tool);
  if (text.length > maxAnswerCharacters)
    throw new Broken("output budget", `${tool}: ${text.length} characters of text`);
  const json = JSON.stringify(result.structuredContent ?? {});
  if (json.length > maxResultCharacters)
    throw new Broken("output budget", `${tool}: ${json.length} characters of structured content`);
  checkFence(text, tool);
  checkVisible(text, tool);
  for (const string of stringsOf(result.structuredContent)) {
    checkFence(string, `${tool}, structured content`);
    checkVisible(string, `${tool}, structured content`);
  }
}

function* stringsOf(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null)
    for (const [name, field] of Object.entries(value)) {
      yield name;
      yield* stringsOf(field);
    }
}

/** The element that inputs carry: in a page it must not exist. */
export const canary = "x-canary";

/** A page contains none of our own markup from an input, and loads nothing. */
export function checkPage(html: string, where: string): void {
  const parser = new Parser({
    onopentag(name, attributes) {
      const names = [name, ...Object.keys(attributes)];
      if (names.some((one) => one.includes(canary) || /^on/.test(one)))
        throw new Broken("unescaped on a page", `${where}: <${name} ${Object.keys(attributes).join(" ")}>`);
      for (const attribute of ["href", "src", "action"])
        if (/^\s*(?:javascript|vbscript):/i.test(attributes[attribute] ?? ""))
          throw new Broken("script address on a page", `${where}: ${name} ${attribute}`);
    },
  });
  parser.end(html);
}

/** HTML that is sent to others or shown: nothing of it runs. */
export function checkInert(html: string, where: string): void {
  const parser = new Parser({
    onopentag(name, attributes) {
      if (/^(script|iframe|object|embed|form|base|meta|link)$/.test(name) && !isCharset(name, attributes))
        throw new Broken("active HTML", `${where}: <${name}>`);
      for (const [attribute, value] of Object.entries(attributes)) {
        if (/^on/.test(attribute)) throw new Broken("active HTML", `${where}: ${attribute}`);
        if (/^(href|src|action|formaction|xlink:href)$/.test(attribute) && isActive(value))
          throw new Broken("active HTML", `${where}: ${attribute}=${value.slice(0, 40)}`);
      }
    },
  });
  parser.end(html);
}

/** The one element of a head that an email of ours has. */
const isCharset = (name: string, attributes: Readonly<Record<string, string>>) =>
  name === "meta" && Object.keys(attributes).join() === "charset";

/** Browsers ignore blanks and controls inside a scheme. */
const isActive = (url: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that browsers ignore
  /^(?:javascript|vbscript|data:text\/html)/i.test(url.replace(/[\u0000-\u0020]/g, ""));
