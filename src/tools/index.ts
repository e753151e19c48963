/** What Claude can do, in the order it is listed. */
import type { Tool } from "./define-tool.ts";
import { listProviders } from "./list-providers.ts";

export const tools: readonly Tool[] = [listProviders];
