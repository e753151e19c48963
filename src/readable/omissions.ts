/** Omissions of a rendering, and its findings about signatures and encryption. */
import type { HtmlOmissions } from "../html/rendering.ts";

export type Omissions = HtmlOmissions & { quotedLines: number; signatureLines: number };

/** Protection that only the content shows, not the structure of the email. */
export type Protection = {
  /** For each smime.p7m: opened, or without readable content. */
  signedFiles: ("opened" | "unreadable")[];
  encrypted?: "S/MIME" | "PGP";
  signed?: "PGP";
};

/** A piece of an email as text, with what was found out on the way. */
export type RenderedPiece = { text: string; omissions: Omissions; protection: Protection };

/** Adds up the counts; absent ones are 0. */
export function sumOmissions(all: readonly Partial<Omissions>[]): Omissions {
  const sum = (count: (one: Partial<Omissions>) => number | undefined) =>
    all.reduce((total, one) => total + (count(one) ?? 0), 0);
  return {
    hiddenWords: sum(({ hiddenWords }) => hiddenWords),
    trackingPixels: sum(({ trackingPixels }) => trackingPixels),
    pictures: sum(({ pictures }) => pictures),
    invisibleCharacters: sum(({ invisibleCharacters }) => invisibleCharacters),
    tooDeep: all.some(({ tooDeep }) => tooDeep),
    quotedLines: sum(({ quotedLines }) => quotedLines),
    signatureLines: sum(({ signatureLines }) => signatureLines),
  };
}

/** The first finding of each kind counts. */
export function mergeProtection(all: readonly Protection[]): Protection {
  return {
    signedFiles: all.flatMap(({ signedFiles }) => signedFiles),
    encrypted: all.find(({ encrypted }) => encrypted)?.encrypted,
    signed: all.find(({ signed }) => signed)?.signed,
  };
}

export const noProtection: Protection = { signedFiles: [] };

/** Joins pieces that are not empty by an empty line. */
export function joinPieces(pieces: readonly RenderedPiece[]): RenderedPiece {
  return {
    text: joinSections(pieces.map(({ text }) => text)),
    omissions: sumOmissions(pieces.map(({ omissions }) => omissions)),
    protection: mergeProtection(pieces.map(({ protection }) => protection)),
  };
}

/** A piece of text that leaves nothing out. */
export const completePiece = (text: string): RenderedPiece => ({
  text,
  omissions: sumOmissions([]),
  protection: noProtection,
});

const joinSections = (sections: readonly string[]) =>
  sections.filter((section) => section !== "").join("\n\n");
