/** Files inside the text of an email, as programs wrote them before MIME: uuencode (POSIX) and yEnc. */

type EncodedFile = {
  name: string;
  content: Buffer;
  /** False where the end of the file is missing. */
  isComplete: boolean;
};

const maxFiles = 50;

/** Takes the files out of a text. Never throws. */
export function splitEncodedFiles(bytes: Buffer): { text: Buffer; files: EncodedFile[] } {
  const lines = toLines(bytes.toString("latin1"));
  const kept: Buffer[] = [];
  const files: EncodedFile[] = [];
  let start = 0;
  for (let at = 0; at < lines.length && files.length < maxFiles; at += 1) {
    const found = readUuencoded(lines, at) ?? readYencoded(lines, at);
    if (!found) continue;
    kept.push(bytes.subarray(start, lines[at]?.start));
    files.push(found.file);
    at = found.last;
    start = lines[at]?.end ?? bytes.length;
  }
  if (files.length === 0) return { text: bytes, files };
  return { text: Buffer.concat([...kept, bytes.subarray(start)]), files };
}

/** A line without its end, and its place in the text. */
type Line = { text: string; start: number; end: number };

function toLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline + 1;
    lines.push({ text: text.slice(start, end).replace(/\r?\n$/, ""), start, end });
    start = end;
  }
  return lines;
}

type Found = { file: EncodedFile; last: number };

function readUuencoded(lines: readonly Line[], at: number): Found | undefined {
  const [, base64, name = ""] = /^begin(-base64)? [0-7]{3,4} (\S.*)$/.exec(lines[at]?.text ?? "") ?? [];
  if (name === "") return undefined;
  const decode = base64 ? fromBase64Line : fromUuLine;
  const end = base64 ? "====" : "end";
  const pieces: Buffer[] = [];
  let last = at;
  let isComplete = false;
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next]?.text.trimEnd() ?? "";
    isComplete = line === end;
    const piece = isComplete ? undefined : decode(line);
    if (!isComplete && !piece) break;
    last = next;
    if (isComplete) break;
    if (piece) pieces.push(piece);
  }
  // Prose may contain a line such as "begin 644 pages of text".
  if (pieces.length === 0) return undefined;
  return { file: { name: name.trim(), content: Buffer.concat(pieces), isComplete }, last };
}

/** A line of base64; undefined for another. */
function fromBase64Line(line: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(line) ? Buffer.from(line, "base64") : undefined;
}

/** One line: a character for the number of octets, and four characters for every three of them. */
function fromUuLine(line: string): Buffer | undefined {
  if (!/^[ -`]+$/.test(line)) return undefined;
  const length = (line.charCodeAt(0) - 32) & 63;
  const digits = line.slice(1);
  const expected = Math.ceil(length / 3) * 4;
  // Spaces at the end of a line, which stand for zeros, are often lost; some programs append a checksum.
  if (digits.length > expected + 2 || (length > 0 && digits.length < Math.ceil((length * 4) / 3) - 3))
    return undefined;
  const values = [...digits.padEnd(expected, " ")].map((digit) => (digit.charCodeAt(0) - 32) & 63);
  const octets = Buffer.alloc(expected);
  for (let group = 0; group * 4 < expected; group += 1) {
    const [a = 0, b = 0, c = 0, d = 0] = values.slice(group * 4, group * 4 + 4);
    octets[group * 3] = (a << 2) | (b >> 4);
    octets[group * 3 + 1] = ((b << 4) | (c >> 2)) & 255;
    octets[group * 3 + 2] = ((c << 6) | d) & 255;
  }
  return octets.subarray(0, length);
}

function readYencoded(lines: readonly Line[], at: number): Found | undefined {
  const header = lines[at]?.text ?? "";
  if (!header.startsWith("=ybegin ") || !/ size=\d+/.test(header)) return undefined;
  const nameAt = header.indexOf(" name=");
  const name = nameAt < 0 ? "" : header.slice(nameAt + 6).trim();
  const pieces: Buffer[] = [];
  let last = at;
  let isComplete = false;
  for (let next = at + 1; next < lines.length && !isComplete; next += 1) {
    const line = lines[next]?.text ?? "";
    isComplete = line.startsWith("=yend");
    if (!isComplete && !line.startsWith("=ypart ")) pieces.push(fromYencLine(line));
    last = next;
  }
  return { file: { name, content: Buffer.concat(pieces), isComplete }, last };
}

const yencShift = 42;
const yencEscapeShift = 64;

function fromYencLine(line: string): Buffer {
  const octets = Buffer.alloc(line.length);
  let length = 0;
  for (let at = 0; at < line.length; at += 1) {
    const isEscaped = line.charAt(at) === "=";
    if (isEscaped) at += 1;
    octets[length] = (line.charCodeAt(at) - yencShift - (isEscaped ? yencEscapeShift : 0)) & 255;
    length += 1;
  }
  return octets.subarray(0, length);
}

/** The content of a part whose transfer encoding is uuencode; undefined when it is not. */
export function decodeUuencoded(bytes: Buffer): Buffer | undefined {
  const lines = toLines(bytes.toString("latin1"));
  for (const [at] of lines.entries()) {
    const found = readUuencoded(lines, at);
    if (found) return found.file.content;
  }
  return undefined;
}

/** The content of a part whose transfer encoding is yEnc; undefined when it is not. */
export function decodeYencoded(bytes: Buffer): Buffer | undefined {
  const lines = toLines(bytes.toString("latin1"));
  for (const [at] of lines.entries()) {
    const found = readYencoded(lines, at);
    if (found) return found.file.content;
  }
  return undefined;
}
