/** Heading levels and list numbering of the paragraph styles of a DOCX file (ECMA-376 part 1, section 17.7). */
import { walkXml, type Xml } from "../xml.ts";

export type WordStyle = {
  /** 1 to 6. */
  heading?: number;
  numberId?: string;
  level?: number;
};

/** Longest chain of styles, each based on the next, that is followed; a cycle ends here. */
const maxParents = 20;

/**
 * Returns a lookup by style id. Ids are in the language of the program that wrote the file and names of built-in styles
 * in English: the style "berschrift1" has the name "heading 1".
 */
export function readWordStyles(stylesXml: Xml): (id: string) => WordStyle {
  const styles = new Map<string, WordStyle & { parent?: string }>();
  let style: WordStyle & { parent?: string } = {};
  walkXml(stylesXml, {
    open(name, { styleId = "", val = "" }) {
      if (name === "style") {
        style = {};
        styles.set(styleId, style);
      } else if (name === "basedOn") style.parent = val;
      else if (name === "name") Object.assign(style, toHeadingStyle(val));
      else if (name === "outlineLvl" && Number(val) < 9) style.heading ??= Math.min(6, Number(val) + 1);
      else if (name === "numId") style.numberId = val;
      else if (name === "ilvl") style.level = Number(val) || 0;
    },
  });
  return (id) => {
    const resolved: WordStyle = styles.has(id) ? {} : toHeadingStyle(id);
    let next: string | undefined = id;
    for (let step = 0; next !== undefined && step < maxParents; step += 1) {
      const inherited = styles.get(next);
      resolved.heading ??= inherited?.heading;
      resolved.numberId ??= inherited?.numberId;
      resolved.level ??= inherited?.level;
      next = inherited?.parent;
    }
    return resolved;
  };
}

function toHeadingStyle(name: string): WordStyle {
  const level = /^heading\s?([1-6])$/i.exec(name)?.[1];
  if (level) return { heading: Number(level) };
  return /^title$/i.test(name) ? { heading: 1 } : {};
}
