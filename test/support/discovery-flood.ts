/** Many requests to /oauth/discover at once, over sockets of their own: fetch holds at most 256 requests in flight. */

export type DiscoveryFlood = {
  /** Responses that have arrived. */
  answered(): number;
  /** Resolves with the statuses, once all are there; 0 for a connection that ended without a response. */
  statuses: Promise<number[]>;
  /** Ends all connections. */
  stop(): void;
};

/** `peers`: the client addresses in X-Forwarded-For, in turns. `request`: the sealed request of an open form. */
export function floodDiscoveries(
  url: string,
  { request, addresses, peers }: { request: string; addresses: readonly string[]; peers: readonly string[] },
): DiscoveryFlood {
  let answered = 0;
  const sockets = new Set<Bun.Socket>();
  const statuses = addresses.map(async (address, index) => {
    const status = await post(url, {
      body: new URLSearchParams({ request, address }).toString(),
      peer: peers[index % peers.length] ?? "",
      sockets,
    });
    answered += 1;
    return status;
  });
  return {
    answered: () => answered,
    statuses: Promise.all(statuses),
    stop() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

async function post(
  url: string,
  { body, peer, sockets }: { body: string; peer: string; sockets: Set<Bun.Socket> },
): Promise<number> {
  const { hostname, port, host } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<number>();
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
      open(socket) {
        sockets.add(socket);
        socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
      },
      data(socket, chunk) {
        resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString())?.[1]));
        socket.end();
      },
      close(socket) {
        sockets.delete(socket);
        resolve(0);
      },
      error: () => resolve(0),
    },
  });
  return promise;
}
