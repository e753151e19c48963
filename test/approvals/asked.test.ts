/** A client that opens the page at once (elicitation in URL mode): its repeated call tells what the person decided there. */
import { afterAll, beforeAll, expect } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { initializeMessage } from "../support/mcp-server.ts";
import { wideRates } from "../support/person.ts";
import {
  approvalOf,
  type ConnectedPerson,
  connectInBrowser,
  type PublicProduct,
  startPublicProduct,
} from "../support/person-browser.ts";

let product: PublicProduct;
beforeAll(async () => {
  product = await startPublicProduct({ rates: wideRates });
});
afterAll(() => product?.stop());

type Call = { name: string; arguments: Record<string, unknown> };
type Answer = { result: Record<string, unknown> & { structuredContent: unknown }; url?: string };

const capabilities = { elicitation: { url: {} } };

async function post({ accessToken }: ConnectedPerson, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${product.url}/mcp`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${accessToken}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }),
  });
  return { response, answer: await response.json() };
}

/** Calls with MCP 2025-11-25: the same call is sent again after error -32042. */
async function openSession(person: ConnectedPerson) {
  const params = { ...initializeMessage.params, capabilities };
  const { response } = await post(person, { method: "initialize", params });
  const session = { "Mcp-Session-Id": response.headers.get("Mcp-Session-Id") ?? "" };
  return async (call: Call): Promise<Answer> => {
    const { answer } = await post(person, { method: "tools/call", params: call }, session);
    return { result: answer.result, url: answer.error?.data?.elicitations[0].url };
  };
}

/** Calls with MCP 2026-07-28: the same call is sent again with the state and the responses. */
async function openRounds(person: ConnectedPerson) {
  let again: object = {};
  return async (call: Call): Promise<Answer> => {
    const version = "2026-07-28";
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": version,
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": capabilities,
    };
    const { answer } = await post(
      person,
      { method: "tools/call", params: { ...call, ...again, _meta } },
      { "MCP-Protocol-Version": version, "Mcp-Method": "tools/call", "Mcp-Name": call.name },
    );
    const { requestState, inputRequests } = answer.result;
    again = requestState ? { requestState, inputResponses: { approval: { action: "accept" } } } : {};
    return { result: answer.result, url: inputRequests?.approval.params.url };
  };
}

async function prepareErasure({ user, client }: ConnectedPerson): Promise<Call> {
  await (await mailServer()).deliver(user, await toRaw({ subject: "Old", text: "x" }));
  const { data } = await client.call("get_recent_emails");
  const ids = (data as { emails: { id: string }[] }).emails.map(({ id }) => id);
  return { name: "delete_email", arguments: { ids, permanently: true } };
}

const stateOf = ({ result }: Answer) =>
  (result.structuredContent as { approval: { state: string; id: string } }).approval;

for (const [revision, open] of [
  ["MCP 2025-11-25", openSession],
  ["MCP 2026-07-28", openRounds],
] as const)
  mailTest(
    `${revision}: the call that repeats a question tells of the person's decision, also that they declined`,
    async () => {
      const person = await connectInBrowser(product);
      const call = await open(person);
      const to = (await (await mailServer()).newUser()).address;
      const email = (body: string) => ({ name: "send_email", arguments: { to: [to], body } });
      const cases = [
        [email("Declined."), "decline", "declined"],
        [await prepareErasure(person), "send", "done"],
      ] as const;
      for (const [request, decision, state] of cases) {
        const { url = "" } = await call(request);
        expect((await person.browser.post(url, { decision })).state).toBe(state);
        const repeated = await call(request);
        expect(stateOf(repeated)).toMatchObject({ state });
        expect(url).toContain(stateOf(repeated).id);
      }
      // Once told, a declined email does not bind: the same call is a new one.
      const { url: next } = await call(email("Declined."));
      expect(next).toBeDefined();
    },
  );

mailTest(
  "MCP 2025-11-25, Elicitation, Completion Notifications: the stream tells that the person has decided",
  async () => {
    const person = await connectInBrowser(product);
    const headers = { Authorization: `Bearer ${person.accessToken}`, Accept: "text/event-stream" };
    const session = person.client.transport.sessionId ?? "";
    const stream = await fetch(`${product.url}/mcp`, { headers: { ...headers, "Mcp-Session-Id": session } });
    const answer = await person.client.call("send_email", { to: ["ann@example.org"], body: "Hi." });
    const { id, url } = approvalOf(answer);
    await person.browser.post(url, { decision: "decline" });
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream.body ?? []) {
      text += decoder.decode(chunk);
      if (text.includes("complete")) break;
    }
    expect(text).toContain(`"notifications/elicitation/complete","params":{"elicitationId":"${id}"}`);
  },
);
