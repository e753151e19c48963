/** Sequence sets of UIDs (RFC 3501 section 9). */

/** UIDs as a compact sequence set: 1,2,3,7 -> "1:3,7". Empty for none. */
export function toUidSet(uids: readonly number[]): string {
  return toUidRanges(uids).map(formatRange).join(",");
}

/** RFC 7162 section 4 advises clients to keep command lines under 8,192 octets. */
const maxOctets = 8_000;
/** Slow servers take some seconds for as many emails. */
const maxUids = 1_250;

/** Splits UIDs into parts that one command each can name, ascending. */
export function splitUids(uids: readonly number[]): number[][] {
  const parts: number[][] = [];
  let octets = Number.POSITIVE_INFINITY;
  for (const range of toUidRanges(uids)) {
    const added = formatRange(range).length + 1;
    if (octets + added > maxOctets) {
      parts.push([]);
      octets = 0;
    }
    octets += added;
    for (let uid = range.from; uid <= range.to; uid += 1) {
      if ((parts.at(-1)?.length ?? 0) >= maxUids) {
        parts.push([]);
        octets = added;
      }
      parts.at(-1)?.push(uid);
    }
  }
  return parts;
}

type Range = { from: number; to: number };

const formatRange = ({ from, to }: Range) => (from === to ? `${from}` : `${from}:${to}`);

function toUidRanges(uids: readonly number[]): Range[] {
  const sorted = [...new Set(uids)].sort((a, b) => a - b);
  const ranges: Range[] = [];
  for (const uid of sorted) {
    const last = ranges.at(-1);
    if (last && last.to === uid - 1) last.to = uid;
    else ranges.push({ from: uid, to: uid });
  }
  return ranges;
}
