/** `ready`: waits until the server on this machine answers, for scripts that start it. */
import { type ProbeResponse, sendProbe } from "../probe-client.ts";
import { loadCommandConfig } from "./command-config.ts";
import type { Terminal } from "./terminal.ts";

const pauseMs = 250;

/** Returns 0 once /ready answers 200 on this machine, 1 when it has not within `waitSeconds`. */
export async function ready(terminal: Terminal, { waitSeconds }: { waitSeconds: number }): Promise<number> {
  const config = loadCommandConfig(terminal);
  const address = { "::": "[::1]", "0.0.0.0": "127.0.0.1" }[config.host] ?? config.host;
  const { hostname } = new URL(config.publicUrl);
  const local = config.ownHttps ? `https://${address}:${config.port}` : `http://${address}:${config.port}`;
  const headers = { Host: new URL(config.publicUrl).host };
  const ask = (url: string) =>
    sendProbe(url, { headers, servername: config.ownHttps ? hostname : undefined, timeoutMs: 5_000 }).catch(
      (error: unknown) => (error instanceof Error ? error : new Error("failed")),
    );
  const until = performance.now() + waitSeconds * 1000;
  let answer: ProbeResponse | Error;
  for (;;) {
    answer = await ask(`${local}/ready`);
    if (!(answer instanceof Error) && answer.status === 200) {
      terminal.print("ready");
      return 0;
    }
    if (performance.now() >= until) break;
    await Bun.sleep(pauseMs);
  }
  // Before its first certificate https is closed, while the other port answers the authority.
  if (config.ownHttps && answer instanceof Error) {
    const plain = await ask(`http://${address}:${config.httpPort}/`);
    if (!(plain instanceof Error) && plain.status === 308) {
      terminal.print("It runs, and waits for its certificate: the log has the authority's answer.");
      return 0;
    }
  }
  const said = answer instanceof Error ? answer.message : `it answers ${answer.status}`;
  terminal.printError(`${local}/ready: ${said}`);
  return 1;
}
