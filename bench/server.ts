/**
 * The measured product, in a process of its own. Only the rate limits are raised, since they would determine the
 * results. Prints one line of JSON when it listens, and stops when its standard input ends.
 */
import { loadConfig } from "../src/config.ts";
import { createLineWriter } from "../src/line-writer.ts";
import { createLog, toDroppedLines } from "../src/log.ts";
import { start } from "../src/start.ts";

const wide = { burst: 1_000_000_000, everyMs: 0.000001 };
const config = loadConfig();
const stderr = createLineWriter(process.stderr.fd, toDroppedLines);
const product = await start(config, {
  log: createLog(config.logLevel, stderr.write),
  rates: {
    page: wide,
    token: wide,
    loginByPeer: wide,
    loginByAccount: wide,
    loginByHost: wide,
    call: wide,
    message: wide,
  },
});
process.stdout.write(
  `${JSON.stringify({ url: product.url, clientId: product.client.id, clientSecret: product.client.secret })}\n`,
);
for await (const _ of Bun.stdin.stream()) {
  // The process runs until its standard input ends.
}
await product.stop();
await stderr.flush(1_000);
process.exit(0);
