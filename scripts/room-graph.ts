/**
 * Draws the rooms of src/ and their imports into docs/architecture.md, as a Mermaid graph between two markers.
 * Run by `bun run graph`; a test compares the drawing with the code.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readFiles, roomGraph } from "./source-files.ts";

/** Rooms that any other may import, and the two that make every room: arrows to and from them say nothing. */
const omitted = new Set(
  "errors grant storage-error log clock abort version throttle turns gate secrets config credentials assemble start".split(
    " ",
  ),
);

/** The graph of rooms in Mermaid's language, without arrows that follow from others (transitive reduction). */
export function drawRooms(graph: ReadonlyMap<string, readonly string[]>): string {
  const rooms = [...graph.keys()].filter((room) => !omitted.has(room)).sort();
  const below = (room: string) => (graph.get(room) ?? []).filter((other) => !omitted.has(other));
  const reaches = (from: string, to: string): boolean =>
    below(from).some((next) => next === to || reaches(next, to));
  const arrows = rooms.flatMap((room) =>
    below(room)
      .filter((other) => !below(room).some((next) => next !== other && reaches(next, other)))
      .map((other) => `  ${toNode(room)} --> ${toNode(other)}`),
  );
  return ["graph TD", ...arrows].join("\n");
}

/** Mermaid takes `graph` and hyphens in ids for syntax, so a node has an id and a label. */
const toNode = (room: string) => `r_${room.replaceAll("-", "_")}[${room}]`;

export const graphMarkers = { start: "<!-- rooms -->", end: "<!-- /rooms -->" };

/** A document with its drawing replaced. Throws where the markers are missing. */
export function replaceDrawing(document: string, drawing: string): string {
  const { start, end } = graphMarkers;
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The document has no ${start} … ${end}.`);
  return `${document.slice(0, from + start.length)}\n\`\`\`mermaid\n${drawing}\n\`\`\`\n${document.slice(to)}`;
}

if (import.meta.main) {
  const path = join(import.meta.dir, "../docs/architecture.md");
  const document = readFileSync(path, "utf8");
  writeFileSync(path, replaceDrawing(document, drawRooms(roomGraph(readFiles("src/**/*.{ts,tsx}")))));
}
