/** Headings and list items of a binary Word document (MS-DOC), by the properties of its paragraphs. */

/** Octets of the stream WordDocument that one paragraph takes, with the style and the list that it has. */
export type ParagraphProperties = { start: number; end: number; style: number; list: number; level: number };

/** Offsets in the file information block (MS-DOC section 2.5.6) of positions in the table stream; lengths follow. */
const paragraphTableOffset = 0x0102;
const listsOffset = 0x02e2;
const listOverridesOffset = 0x02ea;

const pageBytes = 512;
/** A damaged file must not name the same page again and again. */
const maxParagraphs = 100_000;

/** Yields the properties of all paragraphs that have any (section 2.8.6, PlcBtePapx). Throws RangeError when damaged. */
export function* paragraphsOf(block: Buffer, table: Buffer): Generator<ParagraphProperties> {
  const at = block.readUInt32LE(paragraphTableOffset);
  const count = Math.floor((block.readUInt32LE(paragraphTableOffset + 4) - 4) / 8);
  let left = maxParagraphs;
  for (let index = 0; index < count; index += 1) {
    const page = table.readUInt32LE(at + (count + 1 + index) * 4) & 0x3fffff;
    for (const paragraph of paragraphsOfPage(block.subarray(page * pageBytes, (page + 1) * pageBytes))) {
      if (left === 0) return;
      left -= 1;
      yield paragraph;
    }
  }
}

/** One page of paragraph properties (section 2.9.175, PapxFkp). */
function* paragraphsOfPage(page: Buffer): Generator<ParagraphProperties> {
  const runs = page.length === pageBytes ? page.readUInt8(pageBytes - 1) : 0;
  for (let run = 0; run < runs; run += 1) {
    const position = page.readUInt8((runs + 1) * 4 + run * 13) * 2;
    const words = position === 0 ? 0 : page.readUInt8(position);
    // Zero stands before a length of its own.
    const begin = words === 0 ? position + 2 : position + 1;
    const length = words === 0 ? 2 * page.readUInt8(position + 1) : 2 * words - 1;
    if (position === 0 || length < 2) continue;
    const properties = page.subarray(begin, begin + length);
    const { list, level } = listOf(properties.subarray(2));
    yield {
      start: page.readUInt32LE(run * 4),
      end: page.readUInt32LE((run + 1) * 4),
      style: properties.readUInt16LE(0),
      list,
      level,
    };
  }
}

/** Property modifiers (section 2.6.2): sprmPIlfo and sprmPIlvl. */
const listModifier = 0x460b;
const levelModifier = 0x260a;
/** Octets of an operand by the three highest bits of its modifier (section 2.6.1); a length comes first for 6. */
const operandBytes = [1, 1, 2, 4, 2, 2, 0, 3];

function listOf(modifiers: Buffer): { list: number; level: number } {
  let list = 0;
  let level = 0;
  for (let at = 0; at + 3 <= modifiers.length; ) {
    const modifier = modifiers.readUInt16LE(at);
    at += 2;
    if (modifier === levelModifier) level = modifiers.readUInt8(at);
    if (modifier === listModifier && at + 2 <= modifiers.length) list = modifiers.readUInt16LE(at);
    const kind = modifier >> 13;
    at += kind === 6 ? modifiers.readUInt8(at) + 1 : (operandBytes[kind] ?? 1);
  }
  return { list, level };
}

/** A level of a list: where its numbers start, or that its items have a bullet. */
export type ListLevel = { isBullet: boolean; start: number };

const listBytes = 28;
const levelBytes = 28;
const overrideBytes = 16;
/** Number formats (MS-OSHARED section 2.2.1.3) without a number. */
const bullet = 23;
const noNumber = 255;
const maxLists = 5_000;

/**
 * The levels of each list that paragraphs name, by its number from one (section 2.9.147, PlfLst, and 2.9.132, PlfLfo).
 * Throws RangeError when damaged.
 */
export function listsOf(block: Buffer, table: Buffer): ReadonlyMap<number, readonly ListLevel[]> {
  const levels = levelsById(block, table);
  const lists = new Map<number, readonly ListLevel[]>();
  if (block.readUInt32LE(listOverridesOffset + 4) === 0) return lists;
  const at = block.readUInt32LE(listOverridesOffset);
  const count = Math.min(table.readUInt32LE(at), maxLists);
  for (let index = 0; index < count; index += 1) {
    const id = table.readInt32LE(at + 4 + index * overrideBytes);
    lists.set(index + 1, levels.get(id) ?? []);
  }
  return lists;
}

function levelsById(block: Buffer, table: Buffer): Map<number, ListLevel[]> {
  const found = new Map<number, ListLevel[]>();
  if (block.readUInt32LE(listsOffset + 4) === 0) return found;
  const begin = block.readUInt32LE(listsOffset);
  const count = Math.min(table.readUInt16LE(begin), maxLists);
  // The levels of all lists follow the lists.
  let at = begin + 2 + count * listBytes;
  for (let index = 0; index < count; index += 1) {
    const list = begin + 2 + index * listBytes;
    const isSimple = (table.readUInt8(list + 26) & 1) === 1;
    const levels: ListLevel[] = [];
    for (let level = 0; level < (isSimple ? 1 : 9); level += 1) {
      const format = table.readUInt8(at + 4);
      levels.push({ isBullet: format === bullet || format === noNumber, start: table.readInt32LE(at) });
      at += levelBytes + table.readUInt8(at + 24) + table.readUInt8(at + 25);
      // The text of the number: a length and as many characters of two octets.
      at += 2 + 2 * table.readUInt16LE(at);
    }
    found.set(table.readInt32LE(list), levels);
  }
  return found;
}
