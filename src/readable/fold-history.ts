/**
 * Folding of quoted history and signatures to one line each. Works on lines of text of any origin: `>` quotes, blocks
 * that HTML marks as history, and the headers that Outlook copies above what it quotes.
 */
import { historyMark, signatureMark } from "../html/markdown-writer.ts";
import {
  isAttribution,
  isForwardedMessageLine,
  isFromLine,
  isOriginalMessageLine,
  isOtherHeaderLine,
  isReturnedCopyLine,
} from "./reply-phrases.ts";

/** The lines to show, and how many lines of history and of a signature were folded. */
type FoldedText = { lines: string[]; quoted: number; signature: number };

/** A quote this short, with an answer below it, is what the answer is about. */
const maxShownQuoteLines = 6;
const maxSignatureLines = 15;
/** Outlook copies up to six headers, some over two lines. */
const headerBlockLines = 7;

const isMarkedSignature = (line: string) => line.startsWith(signatureMark);
const isQuote = (line: string) => line.startsWith(historyMark);
const isSignatureDelimiter = (line: string) => line === "-- " || line === "--";
const isFilled = (line: string) => /[^>\s\uE000\uE001]/.test(line);
const countFilled = (lines: readonly string[]) => lines.filter(isFilled).length;

/**
 * Folds history and signatures. `forward`: the email forwards another one, which then is its content. `quotes`: every
 * line that begins with ">" is history, as in plain text, or only lines marked as history or below "… wrote:".
 */
export function foldHistory(
  unmarked: readonly string[],
  { forward, quotes }: { forward: boolean; quotes: "all" | "marked" },
): FoldedText {
  const lines = markHistory(unmarked, quotes);
  // Some programs quote what they forward: it is the content, all of it.
  if (forward || lines.some(isForwardedMessageLine)) return unfolded(lines);
  const start = startOfHeaderBlock(lines);
  const { kept, quoted, hasText } = foldQuotes(lines.slice(0, start));
  // An email that is nothing but history has nothing else to read.
  if (!hasText) return unfolded(lines);
  const { body, signature } = foldSignature(kept);
  const below = countFilled(lines.slice(start));
  const folded = below > 0 ? [...body, "", quotedNote(below)] : body;
  return { lines: stripMarks(folded), quoted: quoted + below, signature };
}

function markHistory(lines: readonly string[], quotes: "all" | "marked"): string[] {
  let above = "";
  let isHistory = false;
  return lines.map((line) => {
    if (line === "") return line;
    const isMarkedQuote = line.startsWith(">");
    isHistory = isMarkedQuote && (isHistory || quotes === "all" || isAttribution(above));
    above = line;
    return isHistory ? `${historyMark}${line}` : line;
  });
}

const unfolded = (lines: readonly string[]): FoldedText => ({
  lines: stripMarks(lines),
  quoted: 0,
  signature: 0,
});

/** Removes the marks of history and signatures, for reading. */
export function stripMarks(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(historyMark, "").replaceAll(signatureMark, ""));
}

/** The index at which Outlook's copy of the headers begins; the number of lines when there is none. */
function startOfHeaderBlock(lines: readonly string[]): number {
  for (const [at, line] of lines.entries()) {
    if (isOriginalMessageLine(line)) return at;
    if (
      isReturnedCopyLine(line) &&
      isTraceField(lines.slice(at + 1).find((next) => next !== "" && !next.startsWith("---")))
    )
      return at;
    if (isQuote(line) || !isFromLine(line)) continue;
    const headers = lines.slice(at + 1, at + 1 + headerBlockLines).filter(isOtherHeaderLine);
    if (headers.length >= 2) return ruleAbove(lines, at) ?? firstHeader(lines, at);
  }
  return lines.length;
}

/** GMX writes the date above the sender. */
function firstHeader(lines: readonly string[], from: number): number {
  let first = from;
  while (isOtherHeaderLine(lines[first - 1] ?? "")) first -= 1;
  return first;
}

/** A field that mail servers write above an email (RFC 5321 section 4.4), as bounces copy it. */
const isTraceField = (line = "") => /^>?(return-path|received|delivered-to|from [^ ]+):? /i.test(line);

/** The index of a horizontal rule above a line: it belongs to the headers below it. */
function ruleAbove(lines: readonly string[], at: number): number | undefined {
  const above = lines.slice(0, at).findLastIndex((line) => line !== "");
  return /^[\s_*-]{3,}$/.test(lines[above] ?? "") ? above : undefined;
}

