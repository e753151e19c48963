/** What a part of an office file points at (ECMA-376 part 2, section 9): other parts, and addresses outside. */

import { walkXml } from "./xml.ts";
import type { Archive } from "./zip-archive.ts";

export type Relation = {
  id: string;
  /** The last word of its type: "hyperlink", "comments", "notesSlide". */
  kind: string;
  /** A member's name, or an address. */
  target: string;
};

/** Of the part `path`, in their order. */
export function relationsOf(archive: Archive, path: string): Relation[] {
  const [, folder = "", file = ""] = /^(.*\/)?([^/]*)$/.exec(path) ?? [];
  const relations: Relation[] = [];
  walkXml(archive.xml(`${folder}_rels/${file}.rels`), {
    open(name, { Id = "", Type = "", Target = "", TargetMode = "" }) {
      if (name !== "Relationship") return;
      const target = TargetMode === "External" ? Target : toMember(folder, Target);
      relations.push({ id: Id, kind: Type.slice(Type.lastIndexOf("/") + 1), target });
    },
  });
  return relations;
}

function toMember(folder: string, target: string): string {
  const steps: string[] = [];
  for (const step of (target.startsWith("/") ? target : folder + target).split("/")) {
    if (step === "..") steps.pop();
    else if (step !== "" && step !== ".") steps.push(step);
  }
  return steps.join("/");
}
