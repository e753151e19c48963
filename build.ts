/**
 * `bun run build [FILE]`: builds one executable that contains migrations and assets, by default dist/email-connector,
 * and beside it FILE.cdx.json, its bill of materials.
 *
 * The executable reads neither `.env` nor `bunfig.toml` of its working directory, where somebody else may be able to
 * write: they could change its settings or run code in it. Bytecode makes the start a third shorter; source maps keep
 * stacks readable.
 */
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dependencies } from "./package.json";
import { toBillOfMaterials } from "./scripts/bill-of-materials.ts";
import { readLockFile } from "./scripts/lock-file.ts";

const outfile = process.argv[2] ?? "dist/email-connector";

const result = await Bun.build({
  entrypoints: ["./src/main.ts"],
  target: "bun",
  format: "esm",
  splitting: true,
  // Identifiers are kept, so that stacks in the log have function names.
  minify: { whitespace: true, syntax: true, identifiers: false },
  bytecode: true,
  sourcemap: "linked",
  plugins: [
    {
      // mailsplit uses require() and other packages import: both builds of libmime would be included and run at the start.
      name: "single-libmime",
      setup(build) {
        const path = fileURLToPath(import.meta.resolve("libmime"));
        build.onResolve({ filter: /^libmime$/ }, () => ({ path }));
      },
    },
  ],
  compile: {
    outfile,
    assets: ["./drizzle", "./node_modules/pdfjs-dist/cmaps"],
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
});

for (const message of result.logs) process.stderr.write(`${message}\n`);
if (!result.success) process.exit(1);
chmodSync(outfile, 0o755);
// The executable contains the source map.
rmSync(`${outfile}.map`, { force: true });
const bill = toBillOfMaterials(readLockFile(), {
  direct: Object.keys(dependencies),
  bunVersion: Bun.version,
});
writeFileSync(`${outfile}.cdx.json`, `${JSON.stringify(bill, null, 2)}\n`);
process.stdout.write(`${outfile}, ${Math.round(statSync(outfile).size / 1_000_000)} MB\n`);
