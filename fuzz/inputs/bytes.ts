/** Mutations of bytes, as a fuzzer for files makes them: replaced, repeated, removed, moved, and cut pieces. */
import fc from "fast-check";

/** Positions and lengths are shares of the whole, so that they shrink and fit any file. */
type Mutation =
  | { kind: "replace" | "insert"; at: number; bytes: Uint8Array }
  | { kind: "repeat"; at: number; share: number; times: number }
  | { kind: "remove"; at: number; share: number }
  | { kind: "move"; at: number; share: number; to: number }
  | { kind: "cut"; at: number };

const interesting = [
  ...[
    [0],
    [0xff],
    [0x7f],
    [0x80],
    [0xff, 0xff, 0xff, 0xff],
    [0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0x7f],
    [0, 0, 0, 0x80],
  ],
  ...[
    "<",
    ">",
    '"',
    "&",
    "\r\n",
    "\r\n\r\n",
    " ",
    "{",
    "}",
    "\\",
    "=",
    "%",
    "-1",
    "99999999999",
    "1e999",
  ].map((text) => [...Buffer.from(text)]),
].map((bytes) => Uint8Array.from(bytes));

const share = fc.double({ min: 0, max: 1, noNaN: true });
const pieces = fc.oneof(fc.constantFrom(...interesting), fc.uint8Array({ minLength: 1, maxLength: 8 }));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom("replace" as const, "insert" as const), at: share, bytes: pieces }),
  fc.record({
    kind: fc.constant("repeat" as const),
    at: share,
    share: share.map((x) => x / 10),
    times: fc.nat(50),
  }),
  fc.record({ kind: fc.constant("remove" as const), at: share, share: share.map((x) => x / 4) }),
  fc.record({ kind: fc.constant("move" as const), at: share, share: share.map((x) => x / 4), to: share }),
  fc.record({ kind: fc.constant("cut" as const), at: share }),
);

const maxBytes = 400_000;

export const mutations = fc.array(mutation, { maxLength: 12 });

export function mutate(bytes: Uint8Array, all: readonly Mutation[]): Uint8Array {
  return all.reduce((changed, one) => apply(changed, one), bytes).subarray(0, maxBytes);
}

function apply(bytes: Uint8Array, one: Mutation): Uint8Array {
  const at = Math.floor(one.at * bytes.length);
  const before = bytes.subarray(0, at);
  switch (one.kind) {
    case "replace":
      return Buffer.concat([before, one.bytes, bytes.subarray(at + one.bytes.length)]);
    case "insert":
      return Buffer.concat([before, one.bytes, bytes.subarray(at)]);
    case "cut":
      return before;
    default: {
      const length = Math.floor(one.share * bytes.length);
      const piece = bytes.subarray(at, at + length);
      const after = bytes.subarray(at + length);
      if (one.kind === "remove") return Buffer.concat([before, after]);
      if (one.kind === "repeat") {
        const times = Math.min(one.times, Math.ceil(maxBytes / Math.max(1, piece.length)));
        return Buffer.concat([before, ...Array.from({ length: times }, () => piece), bytes.subarray(at)]);
      }
      const rest = Buffer.concat([before, after]);
      const to = Math.floor(one.to * rest.length);
      return Buffer.concat([rest.subarray(0, to), piece, rest.subarray(to)]);
    }
  }
}

/** One of these files, mutated. */
export const mutated = (files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.nat(files.length - 1), mutations)
    .map(([index, all]) => mutate(files[index] ?? new Uint8Array(), all));
