/** The features of a client that decide how its person is asked, read from the capabilities that it announces. */
import { z } from "zod";

export type ClientFeatures = {
  /** It shows its person a URL when asked to. */
  elicitsUrls: boolean;
  /** It shows cards: HTML resources of the server. */
  showsCards: boolean;
};

/** The features of a client that announced nothing, and of a call without a session. */
export const noFeatures: ClientFeatures = { elicitsUrls: false, showsCards: false };

/** MCP 2025-11-25, Elicitation, Capabilities. */
const urlCapability = z.object({ elicitation: z.object({ url: z.looseObject({}) }) });

/** The name of the extension MCP Apps (2026-01-26), and the media type of its HTML resources. */
const appsExtension = "io.modelcontextprotocol/ui";
export const cardMimeType = "text/html;profile=mcp-app";

const cardCapability = z.object({
  extensions: z.object({
    [appsExtension]: z.looseObject({
      mimeTypes: z
        .array(z.string())
        .refine((types) => types.includes(cardMimeType))
        .optional(),
    }),
  }),
});

/** Reads client capabilities. */
export function readFeatures(capabilities: unknown): ClientFeatures {
  return {
    elicitsUrls: urlCapability.safeParse(capabilities).success,
    showsCards: cardCapability.safeParse(capabilities).success,
  };
}
