/** XML, walked once: what office files are made of. */
import { Parser } from "htmlparser2";

/** Whole, or as it comes. */
export type Xml = string | Iterable<string>;

export type XmlWalk = {
  /** `name` without its namespace's prefix. */
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  /** Of one text maybe several pieces. */
  text?(text: string): void;
  close?(name: string): void;
  /** Asked after each piece: nothing more is wanted. */
  isDone?(): boolean;
};

/** More than any program writes; what is made to exhaust us has millions. */
const maxDepth = 2_000;
const maxAttributes = 1_000;

const local = (name: string) => name.slice(name.indexOf(":") + 1);

/** Throws when elements stand too deep in each other, or one has too many attributes. Of cut XML it gives what is there. */
export function walkXml(xml: Xml | Iterable<string>, walk: XmlWalk): void {
  let depth = 0;
  let attributesOfOne = 0;
  const parser = new Parser(
    {
      onopentagname: () => {
        depth += 1;
        attributesOfOne = 0;
        if (depth > maxDepth) throw new Error("too deep");
      },
      onattribute: () => {
        attributesOfOne += 1;
        if (attributesOfOne > maxAttributes) throw new Error("too many attributes");
      },
      onopentag: (name, attributes) =>
        walk.open?.(
          local(name),
          Object.fromEntries(Object.entries(attributes).map(([key, value]) => [local(key), value])),
        ),
      ontext: (text) => walk.text?.(text),
      onclosetag: (name) => {
        depth -= 1;
        walk.close?.(local(name));
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  for (const piece of typeof xml === "string" ? [xml] : xml) {
    parser.write(piece);
    if (walk.isDone?.()) break;
  }
  parser.end();
}
