/** PNG files (RFC 2083) from the pixels of a picture. */
import { crc32, deflateSync } from "node:zlib";

/** `channels`: 3 for RGB and 4 for RGB with alpha, of 8 bits each; "1 bit" for black and white, 8 pixels in a byte. */
export type Pixels = { width: number; height: number; channels: 3 | 4 | "1 bit"; data: Uint8Array };

const signature = Buffer.from("89504e470d0a1a0a", "hex");
/** Bits of a sample and color type (section 4.1.1). */
const formats = { "1 bit": [1, 0], 3: [8, 2], 4: [8, 6] } as const;

/** Throws RangeError when there are fewer pixels than width and height say. */
export function encodePng({ width, height, channels, data }: Pixels): Buffer {
  const rowBytes = channels === "1 bit" ? Math.ceil(width / 8) : width * channels;
  if (data.length < rowBytes * height) throw new RangeError("a picture with too few pixels");
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(formats[channels], 8);
  // A row begins with its filter (section 6): none for black and white, else the difference to the row above.
  const filter = channels === "1 bit" ? 0 : 2;
  const rows = Buffer.alloc((rowBytes + 1) * height);
  for (let row = 0; row < height; row += 1) {
    const start = row * (rowBytes + 1);
    rows[start] = filter;
    for (let at = 0; at < rowBytes; at += 1) {
      const from = row * rowBytes + at;
      const above = filter === 0 || row === 0 ? 0 : (data[from - rowBytes] ?? 0);
      rows[start + 1 + at] = (data[from] ?? 0) - above;
    }
  }
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Section 3.2: length, type, data, and a check sum of type and data. */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
