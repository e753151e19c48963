/** The whole product, started in this process on a free port. */
import { join } from "node:path";
import { loadConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { type StartOptions, start } from "../../src/start.ts";
import { recordDataDir, recordOutput } from "./canaries.ts";
import { temporaryFolder } from "./temporary.ts";

export type TestProduct = {
  /** The public URL, without a trailing slash. */
  url: string;
  clientId: string;
  clientSecret: string;
  dataDir: string;
  /** The settings that it was started with. */
  settings: Readonly<Record<string, string>>;
  clock: StartOptions["clock"];
  /** The log so far, one JSON line each. */
  logged: readonly string[];
  stop(): Promise<void>;
};

/** Returns the default settings of tests: a data folder, a static client, and local mail servers allowed. */
export function testSettings(settings: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PORT: "0",
    DATA_DIR: join(temporaryFolder("data"), "data"),
    OAUTH_CLIENT_ID: "test-client",
    OAUTH_CLIENT_SECRET: "test-client-secret-0123456789",
    ALLOW_PRIVATE_HOSTS: "localhost,127.0.0.0/8",
    // Connections that no call asked for would be counted by tests.
    WARM_UP: "off",
    ...settings,
  };
}

export type ProductOptions = Omit<StartOptions, "log"> & { settings?: Readonly<Record<string, string>> };

/** Starts a product. To restart one with the same data and port, pass its DATA_DIR and PORT. */
export async function startProduct(options: ProductOptions = {}): Promise<TestProduct> {
  const settings = testSettings(options.settings);
  const logged: string[] = [];
  const config = loadConfig(settings);
  recordDataDir(config.dataDir);
  const product = await start(config, {
    log: createLog(config.logLevel, (line) => {
      logged.push(line);
      recordOutput(line);
    }),
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.rates ? { rates: options.rates } : {}),
    ...(options.concurrency ? { concurrency: options.concurrency } : {}),
    ...(options.deadlines ? { deadlines: options.deadlines } : {}),
    ...(options.outbound ? { outbound: options.outbound } : {}),
  });
  return {
    url: product.url,
    clientId: product.client.id,
    clientSecret: product.client.secret,
    dataDir: config.dataDir,
    settings,
    clock: options.clock,
    logged,
    stop: () => product.stop(),
  };
}

/** Runs `work` with a started product and stops it afterwards. */
export async function withProduct<T>(
  options: ProductOptions,
  work: (product: TestProduct) => Promise<T>,
): Promise<T> {
  const product = await startProduct(options);
  try {
    return await work(product);
  } finally {
    await product.stop();
  }
}
