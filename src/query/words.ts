/** The words of a query: operators, phrases, brackets. The first half of the parser. */
import { AppError } from "../errors.ts";

export type Word =
  | { kind: "open" | "close"; bracket: "(" | "{"; at: number }
  | { kind: "or" | "and" | "not"; at: number }
  /** `from:` before its value; the value is the next word. */
  | { kind: "operator"; name: string; at: number }
  | { kind: "text"; text: string; quoted: boolean; at: number };

/** A refusal that says what would be right. */
export function wrongQuery(message: string, hint?: string): AppError {
  return new AppError("unsupported_query", message, hint === undefined ? {} : { hint });
}

const maxQueryCharacters = 2000;
const space = /\s/;
const endsWord = /[\s(){}"]/;

/** 'two words', with apostrophes only within words; so 'tis, rock 'n' roll and the dogs' are left alone. */
const singleQuoted = /^['‘]([^\s'‘’](?:[^'‘’]|(?<=[\p{L}\p{N}])['’](?=[\p{L}\p{N}]))*)['’](?=[\s(){}]|$)/u;
/** What negates or demands in other languages. */
const signed = /^[!+](?:[A-Za-z][\w-]*:|[({"])/;
export const signHint = "Write -from:ann or -(a b) for what must not match; all else must match anyway.";

/** Throws unsupported_query for what cannot be read; a control character is refused, line breaks are spaces. */
export function toWords(query: string): Word[] {
  if (query.length > maxQueryCharacters)
    throw wrongQuery(`The query has ${query.length} characters; ${maxQueryCharacters} are allowed.`);
  if (!query.isWellFormed()) throw wrongQuery("The query holds half a character (a lone surrogate).");
  const text = query.replace(/[\r\n\t\u00a0\u2028\u2029]/g, " ").replace(/[“”„«»]/g, '"');
  if (/\p{Cc}/u.test(text)) throw wrongQuery("The query holds a control character.");
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const letter = text.charAt(at);
    if (space.test(letter)) at += 1;
    else if (letter === "(" || letter === "{") words.push({ kind: "open", bracket: letter, at: at++ });
    else if (letter === ")" || letter === "}")
      words.push({ kind: "close", bracket: letter === ")" ? "(" : "{", at: at++ });
    else if (letter === '"') at = phrase(text, at, words);
    else if (singleQuoted.test(text.slice(at))) at = singlePhrase(text, at, words);
    else if (signed.test(text.slice(at)))
      throw wrongQuery(`"${letter}" stands before an operator, a bracket or a phrase.`, signHint);
    else if (letter === "-" && at + 1 < text.length && !space.test(text.charAt(at + 1)))
      words.push({ kind: "not", at: at++ });
    else at = bare(text, at, words);
  }
  return words;
}

function phrase(text: string, at: number, words: Word[]): number {
  const end = text.indexOf('"', at + 1);
  if (end < 0) throw wrongQuery("A quotation mark is not closed.", 'Write phrases as "two words".');
  const inside = text
    .slice(at + 1, end)
    .replace(/\s+/g, " ")
    .trim();
  if (inside === "") throw wrongQuery("A phrase is empty.", "Leave the empty quotation marks out.");
  words.push({ kind: "text", text: inside, quoted: true, at });
  return end + 1;
}

function singlePhrase(text: string, at: number, words: Word[]): number {
  const [whole = "", inside = ""] = singleQuoted.exec(text.slice(at)) ?? [];
  words.push({ kind: "text", text: inside.replace(/\s+/g, " ").trim(), quoted: true, at });
  return at + whole.length;
}

function bare(text: string, at: number, words: Word[]): number {
  let end = at;
  while (end < text.length && !endsWord.test(text.charAt(end))) end += 1;
  const whole = text.slice(at, end);
  const operator = /^([A-Za-z][\w-]*):(?!\/\/)/.exec(whole);
  if (operator?.[1]) {
    words.push({ kind: "operator", name: operator[1].toLowerCase(), at });
    return at + operator[0].length;
  }
  if (/^(OR|\|\|?)$/.test(whole)) words.push({ kind: "or", at });
  else if (whole === "AND" || whole === "&&") words.push({ kind: "and", at });
  else if (whole === "NOT") words.push({ kind: "not", at });
  else words.push({ kind: "text", text: whole, quoted: false, at });
  return end;
}
