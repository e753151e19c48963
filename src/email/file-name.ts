/** Safe names for files on a person's disk. */

const maxCharacters = 120;

/**
 * No folders, no controls or invisible letters, no leading dots, no name that a system keeps for itself; at most 120
 * characters with the ending kept.
 */
export function toSafeFileName(name: string): string {
  const bare = name
    .toWellFormed()
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\ufffd]/gu, "")
    .split(/[/\\]/)
    .join("_")
    .replace(/[:*?"<>|]/g, "_")
    .replace(/\s+/g, " ")
    .replace(/^[. ]+|[. ]+$/g, "");
  const reserved = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³])(\.|$)/i.test(bare)
    ? `_${bare}`
    : bare;
  if (reserved.length <= maxCharacters) return reserved || "file";
  const ending = /\.[\p{L}\p{N}]{1,10}$/u.exec(reserved)?.[0] ?? "";
  return `${[...reserved]
    .slice(0, maxCharacters - ending.length)
    .join("")
    .trimEnd()}${ending}`;
}
