/** The files of a release: the bill of materials in SPDX, and the descriptions for registries. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dependencies, scripts, version } from "../../package.json";
import { toBillOfMaterials } from "../../scripts/bill-of-materials.ts";
import { readLockFile } from "../../scripts/lock-file.ts";
import { toSpdx } from "../../scripts/spdx.ts";
import server from "../../server.json";
import { describeSettings } from "../../src/config.ts";

const root = join(import.meta.dir, "../..");

test("SPDX 2.3: every component is a package with its purl, and every relationship joins two of them", () => {
  const bill = toBillOfMaterials(readLockFile(), { direct: Object.keys(dependencies), bunVersion: "1.4.5" });
  const spdx = toSpdx(bill, { createdAt: "2026-01-01T00:00:00Z", digest: "abc" });
  expect(spdx).toMatchObject({ spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT" });
  expect(spdx.packages).toHaveLength(bill.components.length + 1);
  const ids = new Set(spdx.packages.map(({ SPDXID }) => SPDXID));
  expect(ids.size).toBe(spdx.packages.length);
  for (const { spdxElementId, relatedSpdxElement } of spdx.relationships)
    expect([ids.has(spdxElementId), ids.has(relatedSpdxElement)]).toEqual([true, true]);
  const hono = spdx.packages.find(({ name }) => name === "hono");
  expect(hono).toMatchObject({
    versionInfo: dependencies.hono,
    externalRefs: [{ referenceType: "purl", referenceLocator: `pkg:npm/hono@${dependencies.hono}` }],
  });
});

test("server.json has the version of the product, a short description, and settings that exist", () => {
  expect(server.version).toBe(version);
  expect(server.description.length).toBeLessThanOrEqual(100);
  const names = describeSettings().map(({ name }) => name);
  for (const { identifier, environmentVariables } of server.packages) {
    expect(identifier).toEndWith(`:v${version}`);
    for (const { name } of environmentVariables) expect(names).toContain(name);
  }
  const label = `ARG MCP_NAME=${server.name}`;
  expect(readFileSync(join(root, "Dockerfile"), "utf8")).toContain(label);
});

/** A value that a program is given: the fields that the registry's schema knows, and no other. */
const input = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  format: z.enum(["string", "number", "boolean", "filepath"]).optional(),
  value: z.string().optional(),
  default: z.string().optional(),
  placeholder: z.string().optional(),
  isRequired: z.boolean().optional(),
  isSecret: z.boolean().optional(),
});

/** The rules of the registry for a server.json of 2025-12-11 with an image, written after its documentation. */
const registryRules = z.strictObject({
  $schema: z.literal("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100).optional(),
  description: z.string().min(1).max(100),
  // A range or "latest" is refused.
  version: z
    .string()
    .max(255)
    .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/),
  repository: z.strictObject({
    url: z.url({ protocol: /^https$/ }),
    source: z.string().min(1),
    subfolder: z.string().optional(),
    id: z.string().optional(),
  }),
  packages: z.array(
    z
      .strictObject({
        registryType: z.literal("oci"),
        // An image has its tag in the identifier, and neither version nor registryBaseUrl.
        identifier: z.string().regex(/^ghcr\.io\/[\w.-]+\/[\w.-]+:v\d+\.\d+\.\d+$/),
        runtimeHint: z.enum(["docker"]).optional(),
        transport: z.strictObject({ type: z.literal("streamable-http"), url: z.url() }),
        runtimeArguments: z.array(input.extend({ type: z.literal("named") })).optional(),
        environmentVariables: z.array(input).optional(),
      })
      .refine(({ runtimeArguments, runtimeHint }) => !runtimeArguments || runtimeHint !== undefined, {
        error: "runtimeHint belongs to runtimeArguments",
      }),
  ),
});

test("server.json keeps the rules of the MCP registry, whose fields are in camel case since 2025-09-16", () => {
  expect(registryRules.parse(server)).toEqual(server as never);
  const [image] = server.packages;
  for (const wrong of [
    { ...server, name: "email-connector" },
    { ...server, description: "x".repeat(101) },
    { ...server, version: "latest" },
    { ...server, status: "active" },
    { ...server, packages: [{ ...image, version: "0.1.0" }] },
    { ...server, packages: [{ ...image, runtimeHint: undefined }] },
    { ...server, packages: [{ ...image, environment_variables: [] }] },
  ])
    expect(registryRules.safeParse(wrong).success).toBe(false);
});

test("the workflows are YAML whose jobs run commands of package.json, with no permission that is not named", () => {
  for (const name of ["check", "release"]) {
    const workflow = Bun.YAML.parse(readFileSync(join(root, `.github/workflows/${name}.yml`), "utf8")) as {
      permissions: object;
      jobs: Record<string, { "runs-on": string; steps: { run?: string; uses?: string }[] }>;
    };
    expect(workflow.permissions).toBeDefined();
    for (const job of Object.values(workflow.jobs)) {
      expect(job["runs-on"]).toStartWith("ubuntu-");
      for (const { run, uses } of job.steps) expect([run, uses].filter(Boolean)).toHaveLength(1);
      const commands = job.steps.flatMap(({ run = "" }) => [...run.matchAll(/bun run (\S+)/g)]);
      for (const [, command = ""] of commands) expect(Object.keys(scripts)).toContain(command);
    }
  }
});

test("install.md begins with the download, and names files that the release makes", () => {
  const text = readFileSync(join(root, "docs/install.md"), "utf8");
  expect(text.split("\n")[3]).toStartWith("curl -fLO ");
  const script = readFileSync(join(root, "scripts/release.ts"), "utf8");
  const named = [...text.matchAll(/releases\/latest\/download\/(\S+)/g)].map(([, name = ""]) => name);
  expect(new Set(named)).toEqual(
    new Set(["email-connector-linux-x64", "SHA256SUMS", "email-connector-deploy.tar.gz"]),
  );
  for (const name of ["linux-x64", "SHA256SUMS", "email-connector-deploy.tar.gz"])
    expect(script).toContain(name);
});
