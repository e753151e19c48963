/** Streaming XML with limits, for the office formats. */
import { Parser } from "htmlparser2";

/** A whole document, or its pieces as they are unpacked. */
export type Xml = string | Iterable<string>;

export type XmlAttributes = Readonly<Record<string, string>>;

/** Names of elements and attributes come without their namespace prefix. */
type XmlVisitor = {
  open?(name: string, attributes: XmlAttributes): void;
  /** May be called several times for one text. */
  text?(text: string): void;
  close?(name: string): void;
  /** Called after each piece; true ends the walk. */
  isDone?(): boolean;
};

/** Limits that no office program reaches; a file built to exhaust the parser has millions. */
const maxDepth = 2_000;
const maxAttributes = 1_000;

const withoutPrefix = (name: string) => name.slice(name.indexOf(":") + 1);

/**
 * `isXhtml`: with the entities and empty elements of HTML. Throws when elements are nested too deep or one has too many
 * attributes. Truncated XML is read as far as it goes.
 */
export function walkXml(xml: Xml, visitor: XmlVisitor, { isXhtml = false } = {}): void {
  let depth = 0;
  let attributeCount = 0;
  const parser = new Parser(
    {
      onopentagname: () => {
        depth += 1;
        attributeCount = 0;
        if (depth > maxDepth) throw new Error("XML elements are nested too deep");
      },
      onattribute: () => {
        attributeCount += 1;
        if (attributeCount > maxAttributes) throw new Error("an XML element has too many attributes");
      },
      onopentag: (name, attributes) =>
        visitor.open?.(
          withoutPrefix(name),
          Object.fromEntries(Object.entries(attributes).map(([key, value]) => [withoutPrefix(key), value])),
        ),
      ontext: (text) => visitor.text?.(text),
      onclosetag: (name) => {
        depth -= 1;
        visitor.close?.(withoutPrefix(name));
      },
    },
    { xmlMode: !isXhtml, recognizeSelfClosing: true, decodeEntities: true },
  );
  for (const piece of typeof xml === "string" ? [xml] : xml) {
    parser.write(piece);
    if (visitor.isDone?.()) break;
  }
  parser.end();
}
