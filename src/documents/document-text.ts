/** What a file says, as text. */
export type DocumentText = {
  text: string;
  /** What was left out and why, in our words. */
  notes: string[];
};

/** More text than this is not read out of one file. */
export const maxTextCharacters = 2_000_000;
/** Octets that a packed file may unpack to. */
export const maxUnpackedBytes = 64_000_000;

/** Said by whoever stops there, too. */
export const cutNote = `Only the first ${maxTextCharacters} characters were read; a download link gives the whole.`;

/** Cuts what is beyond all use, and says so. */
export function bounded({ text, notes }: DocumentText): DocumentText {
  const cut = text.slice(0, maxTextCharacters).toWellFormed();
  if (cut.length < text.length) return { text: cut, notes: [...new Set([...notes, cutNote])] };
  return { text, notes: [...new Set(notes)] };
}
