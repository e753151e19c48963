/**
 * A worker thread that attacks a product: slow connections, a flood of initialize, wrong tokens, and password guesses
 * from forged addresses. Starts with an `Attack` message. Any other message ends it once each kind of attack was
 * limited, or after ten seconds; it then posts the counts of the response statuses.
 */

import type { MailServer } from "../../src/credentials.ts";
import { beginAuthorization, type Entrance, formFields, submitForm } from "./authorize.ts";
import { eventually } from "./waiting.ts";

export type Attack = {
  product: Entrance;
  /** The token of a valid grant whose owner misbehaves. */
  accessToken: string;
  /** The account whose password is guessed. */
  address: string;
  servers: { imap: MailServer; smtp: MailServer };
  slowConnections: number;
};

export type Counts = Record<"initialize" | "token" | "guess", Record<string, number>>;

declare const self: Worker;

/** Opens connections that send a byte now and then and never finish a request; half of them are in a form's body. */
async function openSlowly(url: string, many: number): Promise<() => void> {
  const { hostname, port } = new URL(url);
  let open = 0;
  const socket = {
    open() {
      open += 1;
    },
    data() {},
    close() {},
    error() {},
  };
  const sockets = await Promise.all(
    Array.from({ length: many }, () => Bun.connect({ hostname, port: Number(port), socket })),
  );
  await eventually(() => open === many, { what: "all to be connected" });
  const head = "POST /oauth/connect HTTP/1.1\r\nHost: localhost\r\n";
  const form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000\r\n\r\na";
  for (const [index, each] of sockets.entries()) each.write(`${head}${index % 2 === 0 ? "X-Slow: " : form}`);
  const timer = setInterval(() => {
    for (const each of sockets) each.write("x");
  }, 1_000);
  return () => {
    clearInterval(timer);
    for (const each of sockets) each.terminate();
  };
}

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "flood", version: "1" } },
});

async function begin(attack: Attack): Promise<() => Promise<Counts>> {
  const { product } = attack;
  const counts: Counts = { initialize: {}, token: {}, guess: {} };
  const note = (what: keyof Counts, status: number) => {
    counts[what][status] = (counts[what][status] ?? 0) + 1;
  };
  let over = false;
  let round = 0;
  const closeCrowd = await openSlowly(product.url, attack.slowConnections);

  async function post(token: string): Promise<number> {
    round += 1;
    const response = await fetch(`${product.url}/mcp`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
        "X-Forwarded-For": `203.0.113.${round % 250}`,
      },
      body: initialize,
    });
    await response.arrayBuffer();
    return response.status;
  }

  async function guess(): Promise<number> {
    round += 1;
    const begun = await beginAuthorization(product).catch(() => undefined);
    // The page is rate-limited too.
    if (!begun) return 429;
    const fields = formFields({ address: attack.address, password: `guess-${round}` }, attack.servers);
    const answer = await submitForm(product, begun, fields, {
      "X-Forwarded-For": `203.0.113.${round % 250}`,
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  const repeat = async (what: keyof Counts, work: () => Promise<number>) => {
    while (!over) note(what, await work());
  };
  const running = [
    repeat("initialize", () => post(attack.accessToken)),
    repeat("initialize", () => post(attack.accessToken)),
    repeat("token", () => post(round.toString(16).padStart(64, "0"))),
    repeat("token", () => post(round.toString(16).padStart(64, "0"))),
    repeat("guess", guess),
    repeat("guess", guess),
  ];
  const isLimited = () => Object.values(counts).every((statuses) => (statuses["429"] ?? 0) > 0);
  return async () => {
    // On a slow machine the measurement may end before the flood reaches its limits.
    await eventually(isLimited, { withinMs: 10_000 }).catch(() => {});
    over = true;
    await Promise.all(running);
    closeCrowd();
    return counts;
  };
}

let end: (() => Promise<Counts>) | undefined;
self.onmessage = async ({ data }: MessageEvent<Attack | "stop">) => {
  if (data === "stop") self.postMessage(await end?.());
  else {
    end = await begin(data);
    self.postMessage("begun");
  }
};
