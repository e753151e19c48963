/** JSON-RPC messages of the MCP endpoint, valid ones and others. */
import fc from "fast-check";
import { markdowns } from "./markdown.ts";
import { queries } from "./query.ts";
import { runs, shortTexts } from "./text.ts";

/** Stands for the id of an email that exists. */
export const knownId = "KNOWN-EMAIL-ID";

const tools = fc.constantFrom(
  ..."list_mailboxes get_recent_emails search_emails get_email get_thread get_attachment mark_as_read flag_email move_email delete_email undo draft_email create_mailbox request_upload list_providers overview answer_invitation unsubscribe nonesuch __proto__".split(
    " ",
  ),
);
const json = fc.jsonValue({ maxDepth: 3, stringUnit: "binary" });
const strings = fc.oneof(
  shortTexts,
  runs,
  fc.constantFrom("inbox", "INBOX", "Archive", "x/y", "../..", "\0", knownId),
);
const argumentValues: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  id: fc.oneof({ weight: 4, arbitrary: fc.constant(knownId) }, strings),
  ids: fc.oneof({ weight: 3, arbitrary: fc.constant([knownId]) }, fc.array(strings, { maxLength: 5 })),
  mailbox: strings,
  name: strings,
  under: strings,
  query: queries,
  body: markdowns.map((text) => text.slice(0, 150_000)),
  subject: strings,
  to: fc.array(fc.oneof(fc.constant("sink@example.test"), strings), { maxLength: 4 }),
  cc: fc.array(strings, { maxLength: 4 }),
  format: fc.constantFrom("markdown", "text", "html", "links", "x"),
  limit: fc.oneof(fc.integer({ min: -5, max: 200 }), fc.constantFrom(1e308, 0.5, "5")),
  offset: fc.oneof(fc.integer({ min: -5, max: 500_000 }), fc.constantFrom(1e308, "0")),
  max_characters: fc.integer({ min: -5, max: 500_000 }),
  index: fc.integer({ min: -2, max: 600 }),
  cursor: strings,
  read: fc.oneof(fc.boolean(), json),
  flagged: fc.boolean(),
  headers: fc.boolean(),
  reply_to: fc.constantFrom(knownId, "x"),
  reply_all: fc.boolean(),
  forward: fc.constantFrom(knownId, "x"),
  draft_id: fc.constantFrom(knownId, "x"),
  account: strings,
  attachments: fc.array(
    fc.oneof(
      fc.record({ name: strings, base64: strings }),
      fc.record({ email: fc.constant(knownId), index: fc.nat(9) }),
      json,
    ),
    { maxLength: 3 },
  ),
};
const toolArguments = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .subarray(Object.keys(argumentValues), { maxLength: 7 })
      .chain((names) =>
        fc.record(Object.fromEntries(names.map((name) => [name, argumentValues[name] ?? json]))),
      ),
  },
  { weight: 1, arbitrary: json },
);

const ids = fc.oneof(fc.integer(), fc.string(), fc.constantFrom(null, 1.5, true, {}, [], "__proto__"));
export const toolCalls = fc.record({
  jsonrpc: fc.constant("2.0"),
  id: fc.oneof({ weight: 6, arbitrary: fc.nat(1_000_000) }, ids),
  method: fc.constant("tools/call"),
  params: fc.record({ name: tools, arguments: toolArguments }),
});
const otherMessages = fc.record(
  {
    jsonrpc: fc.constantFrom("2.0", "1.0", 2),
    id: ids,
    method: fc.oneof(
      fc.constantFrom(
        ..."initialize notifications/initialized ping tools/list tools/call resources/list resources/read prompts/list completion/complete logging/setLevel notifications/cancelled notifications/progress roots/list server/discover".split(
          " ",
        ),
      ),
      shortTexts,
    ),
    params: fc.oneof(
      json,
      fc.record({
        protocolVersion: shortTexts,
        capabilities: json,
        clientInfo: json,
        requestId: ids,
        cursor: shortTexts,
        uri: shortTexts,
        _meta: json,
      }),
    ),
    result: json,
    error: json,
  },
  { requiredKeys: [] },
);

/** Bodies of POST /mcp. */
export const mcpBodies: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: toolCalls.map((message) => JSON.stringify(message)) },
  { weight: 3, arbitrary: otherMessages.map((message) => JSON.stringify(message)) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.oneof(toolCalls, otherMessages), { maxLength: 5 })
      .map((batch) => JSON.stringify(batch)),
  },
  {
    weight: 1,
    arbitrary: fc
      .nat(30_000)
      .map((depth) => `{"jsonrpc":"2.0","id":1,"method":"ping","params":${"[".repeat(depth)}`),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      shortTexts,
      fc.string({ unit: "binary" }),
      json.map((value) => JSON.stringify(value)),
    ),
  },
);
