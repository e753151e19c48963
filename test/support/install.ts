/**
 * Installs the programs that the tests need: on Debian as root; elsewhere it prints what to install. Tests whose
 * programs are missing are skipped and counted as skipped. With the argument `more`, also what only test/more needs.
 */
import { existsSync } from "node:fs";
import { readSimulation } from "./debian-packages.ts";
import { furtherPackages, missingPackages } from "./installed.ts";

function apt(...args: string[]): boolean {
  const run = Bun.spawnSync(["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdout: "ignore",
    stderr: "inherit",
    stdin: "ignore",
  });
  return run.exitCode === 0;
}

/** Installs a package unless apt would remove another one for it. */
function install(name: string): void {
  const options = ["install", "-y", "--no-install-recommends", name];
  const simulation = Bun.spawnSync(["apt-get", "-s", ...options], { env: { ...process.env, LC_ALL: "C" } });
  readSimulation(simulation.stdout.toString());
  apt(...options);
}

const wanted = process.argv.includes("more") ? [...missingPackages, ...furtherPackages] : missingPackages;
if (wanted.length > 0) {
  const packages = wanted.join(" ");
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    process.stdout.write(`Install as root: apt-get install ${packages}\n`);
  } else {
    process.stdout.write(`Installing: ${packages}\n`);
    // One at a time, so that an unknown package does not keep the others from being installed.
    apt("update");
    for (const name of wanted) install(name);
  }
}
