/** Requests of every HTTP route, and messages of the MCP endpoint. */
import { connect } from "node:net";
import fc from "fast-check";
import { beginAuthorization } from "../../test/support/authorize.ts";
import { formFieldSoup, type HttpRequest, httpRequests } from "../inputs/http.ts";
import { knownId, mcpBodies } from "../inputs/mcp.ts";
import { checkAnswer, checkPage } from "../invariants.ts";
import { Broken, type Target, toAnyTarget } from "../target.ts";
import { callTool, onProduct, rowsOf } from "./mail.ts";

const maxResponseMs = 15_000;

type HttpResponse = { status: number; head: string; body: string };

/** Sends a request as bytes, since fetch corrects it. Closes the connection after what arrives first of a stream. */
function send(url: string, { method, path, query, headers, body }: HttpRequest): Promise<HttpResponse> {
  const { hostname, port, host } = new URL(url);
  const lines = [
    `${method} ${path}${query === "" ? "" : `?${query}`} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Broken("deadline", `${method} ${path} is not answered within ${maxResponseMs} ms`));
    }, maxResponseMs);
    const finish = () => {
      clearTimeout(late);
      socket.destroy();
      resolve(toResponse(Buffer.concat(chunks)));
    };
    socket.on("connect", () => socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`)));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      // An event stream stays open.
      if (/content-type: text\/event-stream/i.test(Buffer.concat(chunks).toString("latin1"))) finish();
    });
    socket.on("close", finish);
    socket.on("error", finish);
  });
}

function toResponse(bytes: Buffer): HttpResponse {
  const text = bytes.toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  const head = end < 0 ? text : text.slice(0, end);
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
    head,
    body: end < 0 ? "" : text.slice(end + 4),
  };
}

function checkResponse({ status, head, body }: HttpResponse, where: string): void {
  // Bun closes the connection of what is no HTTP.
  if (status === 0 && head === "") return;
  // 505 is of Bun itself, for a request line that is none.
  if (status >= 500 && status !== 503 && status !== 505)
    throw new Broken("server error", `${where}: ${status}`);
  if (/\bat [^\n]*\.tsx?:\d+/.test(body)) throw new Broken("a stack in a response", where);
  if (/^content-type: text\/html/im.test(head)) {
    checkPage(body, where);
    if (!/^content-security-policy:/im.test(head)) throw new Broken("a page without CSP", where);
  }
  const location = /^location: (.*)$/im.exec(head)?.[1];
  if (location && /evil\.example|javascript:/i.test(location.split("?")[0] ?? ""))
    throw new Broken("open redirect", `${where}: ${location.slice(0, 200)}`);
}

const httpTarget: Target<HttpRequest> = {
  name: "http",
  inputs: httpRequests,
  perTurn: 150,
  check: (request, world) =>
    onProduct(world, async ({ product }) => {
      const run = async () => {
        const response = await send(product.url, request);
        checkResponse(response, `${request.method} ${request.path}`);
      };
      await product.watch(run, run);
    }),
};

const formTarget: Target<Record<string, string>> = {
  name: "form",
  inputs: formFieldSoup,
  perTurn: 15,
  check: (fields, world) =>
    onProduct(world, async ({ product }) => {
      const run = async () => {
        const begun = await beginAuthorization(product);
        const response = await fetch(new URL(begun.action, product.url), {
          method: "POST",
          redirect: "manual",
          headers: { Origin: product.url, "Sec-Fetch-Site": "same-origin" },
          body: new URLSearchParams({ ...begun.fields, ...fields }),
        });
        const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
        checkResponse({ status: response.status, head, body: await response.text() }, "the form");
      };
      await product.watch(run);
    }),
};

const mcpTarget: Target<string> = {
  name: "mcp",
  inputs: fc.oneof(
    { weight: 9, arbitrary: mcpBodies },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  ),
  perTurn: 60,
  check: (body, world) =>
    onProduct(world, async ({ product, kit, mailbox }) => {
      let [row] = rowsOf(await callTool(mailbox, "get_recent_emails", { limit: 1 }));
      if (!row) {
        await kit.deliver(mailbox.user, "From: ann@example.test\nSubject: x\n\nwords\n");
        [row] = rowsOf(await callTool(mailbox, "get_recent_emails", { limit: 1 }));
      }
      const run = async () => {
        const response = await fetch(`${product.url}/mcp`, {
          method: "POST",
          headers: {
            Authorization: `Bearer ${mailbox.accessToken}`,
            "Content-Type": "application/json",
            Accept: "application/json, text/event-stream",
            "Mcp-Session-Id": mailbox.client.transport.sessionId ?? "",
          },
          body: body.replaceAll(knownId, row?.id ?? ""),
        });
        const text = await response.text();
        if (response.status >= 500)
          throw new Broken("server error", `MCP: ${response.status} ${text.slice(0, 300)}`);
        for (const message of messagesOf(text)) {
          if (message.error?.code === -32603)
            throw new Broken("internal error", JSON.stringify(message.error));
          if (message.result?.content) checkAnswer("a tool", message.result);
        }
      };
      await product.watch(run, run);
    }),
};

type RpcMessage = { result?: Parameters<typeof checkAnswer>[1]; error?: { code: number } };

/** The messages of a response, as JSON or as an event stream. Throws Broken when it is neither. */
function messagesOf(text: string): RpcMessage[] {
  const pieces = /^(event|data|id|:)/m.test(text)
    ? text.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []))
    : [text];
  return pieces
    .filter((piece) => piece.trim() !== "")
    .map((piece) => {
      try {
        return JSON.parse(piece);
      } catch {
        throw new Broken("no JSON", piece.slice(0, 200));
      }
    });
}

export const requestTargets = [toAnyTarget(httpTarget), toAnyTarget(formTarget), toAnyTarget(mcpTarget)];
