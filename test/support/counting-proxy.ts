/**
 * A TCP proxy that counts what network costs: round trips and bytes; and that can make every round trip take longer.
 * What passes is TLS, so it counts flights, not commands: a round trip begins whenever the client speaks after the
 * server did. Several commands sent at once are one; a literal that waits for its "+" is one more.
 */
import { connect, createServer, type Socket } from "node:net";

export type Count = {
  roundTrips: number;
  /** Octets from the server to the client, and the other way; with TLS's own. */
  received: number;
  sent: number;
  connections: number;
};

export type CountingProxy = {
  port: number;
  /** Everything since the last `reset`. */
  count(): Count;
  reset(): void;
  /** Milliseconds that a round trip takes longer, from now on; half of it each way. */
  delay(roundTripMs: number): void;
  /** Breaks all connections. */
  drop(): void;
  stop(): Promise<void>;
};

/** Listens on a free port of 127.0.0.1 and passes everything to `targetPort` there. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let delayMs = 0;
  let count: Count = { roundTrips: 0, received: 0, sent: 0, connections: 0 };
  const sockets = new Set<Socket>();

  /** Hands chunks on in order, each no earlier than half a round trip after it came. */
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
    // The TCP handshake with a real server is a round trip before the first byte.
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
