/** PGP written into plain text (RFC 9580 sections 6.2 and 7): what was signed, and that something is encrypted. */

export type Opened = { text: string; signed: boolean; encrypted: boolean };

const begin = /^-----BEGIN PGP (SIGNED MESSAGE|SIGNATURE|MESSAGE)-----\s*$/;
const end = /^-----END PGP (SIGNATURE|MESSAGE)-----\s*$/;

/** The words without the signature around them; encrypted ones as a line that says so. */
export function openArmor(text: string): Opened {
  const lines: string[] = [];
  let state: "words" | "head" | "signed" | "signature" | "encrypted" = "words";
  let signed = false;
  let hidden = 0;
  for (const line of text.split("\n")) {
    const begins = begin.exec(line)?.[1];
    if (begins === "SIGNED MESSAGE") state = "head";
    else if (begins === "SIGNATURE" && state === "signed") {
      state = "signature";
      signed = true;
    } else if (begins === "MESSAGE") {
      state = "encrypted";
      lines.push("[Encrypted by PGP]");
      hidden += 1;
    } else if (state === "signature" || state === "encrypted") {
      if (end.test(line)) state = "words";
    } else if (state === "head") {
      // Hash: and the like, up to an empty line.
      if (line.trim() === "") state = "signed";
    } else lines.push(state === "signed" ? line.replace(/^- /, "") : line);
  }
  return { text: lines.join("\n"), signed, encrypted: hidden > 0 };
}
