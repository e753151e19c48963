/** Before every run of `bun test`: trusts the run's own authority, names missing programs, cleans up at the end. */
import { afterAll, setDefaultTimeout } from "bun:test";
import { configureGlobal } from "fast-check";
import { trustedAuthority } from "./authority.ts";
import { killBinaries } from "./binary.ts";
import { stopBrowser } from "./browser.ts";
import { findCanaries, forgetRecorded } from "./canaries.ts";
import { missingPackages, programs } from "./installed.ts";
import { stopMailServers } from "./mail-server.ts";
import { isWorker, redirectTemporaryFiles, removeTemporaryFolders } from "./temporary.ts";

redirectTemporaryFiles();

// Once for all workers: the coordinator of `--parallel` does not run this file.
const isFirst = !isWorker || process.env.BUN_TEST_WORKER_ID === "1";
if (missingPackages.length > 0 && isFirst)
  process.stderr.write(
    `\nTests that need them are skipped, install: apt-get install ${missingPackages.join(" ")}\n\n`,
  );
if (programs.openssl) trustedAuthority();

// bun kills every child process of a test that takes longer, including the browser that all tests share.
setDefaultTimeout(60_000);

// The same properties with the same values every time; `FAST_CHECK_SEED=$RANDOM bun test` tries others.
configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20_261_123) });

// With `--parallel` bun (1.4.5) runs this after every file of a worker, and ends the worker without a further call:
// what files share must stay, and is removed by watchers once the worker is gone.
afterAll(async () => {
  killBinaries();
  if (!isWorker) await Promise.all([stopBrowser(), stopMailServers()]);
  // R08: all output of the product, and every byte of its databases.
  const found = findCanaries();
  forgetRecorded();
  if (!isWorker) removeTemporaryFolders();
  if (found.length > 0)
    throw new Error(`R08: secrets were logged or stored:\n${found.slice(0, 20).join("\n")}`);
});
