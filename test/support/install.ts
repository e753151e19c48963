/**
 * Before the tests: gets the programs they need on Debian as root, otherwise says what to install. A machine where
 * that fails still runs the tests; those that need a missing program are then skipped, visibly.
 */
import { existsSync } from "node:fs";
import { missingPackages } from "./installed.ts";

function apt(...args: string[]): boolean {
  const run = Bun.spawnSync(["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdout: "ignore",
    stderr: "inherit",
    stdin: "ignore",
  });
  return run.exitCode === 0;
}

if (missingPackages.length > 0) {
  const packages = missingPackages.join(" ");
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    process.stdout.write(`For the whole suite, install as root: apt-get install ${packages}\n`);
  } else {
    process.stdout.write(`Installing for the tests: ${packages}\n`);
    // One at a time: a package that a system lacks must not keep the others away.
    apt("update");
    for (const name of missingPackages) apt("install", "-y", "--no-install-recommends", name);
  }
}
