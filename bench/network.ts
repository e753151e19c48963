/** The line between the product and one grant's mail servers: two proxies with faults that a soak switches on. */
import { type FaultProxy, startFaultProxy } from "../test/support/fault-proxy.ts";
import type { MailServerKit } from "../test/support/mail-server.ts";

export const faultKinds = ["cut", "reset", "stall", "slow"] as const;
export type FaultKind = (typeof faultKinds)[number];

export type Line = {
  servers: Pick<MailServerKit, "imap" | "smtp">;
  /** Starts a fault in both proxies. The returned function ends it. */
  disturb(kind: FaultKind, random: () => number): () => void;
  stop(): Promise<void>;
};

/** Time within which open connections are cut, from the start of a call. */
const maxCutMs = 60;
/** A login takes about 5 KB, a list of 20 emails 20 KB. */
const maxFaultBytes = 20_000;
const slowMs = 100;

export async function startLine(kit: MailServerKit): Promise<Line> {
  const [imap, smtp] = await Promise.all([startFaultProxy(kit.imap.port), startFaultProxy(kit.smtp.port)]);
  const proxies: readonly FaultProxy[] = [imap, smtp];
  return {
    servers: { imap: imap.through(kit.imap), smtp: smtp.through(kit.smtp) },
    disturb(kind, random) {
      if (kind === "cut") {
        const timers = proxies.map((proxy) => setTimeout(() => proxy.drop(), random() * maxCutMs));
        return () => {
          for (const timer of timers) clearTimeout(timer);
        };
      }
      for (const proxy of proxies) {
        proxy.set({ kind, afterBytes: Math.floor(random() * maxFaultBytes), slowMs, connections: 1 });
        // The next connection has the fault; an open one would be used instead.
        proxy.drop();
      }
      return () => {
        for (const proxy of proxies) proxy.set(undefined);
      };
    },
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    },
  };
}
