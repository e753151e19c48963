/** The https server of a mailing list, which takes one-click requests (RFC 8058). */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createOutbound, type Outbound } from "../../src/outbound/outbound.ts";
import { sendPost } from "../../src/outbound/web-request.ts";
import { trustedAuthority } from "./authority.ts";

type ListRequest = { method: string; url: string; headers: IncomingHttpHeaders; body: string };

export type ListServer = {
  port: number;
  /** The received requests, in order. */
  requests: ListRequest[];
  /** Outbound requests of the product: names at port 443 lead to this server. */
  outbound: Outbound;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Starts a server with a certificate for `hosts` by the tests' authority. `answer` ends the response; without it, the
 * status is 200.
 */
export async function startListServer(options: {
  hosts: readonly string[];
  port?: number;
  answer?: (response: ServerResponse, request: ListRequest) => void;
}): Promise<ListServer> {
  const { hosts, port = 0, answer = (response) => response.end("You have left the list.") } = options;
  const requests: ListRequest[] = [];
  const server = createServer(trustedAuthority().issue({ hosts }), async (incoming, response) => {
    let body = "";
    for await (const chunk of incoming) body += chunk;
    const { method = "", url = "", headers } = incoming;
    const request = { method, url, headers, body };
    requests.push(request);
    answer(response, request);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    port: listening,
    requests,
    outbound: {
      ...createOutbound({ allowPrivateHosts: ["localhost", "127.0.0.0/8"] }),
      postForm: (url, body, { signal }) => {
        const target = new URL(url);
        const vetted = { address: "127.0.0.1", servername: target.hostname, port: listening };
        return sendPost(target, vetted, { signal, body });
      },
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
