/**
 * Quoted history and signatures folded to one line each. Works on lines of text, whatever they were rendered from:
 * `>` quotes, blocks that HTML marks as history, and the header blocks that Outlook puts above what it quotes.
 */
import { historyMark, signatureMark } from "../html/markdown-writer.ts";

export type Folded = { lines: string[]; quoted: number; signature: number };

/** A quote this short, with an answer below it, is what the answer is about. */
const shownQuoteLines = 6;
const longestSignature = 15;

const original =
  /^\s*[-_*]{2,}\s*(original message|original appointment|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|исходное сообщение|原始邮件|元のメッセージ)\s*[-_*]{2,}\s*$/i;
const forwarded =
  /^\s*([-_*]{2,}\s*)?(forwarded message|begin forwarded message|weitergeleitete nachricht|anfang der weitergeleiteten|message transféré|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|転送されたメッセージ|转发邮件)/i;
const fromLine = /^\W*(from|von|de|da|van|från|fra|od|lähettäjä|от|发件人|差出人)\W*:\W*\S/i;
const otherLine =
  /^\W*(sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|inviato|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne|sendt|til|emne|отправлено|дата|кому|тема|发送时间|收件人|主题|送信日時|宛先|件名)\W*:/i;
const attributionLine =
  /(wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|skrev|schreef|kirjoitti|napisał\(?a?\)?|napsala?\(?a?\)?|írta|a scris|yazdı|đã viết|menulis|έγραψε|написал\(?а?\)?|пишет|пише|כתב\/?ה?|מאת|كتب|写道|寫道|さんは書きました|のメール|님이 작성|的邮件)([\s*:：]*|(?!\p{L}).{0,120}[:：]\s*\**)$/iu;
/** Letters that only turn the direction of others do not end a line. */
const attribution = { test: (line: string) => attributionLine.test(line.replace(/\p{Cf}/gu, "")) };

const isMarkedSignature = (line: string) => line.startsWith(signatureMark);
const isQuote = (line: string) => line.startsWith(historyMark);
const filled = (lines: readonly string[]) =>
  lines.filter((line) => line.replace(/[>\s\uE000\uE001]/g, "") !== "").length;

/**
 * `forward`: the email passes another one on, which then is its content. `quotes`: whether every line that begins
 * with ">" is history, as in plain text, or only what is marked as history or stands below "… wrote:".
 */
export function foldHistory(
  unmarked: readonly string[],
  { forward, quotes }: { forward: boolean; quotes: "all" | "marked" },
): Folded {
  const lines = markHistory(unmarked, quotes);
  // Some programs set what they pass on as a quote: it is the content then, all of it.
  if (forward || lines.some((line) => forwarded.test(line))) return unfolded(lines);
  const start = startOfHeaderBlock(lines);
  const own = lines.slice(0, start);
  const after = lines.slice(start);
  const { kept, quoted, hasText } = foldQuotes(own);
  // Nothing but history: then that is what there is to read.
  if (!hasText) return unfolded(lines);
  const { body, signature } = foldSignature(kept);
  const below = filled(after);
  const result = below > 0 ? [...body, "", `[${plural(below, "earlier line")} quoted]`] : body;
  return { lines: show(result), quoted: quoted + below, signature };
}

function markHistory(lines: readonly string[], quotes: "all" | "marked"): string[] {
  let above = "";
  let inHistory = false;
  return lines.map((line) => {
    if (!line.startsWith(">")) {
      if (line !== "") inHistory = false;
      if (line !== "") above = line;
      return line;
    }
    inHistory ||= quotes === "all" || attribution.test(above);
    above = line;
    return inHistory ? `${historyMark}${line}` : line;
  });
}

const unfolded = (lines: readonly string[]): Folded => ({ lines: show(lines), quoted: 0, signature: 0 });

/** Lines for reading, with nothing folded. */
export function show(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(historyMark, "").replaceAll(signatureMark, ""));
}

/** Where Outlook's copy of the headers begins; the end when there is none. */
function startOfHeaderBlock(lines: readonly string[]): number {
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (original.test(line)) return at;
    if (isQuote(line) || !fromLine.test(line)) continue;
    const next = lines.slice(at + 1, at + 8).filter((other) => otherLine.test(other));
    if (next.length >= 2) return beforeRule(lines, at);
  }
  return lines.length;
}

