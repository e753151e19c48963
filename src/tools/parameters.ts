/** Parameters shared by several tools. Their descriptions are short, because every conversation carries tools/list. */
import { z } from "zod";

/** Some models send "" for an argument they leave out. */
const emptyToUndefined = (text: string) => text.trim() || undefined;

export const account = z
  .string()
  .max(320)
  .transform(emptyToUndefined)
  .optional()
  .describe("Address; only if several are connected");

export const mailbox = z
  .string()
  .min(1)
  .max(1000)
  .describe("Path, or inbox, sent, drafts, trash, archive, junk");

export const limit = z.int().min(1).max(100).default(20).describe("How many");

export const cursor = z
  .string()
  .max(16_000)
  .transform(emptyToUndefined)
  .optional()
  .describe("From the previous answer, to continue");

const id = z.string().trim().min(1).max(1500);

export const emailId = id.describe("Email id from a list or search");

/** The emails that a tool changes: by their ids, or by a selection. */
export const emailSet = {
  ids: z.array(id).min(1).max(500).optional().describe("Email ids, at most 500"),
  selection: z
    .string()
    .max(40_000)
    .transform(emptyToUndefined)
    .optional()
    .describe("In place of ids: from a search, 5,000 emails a call"),
};

export const offset = z.int().min(0).default(0).describe("Continue at this character");
