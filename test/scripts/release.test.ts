/** The files of a release: the bill of materials in SPDX, and the descriptions for registries. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dependencies, version } from "../../package.json";
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
