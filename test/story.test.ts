/**
 * The main use of the product, by the official MCP client over HTTP and with real mail servers: two people connect
 * their mailboxes, one sends an email, the other finds, reads, marks and archives it.
 */
import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connectMailbox } from "./support/authorize.ts";
import { startBinary } from "./support/binary.ts";
import { describeMail, mailTest } from "./support/installed.ts";
import { mailServer } from "./support/mail-server.ts";
import { openClient } from "./support/mcp-client.ts";
import { startProduct } from "./support/product.ts";
import { rowsOf, runStory } from "./support/two-people.ts";

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
