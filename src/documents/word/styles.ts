/** What the styles of a DOCX file make of their paragraphs (ECMA-376 part 1, section 17.7). */
import { walkXml, type Xml } from "../xml.ts";

export type WordStyle = {
  /** 1 to 6. */
  heading?: number;
  numberId?: string;
  level?: number;
};

/** By id. Ids are in the language of the program, names of built-in styles in English: "berschrift1" is "heading 1". */
export function readWordStyles(stylesXml: Xml): (id: string) => WordStyle {
  const styles = new Map<string, WordStyle & { parent?: string }>();
  let style: WordStyle & { parent?: string } = {};
  walkXml(stylesXml, {
    open(name, { styleId = "", val = "" }) {
      if (name === "style") {
        style = {};
        styles.set(styleId, style);
      } else if (name === "basedOn") style.parent = val;
      else if (name === "name") Object.assign(style, toHeading(val));
      else if (name === "outlineLvl" && Number(val) < 9) style.heading ??= Math.min(6, Number(val) + 1);
      else if (name === "numId") style.numberId = val;
      else if (name === "ilvl") style.level = Number(val) || 0;
    },
  });
  return (id) => {
    const found: WordStyle = styles.has(id) ? {} : toHeading(id);
    let from: string | undefined = id;
    for (let step = 0; from !== undefined && step < 20; step += 1) {
      const one = styles.get(from);
      found.heading ??= one?.heading;
      found.numberId ??= one?.numberId;
      found.level ??= one?.level;
      from = one?.parent;
    }
    return found;
  };
}

function toHeading(name: string): WordStyle {
  const level = /^heading\s?([1-6])$/i.exec(name)?.[1];
  if (level) return { heading: Number(level) };
  return /^title$/i.test(name) ? { heading: 1 } : {};
}
