/**
 * `bun run build [FILE [TARGET]]`: builds one executable that contains migrations and assets, by default
 * dist/email-connector, and beside it FILE.cdx.json, its bill of materials. TARGET such as bun-linux-arm64-musl: default
 * is this machine.
 *
 * The executable reads neither `.env` nor `bunfig.toml` of its working directory, where somebody else may be able to
 * write: they could change its settings or run code in it. Bytecode makes the start a third shorter; source maps keep
 * stacks readable.
 */
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { dependencies } from "./package.json";
import { toBillOfMaterials } from "./scripts/bill-of-materials.ts";
import { readLockFile } from "./scripts/lock-file.ts";

const outfile = process.argv[2] ?? "dist/email-connector";
const target = process.argv[3] as Bun.Build.CompileTarget | undefined;

const result = await Bun.build({
  entrypoints: ["./src/main.ts"],
  target: "bun",
  format: "esm",
  splitting: true,
  // Identifiers are kept, so that stacks in the log have function names.
  minify: { whitespace: true, syntax: true, identifiers: false },
  // The bytecode of one processor is not read by another's engine.
  bytecode: target === undefined,
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
    {
      // Nothing here uses these parts of prom-client; each loads what costs megabytes in every start: OpenTelemetry,
      // node:cluster, node:http.
      name: "small-prom-client",
      setup(build) {
        const unused = { path: "unused", namespace: "unused" };
        build.onResolve({ filter: /^\.\/lib\/(defaultMetrics|cluster|pushgateway)$/ }, ({ importer }) =>
          importer.includes("/prom-client/") ? unused : undefined,
        );
        build.onLoad({ filter: /^/, namespace: "unused" }, () => ({ contents: "export {}", loader: "js" }));
      },
    },
  ],
  compile: {
    // Bun takes no undefined target.
    ...(target === undefined ? {} : { target }),
    outfile,
    assets: ["./drizzle", "./node_modules/pdfjs-dist/cmaps"],
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
});

for (const message of result.logs) process.stderr.write(`${message}\n`);
if (!result.success) process.exit(1);
chmodSync(outfile, 0o755);
// The executable contains the source maps.
for (const name of readdirSync(dirname(outfile)))
  if (name === `${basename(outfile)}.map` || /^chunk-[a-z0-9]{8}\.js\.map$/.test(name))
    rmSync(join(dirname(outfile), name));
const bill = toBillOfMaterials(readLockFile(), {
  direct: Object.keys(dependencies),
  bunVersion: Bun.version,
});
writeFileSync(`${outfile}.cdx.json`, `${JSON.stringify(bill, null, 2)}\n`);
process.stdout.write(`${outfile}, ${Math.round(statSync(outfile).size / 1_000_000)} MB\n`);
