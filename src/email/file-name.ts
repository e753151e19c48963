/** File names that are safe in a header and on every disk. */
import { trimCharacters } from "./trim.ts";

const maxCharacters = 120;

/** Device names of Windows, with any extension: Windows opens the device instead of a file. */
const windowsDevice = /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[\d¹²³])[ ]*(?:\.|$)/i;

/**
 * Makes a file name safe, for files of received and of outgoing email. Removes control and invisible characters,
 * replaces path separators and the characters that Windows forbids, strips dots and spaces at both ends, and prefixes
 * names of Windows devices. At most 120 characters, the extension kept.
 *
 * @param fallback the name where nothing is left
 */
export function toSafeFileName(name: string, fallback = "file"): string {
  const clean = trimCharacters(
    name
      .toWellFormed()
      .normalize("NFC")
      .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\ufffd]/gu, "")
      .replace(/[/\\:*?"<>|]/g, "_")
      .replace(/\s+/g, " "),
    ". ",
  );
  const safe = windowsDevice.test(clean) ? `_${clean}` : clean;
  if (safe.length <= maxCharacters) return safe || fallback;
  const extension = /\.[\p{L}\p{N}]{1,10}$/u.exec(safe.slice(-22))?.[0] ?? "";
  const stem = [...safe.slice(0, 2 * maxCharacters)].slice(0, maxCharacters - extension.length).join("");
  return trimCharacters(stem, ". ") + extension;
}
