/** Messages between the server and a child process, however the stream is cut. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodeMessage, type Message, readMessages } from "../../src/child-process/messages.ts";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(stream: AsyncIterable<Uint8Array>, maxBytes = 1_000_000): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readMessages(stream, maxBytes)) messages.push(message);
  return messages;
}

test("messages arrive whole and in order, whatever the size of the chunks", async () => {
  const message = fc.record({
    header: fc.jsonValue(),
    pieces: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      async (sent, size) => {
        const bytes = Buffer.concat(sent.flatMap(encodeMessage));
        const received = await all(inPieces(bytes, size));
        const plain = (messages: readonly Message[]) =>
          messages.map(({ header, pieces }) => [JSON.stringify(header), pieces.map((piece) => [...piece])]);
        expect(plain(received)).toEqual(plain(sent));
      },
    ),
    { numRuns: 200 },
  );
});

test("a message over the limit, or with too many pieces, is refused before it is read", async () => {
  const bytes = Buffer.concat(encodeMessage({ header: {}, pieces: [new Uint8Array(100)] }));
  await expect(all(inPieces(bytes.subarray(0, 12), 12), 50)).rejects.toThrow(RangeError);
  await expect(all(inPieces(Buffer.alloc(8, 0xff), 8))).rejects.toThrow(RangeError);
});

test("a message that is cut off at the end of the stream is dropped", async () => {
  const bytes = Buffer.concat(encodeMessage({ header: "whole", pieces: [] }));
  expect(await all(inPieces(Buffer.concat([bytes, bytes.subarray(0, -1)]), 7))).toHaveLength(1);
});
