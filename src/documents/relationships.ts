/** Relationships between the parts of an Office file, and to addresses outside it (ECMA-376 part 2, section 9). */
import { walkXml } from "./xml.ts";
import type { ZipArchive } from "./zip-archive.ts";

export type Relationship = {
  id: string;
  /** The last segment of its type URI: "hyperlink", "comments", "notesSlide". */
  kind: string;
  /** The name of a member, or an address outside the file. */
  target: string;
};

/** Reads the relationships of the part with this member name, in their order; empty for the file itself. */
export function readRelationships(archive: ZipArchive, part: string): Relationship[] {
  const [, folder = "", file = ""] = /^(.*\/)?([^/]*)$/.exec(part) ?? [];
  const relationships: Relationship[] = [];
  walkXml(archive.xml(`${folder}_rels/${file}.rels`), {
    open(name, { Id = "", Type = "", Target = "", TargetMode = "" }) {
      if (name !== "Relationship") return;
      const target = TargetMode === "External" ? Target : toMemberName(folder, Target);
      relationships.push({ id: Id, kind: Type.slice(Type.lastIndexOf("/") + 1), target });
    },
  });
  return relationships;
}

/** Indexes the targets by relationship id. */
export const targetsById = (relationships: readonly Relationship[]) =>
  new Map(relationships.map(({ id, target }) => [id, target]));

function toMemberName(folder: string, target: string): string {
  const segments: string[] = [];
  for (const segment of (target.startsWith("/") ? target : folder + target).split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments.join("/");
}
