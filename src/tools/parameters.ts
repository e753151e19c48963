/** Parameters that several tools share, described once and briefly: every listing pays for every byte. */
import { z } from "zod";

export const account = z.string().max(320).optional().describe("Address; only if several are connected");

export const mailbox = z
  .string()
  .min(1)
  .max(1000)
  .describe("Path, or inbox, sent, drafts, trash, archive, junk");

/** How many rows. Lists show 1–100. */
export const limit = z.int().min(1).max(100).default(20).describe("How many");

export const cursor = z.string().max(16_000).optional().describe("From the previous answer, to continue");

export const emailId = z.string().min(1).max(1500).describe("Email id from a list or search");

/** A tool's `ids`; `max` is 100 for flags and 500 for moves. */
export const emailIds = (max: number) =>
  z.array(z.string().max(1500)).min(1).max(max).describe(`Email ids, at most ${max}`);

export const offset = z.int().min(0).default(0).describe("Continue at this character");
