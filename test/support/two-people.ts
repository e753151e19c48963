/** The main use of the product by two people, with the official MCP client, on any product that can be reached. */
import { expect } from "bun:test";
import { connectMailbox, type Entrance } from "./authorize.ts";
import { mailServer, type User } from "./mail-server.ts";
import { openClient } from "./mcp-client.ts";
import { eventually } from "./waiting.ts";

type Row = { id: string; subject: string; unread: boolean; from: { address: string } };

export const rowsOf = (data: Record<string, unknown>): Row[] => data.emails as Row[];

/** Runs the whole story. Returns the secrets that must not be found on the disk afterwards. */
export async function runStory(product: Entrance, subject: string): Promise<string[]> {
  const kit = await mailServer();
  const [ann, ben]: [User, User] = [await kit.newUser(), await kit.newUser()];
  const annsTokens = await connectMailbox(product, ann);
  const bensTokens = await connectMailbox(product, ben);
  const annsClaude = await openClient(product, annsTokens.accessToken);
  const bensClaude = await openClient(product, bensTokens.accessToken);

  const providers = await annsClaude.call("list_providers");
  expect(providers.text).toContain("Fastmail");
  const mailboxes = await annsClaude.call("list_mailboxes");
  expect(mailboxes.text).toContain("INBOX");

  await annsClaude.call("send_email", {
    to: [ben.address],
    subject,
    body: "Dear Ben,\n\nshall we meet at the **old bridge** on Friday?\n\nAnn",
  });
  expect((await kit.read(ann, "Sent")).map((email) => email.subject)).toEqual([subject]);

  const found = await eventually(async () => {
    const answer = await bensClaude.call("search_emails", { query: `subject:bridge from:${ann.address}` });
    return rowsOf(answer.data)[0];
  });
  expect(found).toMatchObject({ subject, unread: true, from: { address: ann.address } });
  const recent = await bensClaude.call("get_recent_emails", { limit: 5 });
  expect(rowsOf(recent.data).map((row) => row.subject)).toEqual([subject]);
  const read = await bensClaude.call("get_email", { id: found.id });
  expect(read.text).toContain("old bridge");

  await bensClaude.call("mark_as_read", { ids: [found.id] });
  const [stored] = await kit.read(ben);
  expect(stored?.flags).toContain("\\Seen");

  await bensClaude.call("draft_email", {
    to: [ann.address],
    subject: `Re: ${subject}`,
    body: "With pleasure.",
  });
  const [draft] = await kit.read(ben, "Drafts");
  expect(draft?.flags).toContain("\\Draft");
  expect(draft?.raw).toContain("With pleasure.");

  await bensClaude.call("move_email", { ids: [found.id], mailbox: "archive" });
  expect(await kit.read(ben)).toEqual([]);
  expect((await kit.read(ben, "Archive")).map((email) => email.subject)).toEqual([subject]);

  await Promise.all([annsClaude.close(), bensClaude.close()]);
  return [ann, ben]
    .flatMap((user) => [user.address, user.password])
    .concat([annsTokens, bensTokens].flatMap((tokens) => [tokens.accessToken, tokens.refreshToken]));
}
