/**
 * The main use of the product, by the official MCP client over HTTP and with real mail servers: two people connect
 * their mailboxes, one sends an email, the other finds, reads, marks and archives it.
 */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connectMailbox, type Entrance } from "./support/authorize.ts";
import { startBinary } from "./support/binary.ts";
import { describeMail, mailTest } from "./support/installed.ts";
import { mailServer, type User } from "./support/mail-server.ts";
import { openClient } from "./support/mcp-client.ts";
import { startProduct } from "./support/product.ts";
import { eventually } from "./support/waiting.ts";

type Row = { id: string; subject: string; unread: boolean; from: { address: string } };

const rowsOf = (data: Record<string, unknown>): Row[] => data.emails as Row[];

/** Runs the whole story. Returns the secrets that must not be found on the disk afterwards. */
async function runStory(product: Entrance, subject: string): Promise<string[]> {
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

/** Reads all files of a folder. */
function readAllFiles(folder: string): Buffer {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
}

/** Returns the secrets that occur in the content: as they are, in hex or in base64. */
function findSecrets(content: Buffer, secrets: readonly string[]): string[] {
  return secrets.filter((secret) =>
    [
      secret,
      Buffer.from(secret).toString("hex"),
      Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -1),
      Buffer.from(secret, "hex").length === secret.length / 2 ? Buffer.from(secret, "hex") : secret,
    ].some((form) => content.includes(form)),
  );
}

describeMail("The story", () => {
  mailTest(
    "Two people connect their mailboxes, and one finds, reads and archives the email that the other sent",
    async () => {
      const product = await startProduct();
      const secrets = await runStory(product, "Friday at the bridge");
      expect(findSecrets(readAllFiles(product.dataDir), secrets)).toEqual([]);
      expect(findSecrets(Buffer.from(product.logged.join("\n")), secrets)).toEqual([]);
      await product.stop();
      expect(findSecrets(readAllFiles(product.dataDir), secrets)).toEqual([]);
    },
  );

  mailTest("A session continues after a restart of the server", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, `From: a@example.test\nTo: ${user.address}\nSubject: Still here\n\nYes.\n`);
    const before = await startProduct();
    const { accessToken } = await connectMailbox(before, user);
    const claude = await openClient(before, accessToken);
    await claude.call("get_recent_emails");
    const { port } = new URL(before.url);
    await before.stop();

    const after = await startProduct({ settings: { PORT: port, DATA_DIR: before.dataDir } });
    expect(after.url).toBe(before.url);
    const answer = await claude.call("get_recent_emails");
    expect(rowsOf(answer.data).map((row) => row.subject)).toEqual(["Still here"]);
    await claude.close();
    await after.stop();
  });

  mailTest("The compiled executable does the same from an empty folder", async () => {
    const product = await startBinary();
    const secrets = await runStory(product, "Saturday at the bridge");
    expect(await product.stop()).toBe(0);
    expect(readdirSync(product.folder)).toEqual([]);
    expect(findSecrets(readAllFiles(product.dataDir), secrets)).toEqual([]);
    expect(findSecrets(Buffer.from(product.stdout() + product.stderr()), secrets)).toEqual([]);
  });
});
