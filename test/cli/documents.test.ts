/** README, CONTRIBUTING and the files in deploy/, compared with the code. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { drawRooms } from "../../scripts/room-graph.ts";
import { readFiles, roomGraph } from "../../scripts/source-files.ts";
import { describeSettings } from "../../src/config.ts";
import { presets } from "../../src/providers/presets.ts";
import { tools } from "../../src/tools/index.ts";

const root = join(import.meta.dir, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
  [...new Bun.Glob("docs/**/*.md").scanSync({ cwd: root })].sort(),
);

/** The lines of a document between `<!-- name -->` and its end. */
function section(document: string, name: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  const found = new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)\n?<!-- /${name} -->`).exec(text);
  return (found?.[1] ?? "").split("\n");
}

test("The table of settings in docs/settings.md equals the descriptions in config.ts", () => {
  const rows = describeSettings().map(
    ({ name, description, fallback }) => `| \`${name}\` | ${fallback ?? ""} | ${description} |`,
  );
  expect(section("docs/settings.md", "settings")).toEqual([
    "| setting | default | what it is |",
    "| --- | --- | --- |",
    ...rows,
  ]);
});

const permissions = { read: "read", write: "organise", destroy: "organise", send: "send" } as const;

test("The README's table of tools lists all tools with the permission each needs", () => {
  const rows = tools
    .filter(({ appOnly }) => !appOnly)
    .map(({ name, title, effect }) => `| \`${name}\` | ${title} | ${permissions[effect]} |`);
  expect(section("README.md", "tools")).toEqual([
    "| tool | what it does | permission |",
    "| --- | --- | --- |",
    ...rows,
  ]);
});

test("The tree in docs/architecture.md shows exactly the folders and files at the top of src", () => {
  const there = readdirSync(join(root, "src")).map((name) =>
    statSync(join(root, "src", name)).isDirectory() ? `${name}/` : name,
  );
  const shown = section("docs/architecture.md", "tree").flatMap(
    (line) => /^ {2}([a-z-]+(?:\.ts|\/)) {2,}\S/.exec(line)?.[1] ?? [],
  );
  expect(shown.toSorted()).toEqual(there.toSorted());
});

test("The README has at most 150 lines", () => {
  expect(readme.split("\n").length - 1).toBeLessThanOrEqual(150);
});

test("The drawing of rooms in docs/architecture.md equals the imports of the code", () => {
  const drawn = ["```mermaid", ...drawRooms(roomGraph(readFiles("src/**/*.{ts,tsx}"))).split("\n"), "```"];
  expect(section("docs/architecture.md", "rooms")).toEqual(drawn);
});

test("There are at least ten decisions of at most 15 lines", () => {
  const decisions = documents.filter((path) => path.startsWith("docs/decisions/"));
  expect(decisions.length).toBeGreaterThanOrEqual(10);
  for (const path of decisions)
    expect(readFileSync(join(root, path), "utf8").trimEnd().split("\n").length, path).toBeLessThanOrEqual(15);
});

test("Every file that a document links to exists, and every script the README names", () => {
  const links = documents.flatMap((document) =>
    [...readFileSync(join(root, document), "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, path = ""]) => join(dirname(document), path),
    ),
  );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const named = [...readme.matchAll(/bun(?:@\S+)? run ([a-z:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("Every command that the README runs in a fresh clone installs the packages it needs", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const run = [...readme.matchAll(/npx -y bun@\S+ (?:run )?([a-z]+)(?![\w/])/g)].map(([, name = ""]) => name);
  expect(run.toSorted()).toEqual(["build", "demo", "start", "test"]);
  for (const name of run) expect(scripts[name]).toStartWith("bun install --frozen-lockfile");
});

test("All paths that the documents name exist, and so do the functions in CONTRIBUTING's example", () => {
  const text = (name: string) => readFileSync(join(root, name), "utf8");
  const named = documents.flatMap((name) =>
    [...text(name).matchAll(/(?<![\w/.-])((?:src|test|deploy|bench)\/[\w./-]*\w)/g)].map(
      ([, path = ""]) => path,
    ),
  );
  expect(named.length).toBeGreaterThan(60);
  // `x` is a placeholder, and the screenshots exist only after they were requested.
  const required = named.filter((path) => !/\/x\.|^test\/screenshots$/.test(path));
  expect(required.filter((path) => !existsSync(join(root, path)))).toEqual([]);

  const kit = readdirSync(join(root, "test/support"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => text(`test/support/${file}`))
    .join("\n");
  const example = /```ts\n([\s\S]*?)```/.exec(text("CONTRIBUTING.md"))?.[1] ?? "";
  const functions = [...example.matchAll(/(?<![.\w])([a-z]\w+)\(/g)].map(([, name = ""]) => name);
  expect(functions).toContain("withProduct");
  expect(functions.filter((name) => name !== "expect" && !kit.includes(`function ${name}`))).toEqual([]);
});

test("The README does not overstate the number of mail companies", () => {
  const stated = Number(/more than (\d+) mail companies/.exec(readme)?.[1]);
  expect(presets.length).toBeGreaterThan(stated);
  expect(stated).toBeGreaterThanOrEqual(40);
});

test("The README has the two commands for a fresh clone", () => {
  expect(readme).toContain("\nnpx -y bun@1.4.5 start\n");
  expect(readme).toContain("\nnpx -y bun@1.4.5 run test\n");
});

test("The files in deploy/ parse and set only existing settings", async () => {
  const fly = Bun.TOML.parse(await Bun.file(join(root, "deploy/fly.toml")).text()) as {
    env: object;
    kill_signal: string;
  };
  const compose = Bun.YAML.parse(await Bun.file(join(root, "deploy/compose.yaml")).text()) as {
    services: { connector: { environment: object } };
  };
  const unit = readFileSync(join(root, "deploy/email-connector.service"), "utf8");
  const settings = readFileSync(join(root, "deploy/settings"), "utf8");
  const docker = readFileSync(join(root, "Dockerfile"), "utf8");
  const set = [
    ...Object.keys(fly.env),
    ...Object.keys(compose.services.connector.environment),
    ...[...unit.matchAll(/^Environment=([A-Z_]+)=/gm)].map(([, name = ""]) => name),
    ...[...settings.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = ""]) => name),
    ...[...(/^ENV (.*)$/m.exec(docker)?.[1] ?? "").matchAll(/([A-Z_]+)=/g)].map(([, name = ""]) => name),
  ];
  const known = describeSettings().map(({ name }) => name);
  expect(set.length).toBeGreaterThan(10);
  expect(set.filter((name) => !known.includes(name))).toEqual([]);
  expect(fly.kill_signal).toBe("SIGTERM");
});

test("The unit, Compose and the docker command keep the process's memory off the disk: no core dump, no swap", async () => {
  const unit = readFileSync(join(root, "deploy/email-connector.service"), "utf8");
  expect(unit.split("\n")).toContain("LimitCORE=0");
  expect(unit.split("\n")).toContain("MemorySwapMax=0");
  const compose = Bun.YAML.parse(await Bun.file(join(root, "deploy/compose.yaml")).text()) as {
    services: { connector: { ulimits: object; mem_limit: string; memswap_limit: string } };
  };
  const { ulimits, mem_limit: memory, memswap_limit: memoryAndSwap } = compose.services.connector;
  expect(ulimits).toEqual({ core: 0 });
  expect(memoryAndSwap).toBe(memory);
  const docker = readFileSync(join(root, "Dockerfile"), "utf8");
  expect(docker).toContain("--memory 1g --memory-swap 1g --ulimit core=0");
});
