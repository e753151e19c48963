/** XML, walked once: what office files are made of. */
import { Parser } from "htmlparser2";

export type XmlWalk = {
  /** `name` without its namespace's prefix. */
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
};

const local = (name: string) => name.slice(name.indexOf(":") + 1);

export function walkXml(xml: string, walk: XmlWalk): void {
  const parser = new Parser(
    {
      onopentag: (name, attributes) =>
        walk.open?.(
          local(name),
          Object.fromEntries(Object.entries(attributes).map(([key, value]) => [local(key), value])),
        ),
      ontext: (text) => walk.text?.(text),
      onclosetag: (name) => walk.close?.(local(name)),
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.write(xml);
  parser.end();
}
