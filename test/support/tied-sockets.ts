/** The two sockets of a connection through a proxy. */
import type { Socket } from "node:net";

/** Ends both sockets when one of them is closed. `sockets` holds them until then. */
export function tieSockets<One extends Socket>(near: One, far: One, sockets: Set<One>): void {
  for (const socket of [near, far]) {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      near.destroy();
      far.destroy();
    });
  }
}
