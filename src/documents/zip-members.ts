/** A ZIP archive that is no document: a list of its files, and the first of them for reading. */
import type { DocumentText, InnerFile } from "./document-text.ts";
import type { ZipArchive } from "./zip-archive.ts";

const maxListedMembers = 200;
const maxFilesRead = 10;
/** Bytes of all files that are given out for reading, unpacked. */
const maxFileBytes = 8_000_000;
/** Files without text, and those that macOS adds. */
const notText =
  /\.(png|jpe?g|gif|bmp|tiff?|webp|heic|ico|mp[34]|m4[av]|wav|ogg|avi|mov|mkv|exe|dll|msi|so|dmg|iso|class|[ot]tf|woff2?)$|(^|\/)(__MACOSX\/|\.DS_Store$)/i;

export function readZipMembers(archive: ZipArchive): DocumentText {
  const members = archive.members.filter(({ name }) => !name.endsWith("/"));
  const listed = members.slice(0, maxListedMembers).map(({ name, size }) => `${name} (${size} bytes)`);
  const candidates = members.filter(({ name, isEncrypted }) => !isEncrypted && !notText.test(name));
  const files = unpackFiles(
    archive,
    candidates.map(({ name }) => name),
  );
  const notes: string[] = [];
  if (listed.length < members.length)
    notes.push(`Only the first ${listed.length} of ${members.length} files are listed.`);
  if (members.some(({ isEncrypted }) => isEncrypted))
    notes.push("A password protects files in this archive.");
  if (files.length < candidates.length)
    notes.push(
      `${files.length} of the ${candidates.length} files that may contain text were read; a download link gives the whole file.`,
    );
  return { text: listed.join("\n"), notes, files };
}

/** Files that are damaged or too large are left out. */
function unpackFiles(archive: ZipArchive, names: readonly string[]): InnerFile[] {
  const files: InnerFile[] = [];
  let remainingBytes = maxFileBytes;
  for (const name of names) {
    if (files.length >= maxFilesRead) break;
    const bytes = archive.bytes(name, remainingBytes);
    if (!bytes) continue;
    remainingBytes -= bytes.length;
    files.push({ name, bytes });
  }
  return files;
}
