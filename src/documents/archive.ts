/** ZIP files and what is in them, never unpacked beyond a limit whatever they claim. */
import { unzipSync } from "fflate";
import { maxUnpackedBytes } from "./document.ts";

export type Archive = {
  names: readonly string[];
  /** A member's text, UTF-8; empty when it is not there. */
  text(name: string): string;
};

/** `wanted` chooses what is unpacked. Throws when it is no ZIP, or when the chosen members are too large. */
export function openArchive(bytes: Uint8Array, wanted: (name: string) => boolean): Archive {
  const names: string[] = [];
  let unpacked = 0;
  const members = unzipSync(bytes, {
    filter: ({ name, originalSize }) => {
      if (names.length < 10_000) names.push(name);
      if (!wanted(name)) return false;
      unpacked += originalSize;
      if (unpacked > maxUnpackedBytes) throw new Error("unpacks to too much");
      return true;
    },
  });
  const decoder = new TextDecoder();
  return {
    names,
    text: (name) => (Object.hasOwn(members, name) ? decoder.decode(members[name]) : ""),
  };
}
