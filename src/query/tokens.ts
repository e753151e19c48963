/** The tokenizer of the query language: words, operators, phrases, brackets. */
import { unsupportedQuery } from "./query-error.ts";

export type Token =
  | { kind: "open" | "close"; bracket: "(" | "{"; at: number }
  | { kind: "or" | "and" | "not"; at: number }
  /** `from:`; its value is the next token. */
  | { kind: "operator"; name: string; at: number }
  | { kind: "text"; text: string; quoted: boolean; at: number };

const maxQueryCharacters = 2000;
const space = /\s/;
const endsWord = /[\s(){}"]/;

/** 'two words', with apostrophes only within words; 'tis, rock 'n' roll and the dogs' do not match. */
const singleQuoted = /^['‘]([^\s'‘’](?:[^'‘’]|(?<=[\p{L}\p{N}])['’](?=[\p{L}\p{N}]))*)['’](?=[\s(){}]|$)/u;
/** A sign that negates or requires a term in other query languages. */
const signedTerm = /^[!+](?:[A-Za-z][\w-]*:|[({"])/;
export const signHint = "Write -from:ann or -(a b) for what must not match; all else must match anyway.";

/**
 * Splits a query into tokens. Line breaks count as spaces.
 *
 * @throws AppError unsupported_query for unclosed quotes, control characters and queries that are too long.
 */
export function tokenize(query: string): Token[] {
  if (query.length > maxQueryCharacters)
    throw unsupportedQuery(`The query has ${query.length} characters; ${maxQueryCharacters} are allowed.`);
  if (!query.isWellFormed()) throw unsupportedQuery("The query holds half a character (a lone surrogate).");
  const text = query.replace(/[\r\n\t\u00a0\u2028\u2029]/g, " ").replace(/[“”„«»]/g, '"');
  if (/\p{Cc}/u.test(text)) throw unsupportedQuery("The query holds a control character.");
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (space.test(character)) at += 1;
    else if (character === "(" || character === "{")
      tokens.push({ kind: "open", bracket: character, at: at++ });
    else if (character === ")" || character === "}")
      tokens.push({ kind: "close", bracket: character === ")" ? "(" : "{", at: at++ });
    else if (character === '"') at = phrase(text, at, tokens);
    else if (singleQuoted.test(text.slice(at))) at = singlePhrase(text, at, tokens);
    else if (signedTerm.test(text.slice(at)))
      throw unsupportedQuery(`"${character}" stands before an operator, a bracket or a phrase.`, signHint);
    else if (character === "-" && at + 1 < text.length && !space.test(text.charAt(at + 1)))
      tokens.push({ kind: "not", at: at++ });
    else at = bare(text, at, tokens);
  }
  return tokens;
}

function phrase(text: string, at: number, tokens: Token[]): number {
  const end = text.indexOf('"', at + 1);
  if (end < 0) throw unsupportedQuery("A quotation mark is not closed.", 'Write phrases as "two words".');
  const inside = text
    .slice(at + 1, end)
    .replace(/\s+/g, " ")
    .trim();
  if (inside === "") throw unsupportedQuery("A phrase is empty.", "Leave the empty quotation marks out.");
  tokens.push({ kind: "text", text: inside, quoted: true, at });
  return end + 1;
}

function singlePhrase(text: string, at: number, tokens: Token[]): number {
  const [whole = "", inside = ""] = singleQuoted.exec(text.slice(at)) ?? [];
  tokens.push({ kind: "text", text: inside.replace(/\s+/g, " ").trim(), quoted: true, at });
  return at + whole.length;
}

function bare(text: string, at: number, tokens: Token[]): number {
  let end = at;
  while (end < text.length && !endsWord.test(text.charAt(end))) end += 1;
  const whole = text.slice(at, end);
  const operator = /^([A-Za-z][\w-]*):(?!\/\/)/.exec(whole);
  if (operator?.[1]) {
    tokens.push({ kind: "operator", name: operator[1].toLowerCase(), at });
    return at + operator[0].length;
  }
  if (/^(OR|\|\|?)$/.test(whole)) tokens.push({ kind: "or", at });
  else if (whole === "AND" || whole === "&&") tokens.push({ kind: "and", at });
  else if (whole === "NOT") tokens.push({ kind: "not", at });
  else tokens.push({ kind: "text", text: whole, quoted: false, at });
  return end;
}
