/** Steps that the tests of the card share: new addresses, emails to erase, and the emails that left. */
import { toRaw } from "./emails.ts";
import { mailServer } from "./mail-server.ts";
import type { ToolAnswer } from "./mcp-client.ts";
import type { ConnectedPerson } from "./person-browser.ts";

/** The emails that the submission server took from a person. */
export async function submittedBy({ user }: ConnectedPerson) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === user.address);
}

export async function newAddress(): Promise<string> {
  return (await (await mailServer()).newUser()).address;
}

/** Delivers emails to INBOX, and returns the answer to erasing all of them for good. */
export async function askToErase(
  { user, client }: ConnectedPerson,
  subjects: readonly string[],
): Promise<ToolAnswer> {
  const kit = await mailServer();
  await kit.deliverAll(
    user,
    await Promise.all(subjects.map(async (subject) => ({ raw: await toRaw({ subject, text: "x" }) }))),
  );
  const { data } = await client.call("get_recent_emails", { limit: 100 });
  const ids = (data as { emails: { id: string }[] }).emails.map(({ id }) => id);
  return client.call("delete_email", { ids, permanently: true });
}