function foldQuotes(lines: readonly string[]): { kept: string[]; quoted: number; hasText: boolean } {
  const kept: string[] = [];
  let quoted = 0;
  let at = 0;
  const answered = answersFrom(lines);
  const own = lines.filter((line) => !isQuote(line) && !isAttribution(line) && !isMarkedSignature(line));
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (!isQuote(line)) {
      kept.push(line);
      at += 1;
      continue;
    }
    const end = endOfQuote(lines, at);
    const block = lines.slice(at, end);
    if (isForwarded(block) || (countFilled(block) <= maxShownQuoteLines && answered[end]))
      kept.push(...block);
    else {
      const count = countFilled(block) + removeAttribution(kept);
      quoted += count;
      if ((kept.at(-1) ?? "") !== "") kept.push("");
      kept.push(quotedNote(count));
    }
    at = end;
  }
  return { kept, quoted, hasText: countFilled(own) > 0 };
}

/** The index after a run of quoted lines, with the empty ones between them. */
function endOfQuote(lines: readonly string[], start: number): number {
  let end = start;
  for (let at = start; at < lines.length; at += 1) {
    if (isQuote(lines[at] ?? "")) end = at + 1;
    else if ((lines[at] ?? "") !== "") break;
  }
  return end;
}

/** Apple Mail forwards an email as a quote that says so in its first line. */
function isForwarded(block: readonly string[]): boolean {
  const first = block.map((line) => line.replace(/^[\uE000> ]+/, "")).find((line) => line !== "");
  return isForwardedMessageLine(first ?? "");
}

/** For each index, true when text of the writer, other than a signature, stands there or below. */
function answersFrom(lines: readonly string[]): boolean[] {
  const answers: boolean[] = [];
  let isFollowed = false;
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at] ?? "";
    if (isSignatureDelimiter(line)) isFollowed = false;
    else if (isFilled(line) && !isQuote(line) && !isMarkedSignature(line)) isFollowed = true;
    answers[at] = isFollowed;
  }
  return answers;
}

const startOfAttribution = /^[^\p{L}\p{N}_]*(on|am|le|el|il|op|den|em|dne|\d|в|at)(?![\p{L}\p{N}_])/iu;

/** Removes "On Monday, Ann wrote:" from the end, which may take up to three lines; returns how many. */
function removeAttribution(lines: string[]): number {
  const last = lines.findLastIndex((line) => line !== "");
  if (last < 0 || !isAttribution(lines[last] ?? "")) return 0;
  let first = last;
  while (
    first > 0 &&
    last - first < 2 &&
    !startOfAttribution.test(lines[first] ?? "") &&
    (lines[first - 1] ?? "") !== ""
  )
    first -= 1;
  lines.length = first;
  return last - first + 1;
}

type SignatureFold = { body: string[]; signature: number };

/** A signature that is all that was written stays: some programs mark a whole text as one. */
function foldSignature(lines: readonly string[]): SignatureFold {
  const range = signatureRange(lines);
  const outside = range ? [...lines.slice(0, range.start), ...lines.slice(range.end)] : lines;
  const count = range ? countFilled(lines.slice(range.start, range.end).filter(isNotDelimiter)) : 0;
  if (!range || count === 0 || count > maxSignatureLines || !outside.some(isOwnText))
    return { body: [...lines], signature: 0 };
  const { start, end } = range;
  const rest = lines.slice(end);
  return {
    body: [
      ...lines.slice(0, start),
      ...range.separator,
      signatureNote(count),
      ...(rest.length > 0 ? ["", ...rest] : []),
    ],
    signature: count,
  };
}

const isNotDelimiter = (line: string) => line !== `${signatureMark}--` && !isSignatureDelimiter(line);
const isOwnText = (line: string) =>
  isFilled(line) && !isQuote(line) && !isQuotedNote(line) && !isSignatureDelimiter(line);

type SignatureRange = { start: number; end: number; separator: string[] };

/** The lines of a signature with the delimiter above it. */
function signatureRange(lines: readonly string[]): SignatureRange | undefined {
  const marked = lines.findIndex(isMarkedSignature);
  if (marked >= 0) {
    const length = lines.slice(marked).findIndex((line) => line !== "" && !isMarkedSignature(line));
    const above = lines.slice(0, marked).findLastIndex((line) => line !== "" && !isSignatureDelimiter(line));
    return { start: above + 1, end: length < 0 ? lines.length : marked + length, separator: [""] };
  }
  const delimiter = lines.findLastIndex(isSignatureDelimiter);
  if (delimiter < 0) return undefined;
  const length = lines.slice(delimiter).findIndex(isQuotedNote);
  return { start: delimiter, end: length < 0 ? lines.length : delimiter + length, separator: [] };
}

const quotedNote = (count: number) => `[${count} earlier line${count === 1 ? "" : "s"} quoted]`;
const isQuotedNote = (line: string) => /^\[\d+ earlier lines? quoted\]$/.test(line);
const signatureNote = (count: number) => `[signature, ${count} line${count === 1 ? "" : "s"}]`;
