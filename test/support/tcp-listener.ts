/** Things that listen on a port and are no mail server. */
import { createServer, type Socket } from "node:net";

export type TcpListener = {
  port: number;
  /** Everything that came in, over all connections. */
  received(): string;
  connections(): number;
  stop(): Promise<void>;
};

/** Greets with `greeting` (none: says nothing), answers whatever comes with `answer` (none: stays silent). */
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
