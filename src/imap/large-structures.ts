/**
 * Cuts structures of very many parts before imapflow parses them: it takes 0.15 s for 10,000 parts, in which nobody else
 * is served. The first parts are kept, and one of the type `omittedPartType` stands for the rest.
 */
import type { ImapFlow } from "imapflow";
import { omittedPartType } from "../email/part.ts";

/** Kept of the parts of one multipart, as many as are read. */
const maxLists = 500;
/** Parameters, languages and the like of one part. */
const maxStrings = 400;
/** Values of all parts together; a plain part has about fourteen. */
const maxValues = 14_000;
/** No shorter response holds that many. */
const minOctets = 30_000;

type Response = { payload: Buffer; literals?: Buffer[] };

type Internals = { handleResponse(response: Response): Promise<boolean> };

export const handlesResponses = (imap: object): imap is ImapFlow & Internals =>
  "handleResponse" in imap && typeof imap.handleResponse === "function";

/** Changes a client before it connects. */
export function cutLargeStructures(imap: ImapFlow): void {
  if (!handlesResponses(imap)) return;
  const handleResponse = imap.handleResponse.bind(imap);
  imap.handleResponse = (response) => handleResponse({ ...response, ...cutStructure(response) });
}

/** One open list of a response. */
type List = {
  /** Directly inside BODYSTRUCTURE, or somewhere in it. */
  isStructure: boolean;
  /** Its lists are parts of a multipart, unless a string comes first. */
  holdsParts: boolean;
  isMessage: boolean;
  lists: number;
  strings: number;
  hasMark: boolean;
};

const openList = (isStructure: boolean, holdsParts: boolean): List => ({
  isStructure,
  holdsParts,
  isMessage: false,
  lists: 0,
  strings: 0,
  hasMark: false,
});

const mark = Buffer.from(`("${omittedPartType.replace("/", '" "')}" NIL NIL NIL "7bit" 0)`);

/**
 * Leaves out what exceeds the limits in the BODYSTRUCTURE of a FETCH response (RFC 3501 section 7.4.2). `literals` are
 * the octets that `{n}` in the payload announces, in order. Linear; a response within the limits is returned as it is.
 */
export function cutStructure({ payload, literals = [] }: Response): Required<Response> {
  if (payload.length < minOctets || !payload.includes("BODYSTRUCTURE")) return { payload, literals };
  const kept: Buffer[] = [];
  const keptLiterals: Buffer[] = [];
  const open: List[] = [openList(false, false)];
  let values = 0;
  let literal = 0;
  let copied = 0;
  let isNext = false;

  /** Keeps what comes before `start`, and continues at `end`. */
  const leaveOut = (start: number, end: number, instead?: Buffer) => {
    if (start > copied) kept.push(payload.subarray(copied, start));
    if (instead) kept.push(instead);
    copied = end;
  };

  for (let at = 0; at < payload.length; ) {
    const list = open.at(-1) ?? openList(false, false);
    const octet = payload[at];
    if (octet === opening) {
      list.lists += 1;
      const areParts = list.holdsParts && list.strings === 0;
      const isExtra = list.lists > 1 && list.strings === 0;
      if (list.isStructure && isExtra && (list.lists > maxLists || values > maxValues)) {
        const { end, literals: inside } = endOfList(payload, at);
        leaveOut(at, end, areParts && !list.hasMark ? mark : undefined);
        list.hasMark = true;
        literal += inside;
        at = end;
        continue;
      }
      open.push(openList(list.isStructure || isNext, isNext || areParts || list.isMessage));
      isNext = false;
      at += 1;
    } else if (octet === closing) {
      if (open.length > 1) open.pop();
      at += 1;
    } else if (octet === space) at += 1;
    else {
      const { end, isLiteral } = endOfValue(payload, at);
      values += 1;
      list.strings += 1;
      isNext = end - at === 13 && payload.toString("latin1", at, end).toUpperCase() === "BODYSTRUCTURE";
      if (list.strings === 1 && list.lists === 0 && end - at === 9)
        list.isMessage = payload.toString("latin1", at, end).toLowerCase() === '"message"';
      if (list.isStructure && list.strings > maxStrings)
        leaveOut(payload[at - 1] === space ? at - 1 : at, end);
      else if (isLiteral) keptLiterals.push(...literals.slice(literal, literal + 1));
      if (isLiteral) literal += 1;
      at = end;
    }
  }
  kept.push(payload.subarray(copied));
  return { payload: Buffer.concat(kept), literals: keptLiterals };
}

const opening = 0x28;
const closing = 0x29;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const brace = 0x7b;
const tilde = 0x7e;

const endsAtom = (octet = space) =>
  octet === space || octet === closing || octet === opening || octet === quote;

/** The end of an atom, of a quoted string, or of the announcement of a literal with its line break. */
function endOfValue(payload: Buffer, start: number): { end: number; isLiteral: boolean } {
  let at = start + 1;
  if (payload[start] === quote) {
    while (at < payload.length && payload[at] !== quote) at += payload[at] === backslash ? 2 : 1;
    return { end: Math.min(at + 1, payload.length), isLiteral: false };
  }
  if (payload[start] === brace || (payload[start] === tilde && payload[at] === brace)) {
    const newline = payload.indexOf("\n", at);
    return { end: newline < 0 ? payload.length : newline + 1, isLiteral: true };
  }
  while (at < payload.length && !endsAtom(payload[at])) at += 1;
  return { end: at, isLiteral: false };
}

/** The index behind a list that begins at `start`, and the number of literals in it. */
function endOfList(payload: Buffer, start: number): { end: number; literals: number } {
  let depth = 0;
  let literals = 0;
  for (let at = start; at < payload.length; ) {
    const octet = payload[at];
    if (octet === opening) depth += 1;
    if (octet === closing) depth -= 1;
    if (depth === 0) return { end: at + 1, literals };
    if (octet === opening || octet === closing || octet === space) at += 1;
    else {
      const value = endOfValue(payload, at);
      if (value.isLiteral) literals += 1;
      at = value.end;
    }
  }
  return { end: payload.length, literals };
}
