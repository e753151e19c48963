/**
 * Messages between the server and a long-lived child process over its standard input and output: a JSON header and
 * binary pieces, each preceded by its length, so that megabytes are neither encoded nor copied more than once.
 */

/** `header` is JSON; `pieces` are bytes. */
export type Message = { header: unknown; pieces: readonly Uint8Array[] };

/** Stands in a header for the bytes of a piece. */
const pieceKey = "\0piece";

/** A value of plain objects, arrays and bytes as a message: the bytes become its pieces. */
export function toMessage(value: unknown): Message {
  const pieces: Uint8Array[] = [];
  const convert = (part: unknown): unknown => {
    if (part instanceof Uint8Array) return { [pieceKey]: pieces.push(part) - 1 };
    if (Array.isArray(part)) return part.map(convert);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([name, field]) => [name, convert(field)]));
  };
  return { header: convert(value), pieces };
}

/** Reverses toMessage. */
export function fromMessage({ header, pieces }: Message): unknown {
  const convert = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(convert);
    if (typeof part !== "object" || part === null) return part;
    if (pieceKey in part) return pieces[Number(part[pieceKey])];
    return Object.fromEntries(Object.entries(part).map(([name, field]) => [name, convert(field)]));
  };
  return convert(header);
}

const maxPieces = 1_000;
const uint32Bytes = 4;

/** The message as the buffers to write, in order. */
export function encodeMessage({ header, pieces }: Message): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const lengths = [pieces.length, json.length, ...pieces.map((piece) => piece.length)];
  const head = Buffer.alloc(lengths.length * uint32Bytes);
  for (const [at, length] of lengths.entries()) head.writeUInt32LE(length, at * uint32Bytes);
  return [head, json, ...pieces];
}

/** The messages of a stream. Throws RangeError for one of more than `maxBytes`, and for bytes that are no message. */
export async function* readMessages(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Message, void, undefined> {
  let chunks: Uint8Array[] = [];
  let available = 0;
  /** Bytes needed before anything can be read. */
  let needed = 2 * uint32Bytes;
  for await (const chunk of stream) {
    chunks.push(chunk);
    available += chunk.length;
    while (available >= needed) {
      const bytes = Buffer.concat(chunks);
      const total = sizeOfMessage(bytes, maxBytes);
      chunks = [bytes];
      if (available < total) {
        needed = total;
        break;
      }
      yield decodeMessage(bytes.subarray(0, total));
      chunks = [bytes.subarray(total)];
      available -= total;
      needed = 2 * uint32Bytes;
    }
  }
}

/** Bytes of the message that begins here; of its lengths alone while these are incomplete. */
function sizeOfMessage(bytes: Buffer, maxBytes: number): number {
  const pieces = bytes.readUInt32LE(0);
  if (pieces > maxPieces) throw new RangeError("A message has too many pieces.");
  const lengthsEnd = (2 + pieces) * uint32Bytes;
  if (bytes.length < lengthsEnd) return lengthsEnd;
  let total = lengthsEnd;
  for (let at = uint32Bytes; at < lengthsEnd; at += uint32Bytes) total += bytes.readUInt32LE(at);
  if (total > maxBytes) throw new RangeError("A message is too long.");
  return total;
}

function decodeMessage(bytes: Buffer): Message {
  const count = bytes.readUInt32LE(0);
  let at = (2 + count) * uint32Bytes;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const header: unknown = JSON.parse(take(bytes.readUInt32LE(uint32Bytes)).toString("utf8"));
  const pieces = Array.from({ length: count }, (_, index) =>
    take(bytes.readUInt32LE((2 + index) * uint32Bytes)),
  );
  return { header, pieces };
}
