import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export const requestUploadTool = defineTool({
  name: "request_upload",
  title: "Ask the person for files",
  description:
    "Makes a one-time page where the person puts files for an email. Give them the link; when they say the files have arrived, attach {upload}.",
  effect: "write",
  input: z.object({}),
  output: z.object({ upload: z.string(), url: z.string(), expires_at: z.string() }),
  async run(_input, { uploads }) {
    const { uploadId, url, expiresAt } = await uploads.request();
    return { upload: uploadId, url, expires_at: new Date(expiresAt).toISOString() };
  },
  render: ({ upload, url, expires_at }) =>
    [
      `Give the person this link; it works once, until ${expires_at}: ${url}`,
      `When they say that the files have arrived, attach them with attachments: [{"upload": "${upload}"}].`,
    ].join("\n"),
  audit: () => ({ count: 1 }),
});
