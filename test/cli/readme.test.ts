/** What the README promises, compared with what there is. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describeSettings } from "../../src/config.ts";
import { presets } from "../../src/providers/presets.ts";
import { tools } from "../../src/tools/index.ts";

const root = join(import.meta.dir, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The lines between `<!-- name -->` and its end. */
const section = (name: string) =>
  (new RegExp(`<!-- ${name} -->\n([\\s\\S]*?)\n?<!-- /${name} -->`).exec(readme)?.[1] ?? "").split("\n");

test("the table of settings is what config.ts says", () => {
  const rows = describeSettings().map(
    ({ name, description, fallback }) => `| \`${name}\` | ${fallback ?? ""} | ${description} |`,
  );
  expect(section("settings")).toEqual(["| setting | default | what it is |", "| --- | --- | --- |", ...rows]);
});

const permissions = { read: "read", write: "organise", destroy: "organise", send: "send" } as const;

test("the table of tools is the list of tools, each with the permission it needs", () => {
  const rows = tools.map(({ name, title, effect }) => `| \`${name}\` | ${title} | ${permissions[effect]} |`);
  expect(section("tools")).toEqual(["| tool | what it does | permission |", "| --- | --- | --- |", ...rows]);
});

test("the tree shows every room and every file at the top of src, and no other", () => {
  const there = readdirSync(join(root, "src")).map((name) =>
    statSync(join(root, "src", name)).isDirectory() ? `${name}/` : name,
  );
  const shown = section("tree").flatMap((line) => /^ {2}([a-z-]+(?:\.ts|\/)) {2,}\S/.exec(line)?.[1] ?? []);
  expect(shown.toSorted()).toEqual(there.toSorted());
});

test("every file the README links to is there, and so is every script it names", () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path = ""]) => path);
  expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const named = [...readme.matchAll(/bun(?:@\S+)? run ([a-z:]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("what the README runs in a fresh clone installs what it needs by itself", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const run = [...readme.matchAll(/npx -y bun@\S+ (?:run )?([a-z]+)(?![\w/])/g)].map(([, name = ""]) => name);
  expect(run.toSorted()).toEqual(["build", "start", "test"]);
  for (const name of run) expect(scripts[name]).toStartWith("bun install --frozen-lockfile");
});

test("the files and folders that the documents name are there, and so is what CONTRIBUTING shows of the kit", () => {
  const text = (name: string) => readFileSync(join(root, name), "utf8");
  const named = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].flatMap((name) =>
    [...text(name).matchAll(/(?<![\w/.-])((?:src|test|deploy|bench)\/[\w./-]*\w)/g)].map(
      ([, path = ""]) => path,
    ),
  );
  expect(named.length).toBeGreaterThan(60);
  // An x stands for what is yet to be added, and the screenshots are drawn when somebody asks for them.
  const meant = named.filter((path) => !/\/x\.|^test\/screenshots$/.test(path));
  expect(meant.filter((path) => !existsSync(join(root, path)))).toEqual([]);

  const kit = readdirSync(join(root, "test/support"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => text(`test/support/${file}`))
    .join("\n");
  const example = /```ts\n([\s\S]*?)```/.exec(text("CONTRIBUTING.md"))?.[1] ?? "";
  const functions = [...example.matchAll(/(?<![.\w])([a-z]\w+)\(/g)].map(([, name = ""]) => name);
  expect(functions).toContain("withProduct");
  expect(functions.filter((name) => name !== "expect" && !kit.includes(`function ${name}`))).toEqual([]);
});

test("as many mail companies are known as it says", () => {
  const said = Number(/more than (\d+) mail companies/.exec(readme)?.[1]);
  expect(presets.length).toBeGreaterThan(said);
  expect(said).toBeGreaterThanOrEqual(40);
});

test("the two commands are as they are", () => {
  expect(readme).toContain("\nnpx -y bun@1.4.5 start\n");
  expect(readme).toContain("\nnpx -y bun@1.4.5 run test\n");
});

test("what the files in deploy set are settings that there are, and they read as what they are", async () => {
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
