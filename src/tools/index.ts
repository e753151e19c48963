/** What Claude can do, in the order it is listed. */
import type { Tool } from "./define-tool.ts";
import { getEmail } from "./get-email.ts";
import { getRecentEmails } from "./get-recent-emails.ts";
import { listMailboxes } from "./list-mailboxes.ts";
import { listProviders } from "./list-providers.ts";
import { searchEmails } from "./search-emails.ts";

export const tools: readonly Tool[] = [listMailboxes, getRecentEmails, searchEmails, getEmail, listProviders];
