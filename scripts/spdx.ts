/** The bill of materials of a release in SPDX 2.3 (JSON, ISO/IEC 5962), from the CycloneDX one of the build. */
import type { BillOfMaterials } from "./bill-of-materials.ts";

/**
 * Converts a bill of materials. `createdAt`: ISO time of the commit, not of the build, so that equal builds give equal
 * files; `digest` identifies the document.
 */
export function toSpdx(bill: BillOfMaterials, { createdAt, digest }: { createdAt: string; digest: string }) {
  const { component: product } = bill.metadata;
  const ids = new Map(
    [product, ...bill.components].map((each, index) => [each["bom-ref"], `SPDXRef-${index}`]),
  );
  const toPackage = (each: BillOfMaterials["components"][number]) => ({
    SPDXID: ids.get(each["bom-ref"]),
    name: each.group === undefined ? each.name : `${each.group}/${each.name}`,
    versionInfo: each.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    externalRefs: each.purl
      ? [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: each.purl }]
      : undefined,
    checksums: each.hashes?.map(({ content }) => ({ algorithm: "SHA512", checksumValue: content })),
  });
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: product["bom-ref"],
    documentNamespace: `https://spdx.org/spdxdocs/${product["bom-ref"]}-${digest}`,
    creationInfo: { created: createdAt, creators: ["Tool: email-connector-release"] },
    documentDescribes: [ids.get(product["bom-ref"])],
    packages: [product, ...bill.components].map(toPackage),
    relationships: bill.dependencies.flatMap(({ ref, dependsOn }) =>
      dependsOn.map((other) => ({
        spdxElementId: ids.get(ref),
        relationshipType: "DEPENDS_ON",
        relatedSpdxElement: ids.get(other),
      })),
    ),
  };
}
