/** Many requests to /oauth/discover at once, over sockets of their own: fetch holds at most 256 requests in flight. */

export type DiscoveryFlood = {
  /** Responses that have arrived. */
  answered(): number;
  /** Resolves with the statuses, once all are there. */
  statuses: Promise<number[]>;
};

/** `peers`: the client addresses in X-Forwarded-For, in turns. `request`: the sealed request of an open form. */
export function floodDiscoveries(
  url: string,
  { request, addresses, peers }: { request: string; addresses: readonly string[]; peers: readonly string[] },
): DiscoveryFlood {
  let answered = 0;
  const statuses = addresses.map(async (address, index) => {
    const status = await post(url, {
      body: new URLSearchParams({ request, address }).toString(),
      peer: peers[index % peers.length] ?? "",
    });
    answered += 1;
    return status;
  });
  return { answered: () => answered, statuses: Promise.all(statuses) };
}

async function post(url: string, { body, peer }: { body: string; peer: string }): Promise<number> {
  const { hostname, port, host } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const lines = [
    "POST /oauth/discover HTTP/1.1",
    `Host: ${host}`,
    `Origin: ${url}`,
    `X-Forwarded-For: ${peer}`,
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (socket) => void socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`),
      data(socket, chunk) {
        resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString())?.[1]));
        socket.end();
      },
      close: () => reject(new Error("the connection ended without a response")),
      error: (_, error) => reject(error),
    },
  });
  return promise;
}
