import { z } from "zod";
import { defineTool, type ToolContent } from "./define-tool.ts";
import { mailAnswer, mailLine, mailText } from "./fence.ts";
import { emailId, offset } from "./parameters.ts";
import { showSize } from "./rows.ts";

export const getAttachmentTool = defineTool({
  name: "get_attachment",
  title: "Read an attachment",
  description:
    "Reads an attachment: PDF, Office, OpenDocument, EPUB, calendar, contact, email, ZIP and text files as text, pictures and scanned pages as they are. Or gives a link by which the person downloads it, once, within ten minutes.",
  effect: "read",
  input: z.object({
    id: emailId,
    index: z.int().min(1).max(1000).describe("Its number in get_email"),
    offset,
    max_characters: z.int().min(1000).max(150_000).default(25_000).describe("How much text at most"),
    link: z.boolean().default(false).describe("A download link for the person instead"),
  }),
  output: mailAnswer({
    index: z.int(),
    name: mailLine(),
    type: mailLine(),
    size: z.int(),
    kind: z.enum(["text", "image", "link", "none"]),
    text: mailText().optional(),
    images: z
      .array(z.object({ data: z.string(), mimeType: z.string(), page: z.int().optional() }))
      .optional(),
    offset: z.int().optional(),
    end: z.int().optional(),
    total: z.int().optional(),
    next_offset: z.int().optional(),
    download: z.object({ url: z.string(), expires: z.string() }).optional(),
    notes: z.array(z.string()),
  }),
  async run({ id, index, offset, max_characters, link }, { accountFor, downloads }) {
    const account = accountFor({ id });
    if (link) {
      const { name, type, size } = await account.describeAttachment({ id, index });
      const download = toDownload(await downloads.create({ id, index }));
      return { index, name, type, size, kind: "link" as const, download, notes: [] };
    }
    const request = { id, index, offset, maxCharacters: max_characters };
    const { kind, text, images, nextOffset, ...content } = await account.getAttachment(request);
    const { name, type, size, notes } = content;
    const facts = { index, name, type, size, kind, notes };
    if (kind === "image") return { ...facts, images };
    if (kind === "none") return { ...facts, download: toDownload(await downloads.create({ id, index })) };
    const { offset: start, end, total } = content;
    return { ...facts, text, images, offset: start, end, total, next_offset: nextOffset };
  },
  /** Without the images, which the content holds already. */
  publish: ({ images: _, ...data }) => data,
  render(data, fence): ToolContent[] {
    const { index, name, type, size, kind, text, images = [], download, notes } = data;
    const head = `Attachment ${index}: ${name} (${type}, ${showSize(size)})`;
    const about = [
      ...notes,
      data.next_offset === undefined
        ? ""
        : `Characters ${data.offset} to ${data.end} of ${data.total} are shown; continue with offset ${data.next_offset}.`,
      download ? `Download link, works once, until ${download.expires}: ${download.url}` : "",
    ].filter((line) => line !== "");
    const body = kind === "text" ? `${head}\n\n${text ?? ""}` : head;
    const shown: ToolContent[] = [{ type: "text", text: [fence(body), ...about].join("\n") }];
    return [...shown, ...images.map(({ data, mimeType }) => ({ type: "image" as const, data, mimeType }))];
  },
});

function toDownload({ url, expiresAt }: { url: string; expiresAt: number }) {
  return { url, expires: new Date(expiresAt).toISOString() };
}
