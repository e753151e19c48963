/** Single readers, in the reader process: a hundred times as many inputs as through the whole product. */
import fc from "fast-check";
import { autoconfigs } from "../inputs/autoconfig.ts";
import { mutate, mutations } from "../inputs/bytes.ts";
import { calendars, contacts } from "../inputs/calendar.ts";
import { documents } from "../inputs/documents.ts";
import { emails } from "../inputs/email.ts";
import { htmls } from "../inputs/html.ts";
import { markdowns } from "../inputs/markdown.ts";
import { mcpBodies } from "../inputs/mcp.ts";
import { queries } from "../inputs/query.ts";
import { texts } from "../inputs/text.ts";
import { type AnyTarget, type Target, toAnyTarget } from "../target.ts";

/** The server ends a child process after 5 s of CPU; these inputs are far from the largest that it reads. */
const childCpuMs = 2_000;
/** Read in the server itself. */
const serverCpuMs = 50;

function readerTarget(
  reader: string,
  inputs: fc.Arbitrary<Uint8Array>,
  { maxCpuMs = childCpuMs, perTurn = 60 } = {},
): AnyTarget {
  const target: Target<Uint8Array> = {
    name: `read-${reader}`,
    inputs,
    perTurn,
    check: (bytes, { readers }) => readers.run(reader, bytes, { maxCpuMs }),
    bytes: { get: (input) => input, set: (_, bytes) => bytes },
  };
  return toAnyTarget(target);
}

const utf8 = (text: fc.Arbitrary<string>) => text.map((one) => new Uint8Array(Buffer.from(one)));
const roughly = (bytes: fc.Arbitrary<Uint8Array>) =>
  fc.oneof(
    bytes,
    fc.tuple(bytes, mutations).map(([one, all]) => mutate(one, all)),
  );
const attached = documents.map(({ bytes }) => bytes);

export const readerTargets: readonly AnyTarget[] = [
  readerTarget("email", roughly(emails), { perTurn: 100 }),
  readerTarget("html", roughly(utf8(htmls)), { perTurn: 150 }),
  readerTarget("document", attached, { perTurn: 60 }),
  readerTarget("winmail", attached, { perTurn: 30 }),
  readerTarget("text", roughly(utf8(fc.oneof(calendars, contacts, texts))), { perTurn: 100 }),
  readerTarget("query", utf8(queries), { maxCpuMs: serverCpuMs, perTurn: 150 }),
  readerTarget("markdown", utf8(markdowns), { perTurn: 100 }),
  readerTarget("original", roughly(emails), { perTurn: 60 }),
  readerTarget("autoconfig", roughly(utf8(autoconfigs)), { maxCpuMs: serverCpuMs, perTurn: 60 }),
  readerTarget("message", utf8(mcpBodies), { maxCpuMs: serverCpuMs, perTurn: 60 }),
];
