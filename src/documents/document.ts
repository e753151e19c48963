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

/** Cuts what is beyond all use, and says so. */
export function bounded({ text, notes }: DocumentText): DocumentText {
  if (text.length <= maxTextCharacters) return { text, notes };
  return {
    text: text.slice(0, maxTextCharacters).toWellFormed(),
    notes: [...notes, `Only the first ${maxTextCharacters} characters were read.`],
  };
}
