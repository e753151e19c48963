/** The bare words of a piece of HTML, cut anywhere: for snippets and plain searches, not for reading. */
import { Parser } from "htmlparser2";

const unread = new Set(["style", "script", "head", "title", "template", "noscript"]);

export function htmlToWords(html: string): string {
  const words: string[] = [];
  let silent = 0;
  const parser = new Parser(
    {
      onopentag: (name) => {
        if (unread.has(name)) silent += 1;
        else words.push(" ");
      },
      ontext: (text) => {
        if (silent === 0) words.push(text);
      },
      onclosetag: (name) => {
        if (unread.has(name)) silent -= 1;
        else words.push(" ");
      },
    },
    { decodeEntities: true },
  );
  parser.write(html);
  parser.end();
  return words.join("").replace(/\s+/g, " ").trim();
}
