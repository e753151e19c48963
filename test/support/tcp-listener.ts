/** TCP listeners that are not mail servers. */
import { createServer, type Socket } from "node:net";

export type TcpListener = {
  port: number;
  /** All bytes received, over all connections. */
  received(): string;
  connections(): number;
  stop(): Promise<void>;
};

/** Listens on a free port. Sends `greeting` to each client, and `answer` after all that it receives; nothing when absent. */
export async function startTcpListener(
  options: { greeting?: string; answer?: string } = {},
): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  let received = "";
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      if (options.answer !== undefined && socket.writable) socket.write(options.answer);
    });
    if (options.greeting !== undefined) socket.write(options.greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    port: address.port,
    received: () => received,
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
