/** The files of the repository with their imports, for the architecture test and the drawing of rooms. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** `target` is a path under the repository's root or the name of a package. */
export type Import = { target: string; typeOnly: boolean };

export type SourceFile = { path: string; room: string; text: string; lines: number; imports: Import[] };

const root = join(import.meta.dir, "..");

/** All TypeScript files that match a glob pattern, without test fixtures, sorted by path. */
export function readFiles(pattern: string): SourceFile[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: root })]
    .filter((path) => !path.includes("fixtures"))
    .sort()
    .map(readSourceFile);
}

function readSourceFile(path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  const imports = [...text.matchAll(/^(import|export)\b([^;]*?)\bfrom\s+"([^"]+)"/gms)].map(
    ([, , names = "", target = ""]) => ({
      target: target.startsWith(".") ? normalize(join(dirname(path), target)) : target,
      typeOnly: /^\s*type\b/.test(names),
    }),
  );
  const bare = [...text.matchAll(/^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm)].map(([, one, two]) => {
    const target = one ?? two ?? "";
    return {
      target: target.startsWith(".") ? normalize(join(dirname(path), target)) : target,
      typeOnly: false,
    };
  });
  return {
    path,
    room: toRoom(path),
    text,
    lines: text.split("\n").length - 1,
    imports: [...imports, ...bare],
  };
}

/** The room of a file: `src/imap/connect.ts` -> `imap`, `src/app.ts` -> `app`. */
export function toRoom(path: string): string {
  const [, room = ""] = path.split("/");
  return room.replace(/\.tsx?$/, "");
}

/** Paths under src/ that a file imports, each once, sorted. */
export function importsOf({ imports }: SourceFile): string[] {
  return [...new Set(imports.map(({ target }) => target))]
    .filter((target) => target.startsWith("src/"))
    .sort();
}

/** The rooms that each room imports, without itself. */
export function roomGraph(files: readonly SourceFile[]): Map<string, string[]> {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const rooms = graph.get(file.room) ?? new Set();
    for (const target of importsOf(file)) if (toRoom(target) !== file.room) rooms.add(toRoom(target));
    graph.set(file.room, rooms);
  }
  return new Map([...graph].map(([room, rooms]) => [room, [...rooms].sort()]));
}

/** The strongly connected components of a graph with more than one node, each sorted (Tarjan's algorithm). */
export function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const indexes = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string) => {
    const own = indexes.size;
    indexes.set(node, own);
    lowest.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!indexes.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(node, Math.min(lowest.get(node) ?? own, lowest.get(next) ?? own));
    }
    if (lowest.get(node) !== own) return;
    const part = stack.splice(stack.indexOf(node));
    if (part.length > 1) found.push(part.sort());
  };
  for (const node of graph.keys()) if (!indexes.has(node)) visit(node);
  return found.sort();
}
