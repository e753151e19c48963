/** Before every run of `bun test`: trusts the run's own authority, says what is missing, tidies up at the end. */
import { afterAll, setDefaultTimeout } from "bun:test";
import { configureGlobal } from "fast-check";
import { trustedAuthority } from "./authority.ts";
import { killBinaries } from "./binary.ts";
import { stopBrowser } from "./browser.ts";
import { findCanaries } from "./canaries.ts";
import { missingPackages, programs } from "./installed.ts";
import { stopMailServer } from "./mail-server.ts";
import { removeTemporaryFolders } from "./temporary.ts";

if (missingPackages.length > 0)
  process.stderr.write(
    `\nTests that need them are skipped, install: apt-get install ${missingPackages.join(" ")}\n\n`,
  );
if (programs.openssl) trustedAuthority();

// bun ends every child process of a test that takes longer: the browser of all others among them.
setDefaultTimeout(30_000);

// The same properties with the same values every time; `FAST_CHECK_SEED=$RANDOM bun test` looks elsewhere.
configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20_261_123) });

afterAll(async () => {
  killBinaries();
  await Promise.all([stopBrowser(), stopMailServer()]);
  // R08: all output of the run, and every byte of its databases.
  const found = findCanaries();
  removeTemporaryFolders();
  if (found.length > 0) throw new Error(`R08: secrets were said or kept:\n${found.slice(0, 20).join("\n")}`);
});
