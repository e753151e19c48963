/**
 * A TCP proxy that counts round trips and bytes, and can add latency. The stream is TLS, so it counts flights, not
 * commands: a round trip begins when the client sends after the server did. Several commands sent at once are one
 * round trip; a literal that waits for its "+" is another.
 */
import { connect, createServer, type Socket } from "node:net";

export type Count = {
  roundTrips: number;
  /** Octets from the server to the client, and from the client to the server, including those of TLS. */
  received: number;
  sent: number;
  connections: number;
};

export type CountingProxy = {
  port: number;
  /** Returns the counts since the last `reset`. */
  count(): Count;
  reset(): void;
  /** Adds latency to each round trip from now on, in milliseconds, half of it in each direction. */
  delay(roundTripMs: number): void;
  /** Closes all connections. */
  drop(): void;
  stop(): Promise<void>;
};

/** Listens on a free port of 127.0.0.1 and forwards to `targetPort` there. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let delayMs = 0;
  let count: Count = { roundTrips: 0, received: 0, sent: 0, connections: 0 };
  const sockets = new Set<Socket>();

  /** Forwards chunks in order, each after half the added latency. */
  function later(from: Socket, to: Socket, see: (chunk: Buffer) => void): void {
    const pass = (act: () => void) => (delayMs === 0 ? act() : setTimeout(act, delayMs / 2));
    from.on("data", (chunk: Buffer) => {
      see(chunk);
      pass(() => to.write(chunk));
    });
    from.on("end", () => pass(() => to.end()));
    from.on("error", () => to.destroy());
    from.on("close", () => pass(() => to.destroy()));
  }

  const server = createServer((client) => {
    const target = connect(targetPort, "127.0.0.1");
    client.setNoDelay(true);
    target.setNoDelay(true);
    count.connections += 1;
    // The TCP handshake with a remote server is a round trip before the first byte.
    count.roundTrips += 1;
    let clientTurn = true;
    later(client, target, (chunk) => {
      count.sent += chunk.length;
      if (clientTurn) count.roundTrips += 1;
      clientTurn = false;
    });
    later(target, client, (chunk) => {
      count.received += chunk.length;
      clientTurn = true;
    });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    port: address.port,
    count: () => ({ ...count }),
    reset() {
      count = { roundTrips: 0, received: 0, sent: 0, connections: 0 };
    },
    delay(roundTripMs) {
      delayMs = roundTripMs;
    },
    drop() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
