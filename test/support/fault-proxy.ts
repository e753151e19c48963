/**
 * A line with faults between us and a real mail server: passes bytes as they are (TLS or not) and cuts, resets,
 * stalls or slows down after so many of them.
 */
import { connect, createServer, type Socket } from "node:net";
import type { MailServer } from "../../src/credentials.ts";

export type Fault = {
  /** cut: an orderly end; reset: RST; stall: nothing more comes; slow: each piece waits `slowMs`. */
  kind: "cut" | "reset" | "stall" | "slow";
  /** Bytes from the server that are passed first. */
  afterBytes: number;
  slowMs?: number;
  /** How many connections, from the next one on, have the fault; default all. */
  connections?: number;
};

export type FaultProxy = {
  port: number;
  /** The same server as seen through the proxy. */
  through(server: MailServer): MailServer;
  /** What the next connections meet; undefined: a sound line. */
  set(fault: Fault | undefined): void;
  /** Ends every open connection, as a restart of the server would. */
  drop(): void;
  /** Connections taken so far, and those open now. */
  connections(): number;
  open(): number;
  /** Bytes passed from the server over the connection taken last. */
  passed(): number;
  stop(): Promise<void>;
};

/** Starts it in front of `port` on 127.0.0.1. */
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
