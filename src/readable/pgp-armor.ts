/** PGP in plain text (RFC 9580 sections 6.2 and 7): signed text without its signature, and encrypted text. */

type ArmoredText = { text: string; signed: boolean; encrypted: boolean };

const beginLine = /^-----BEGIN PGP (SIGNED MESSAGE|SIGNATURE|MESSAGE)-----\s*$/;
const endLine = /^-----END PGP (SIGNATURE|MESSAGE)-----\s*$/;

/** Removes signatures, and replaces each encrypted message by a line that says so. */
export function openArmor(text: string): ArmoredText {
  const lines: string[] = [];
  let state: "text" | "headers" | "signed" | "signature" | "encrypted" = "text";
  let signed = false;
  let encryptedMessages = 0;
  for (const line of text.split("\n")) {
    const begins = beginLine.exec(line)?.[1];
    if (begins === "SIGNED MESSAGE") state = "headers";
    else if (begins === "SIGNATURE" && state === "signed") {
      state = "signature";
      signed = true;
    } else if (begins === "MESSAGE") {
      state = "encrypted";
      lines.push("[Encrypted by PGP]");
      encryptedMessages += 1;
    } else if (state === "signature" || state === "encrypted") {
      if (endLine.test(line)) state = "text";
    } else if (state === "headers") {
      // Armor headers such as Hash end with an empty line.
      if (line.trim() === "") state = "signed";
    } else lines.push(state === "signed" ? line.replace(/^- /, "") : line);
  }
  return { text: lines.join("\n"), signed, encrypted: encryptedMessages > 0 };
}