/** The line drawn above the headers goes with them. */
function beforeRule(lines: readonly string[], at: number): number {
  let above = at - 1;
  while (above >= 0 && (lines[above] ?? "") === "") above -= 1;
  return /^[\s_*-]{3,}$/.test(lines[above] ?? "") ? above : at;
}

function foldQuotes(lines: readonly string[]): { kept: string[]; quoted: number; hasText: boolean } {
  const kept: string[] = [];
  let quoted = 0;
  let at = 0;
  const own = lines.filter((line) => !isQuote(line));
  const hasText = filled(own.filter((line) => !attribution.test(line) && !isMarkedSignature(line))) > 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (!isQuote(line)) {
      kept.push(line);
      at += 1;
      continue;
    }
    const end = endOfBlock(lines, at);
    const block = lines.slice(at, end);
    const answered = filled(withoutSignature(lines.slice(end)).filter((rest) => !isQuote(rest))) > 0;
    if ((answered && filled(block) <= shownQuoteLines) || isPassedOn(block)) kept.push(...block);
    else {
      const dropped = dropAttribution(kept);
      const count = filled(block) + dropped;
      quoted += count;
      if ((kept.at(-1) ?? "") !== "") kept.push("");
      kept.push(`[${plural(count, "earlier line")} quoted]`);
    }
    at = end;
  }
  return { kept, quoted, hasText };
}

/** Quoted lines, with the empty ones between them. */
function endOfBlock(lines: readonly string[], start: number): number {
  let end = start;
  for (let at = start; at < lines.length; at += 1) {
    if (isQuote(lines[at] ?? "")) end = at + 1;
    else if ((lines[at] ?? "") !== "") break;
  }
  return end;
}

/** Apple's mail sets a forwarded email as a quote that says so first. */
function isPassedOn(block: readonly string[]): boolean {
  const first = block.map((line) => line.replace(/^[\uE000> ]+/, "")).find((line) => line !== "");
  return forwarded.test(first ?? "");
}

/** "On Monday, Ann wrote:" above a quote goes with it; it may be broken over up to three lines. */
function dropAttribution(kept: string[]): number {
  let last = kept.length - 1;
  while (last >= 0 && (kept[last] ?? "") === "") last -= 1;
  if (last < 0 || !attribution.test(kept[last] ?? "")) return 0;
  let first = last;
  while (
    first > 0 &&
    last - first < 2 &&
    !/^\W*(on|am|le|el|il|op|den|em|dne|\d|в|at)\b/i.test(kept[first] ?? "") &&
    (kept[first - 1] ?? "") !== ""
  )
    first -= 1;
  const count = last - first + 1;
  kept.length = first;
  return count;
}

function withoutSignature(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex((line) => /^-- ?$/.test(line));
  return (at < 0 ? lines : lines.slice(0, at)).filter((line) => !isMarkedSignature(line));
}

function foldSignature(lines: readonly string[]): { body: string[]; signature: number } {
  const marked = lines.findIndex(isMarkedSignature);
  if (marked > 0) return foldMarked(lines, marked);
  const at = lines.findLastIndex((line) => /^-- ?$/.test(line));
  if (at < 1) return { body: [...lines], signature: 0 };
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => /^\[\d+ earlier lines? quoted\]$/.test(line));
  const own = end < 0 ? rest : rest.slice(0, end);
  const count = filled(own);
  if (count === 0 || count > longestSignature) return { body: [...lines], signature: 0 };
  const after = end < 0 ? [] : ["", ...rest.slice(end)];
  return {
    body: [...lines.slice(0, at), `[signature, ${plural(count, "line")}]`, ...after],
    signature: count,
  };
}

/** The line "-- " above it goes with it. */
function foldMarked(lines: readonly string[], at: number): { body: string[]; signature: number } {
  const length = lines.slice(at).findIndex((line) => line !== "" && !isMarkedSignature(line));
  const end = length < 0 ? lines.length : at + length;
  const count = filled(lines.slice(at, end).filter((line) => line !== `${signatureMark}--`));
  if (count === 0 || count > longestSignature) return { body: [...lines], signature: 0 };
  const above = lines.slice(0, at);
  while (/^(-- ?)?$/.test(above.at(-1) ?? "x")) above.pop();
  return {
    body: [...above, "", `[signature, ${plural(count, "line")}]`, "", ...lines.slice(end)],
    signature: count,
  };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
