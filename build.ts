/**
 * `bun run build [file]`: dist/email-connector, or the file named, one executable with migrations and assets inside.
 *
 * It reads neither `.env` nor `bunfig.toml` from where it stands: whoever can write there must not be able to
 * run code in it or change its settings. Bytecode takes a third off the start; source maps keep stacks readable.
 */
import { chmodSync, rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const outfile = process.argv[2] ?? "dist/email-connector";

const result = await Bun.build({
  entrypoints: ["./src/main.ts"],
  target: "bun",
  format: "esm",
  // Names stay, so that a stack in the log says where it was.
  minify: { whitespace: true, syntax: true, identifiers: false },
  bytecode: true,
  sourcemap: "linked",
  plugins: [
    {
      // mailsplit requires it and the rest imports it: its two builds would both be inside, and both be made at the start.
      name: "one libmime",
      setup(build) {
        const path = fileURLToPath(import.meta.resolve("libmime"));
        build.onResolve({ filter: /^libmime$/ }, () => ({ path }));
      },
    },
  ],
  compile: {
    outfile,
    assets: ["./drizzle"],
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
});

for (const message of result.logs) process.stderr.write(`${message}\n`);
if (!result.success) process.exit(1);
chmodSync(outfile, 0o755);
// The map is inside too.
rmSync(`${outfile}.map`, { force: true });
process.stdout.write(`${outfile}, ${Math.round(statSync(outfile).size / 1_000_000)} MB\n`);
