/**
 * A TCP proxy with network faults in front of a real mail server: forwards bytes unchanged, and closes, resets, stalls
 * or slows the connection after a number of them.
 */
import { connect, createServer, type Socket } from "node:net";
import type { MailServer } from "../../src/credentials.ts";

export type Fault = {
  /** cut: FIN; reset: RST; stall: nothing more arrives; slow: each chunk is delayed by `slowMs`. */
  kind: "cut" | "reset" | "stall" | "slow";
  /** Number of bytes from the server that are forwarded before the fault. */
  afterBytes: number;
  slowMs?: number;
  /** Number of connections with the fault, from the next one on; default all. */
  connections?: number;
};

export type FaultProxy = {
  port: number;
  /** Returns the address of the server through the proxy. */
  through(server: MailServer): MailServer;
  /** Sets the fault of the next connections; undefined for none. */
  set(fault: Fault | undefined): void;
  /** Closes every open connection, as a restart of the server would. */
  drop(): void;
  /** Number of connections accepted so far, and of those open now. */
  connections(): number;
  open(): number;
  /** Number of bytes forwarded from the server over the newest connection. */
  passed(): number;
  stop(): Promise<void>;
};

/** Starts a proxy in front of `port` on 127.0.0.1. */
export async function startFaultProxy(port: number): Promise<FaultProxy> {
  let fault: Fault | undefined;
  let left = 0;
  let count = 0;
  let lastPassed = () => 0;
  const pairs = new Set<{ near: Socket; far: Socket }>();

  function pass(near: Socket): void {
    count += 1;
    const mine = fault && left > 0 ? fault : undefined;
    if (mine) left -= 1;
    const far = connect(port, "127.0.0.1");
    const pair = { near, far };
    let passed = 0;
    let stalled = false;
    lastPassed = () => passed;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on("error", end);
    }
    near.on("close", end);
    far.on("close", () => (stalled ? undefined : end()));
    near.on("data", (bytes) => stalled || far.write(bytes));
    far.on("data", (bytes: Buffer) => {
      if (stalled) return;
      const room = mine ? mine.afterBytes - passed : Number.POSITIVE_INFINITY;
      if (bytes.length <= room) {
        passed += bytes.length;
        near.write(bytes);
        return;
      }
      const first = bytes.subarray(0, Math.max(0, room));
      const rest = bytes.subarray(first.length);
      passed += first.length;
      near.write(first);
      if (mine?.kind === "cut") near.end(() => end());
      else if (mine?.kind === "reset") near.resetAndDestroy();
      else if (mine?.kind === "stall") stalled = true;
      else setTimeout(() => near.writable && near.write(rest), mine?.slowMs ?? 20);
    });
  }

  const server = createServer(pass);
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  function drop(): void {
    for (const { near, far } of [...pairs]) {
      near.destroy();
      far.destroy();
    }
    pairs.clear();
  }

  return {
    port: address.port,
    through: (mailServer) => ({ ...mailServer, port: address.port }),
    set(next) {
      fault = next;
      left = next?.connections ?? Number.POSITIVE_INFINITY;
    },
    drop,
    connections: () => count,
    open: () => pairs.size,
    passed: () => lastPassed(),
    async stop() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
