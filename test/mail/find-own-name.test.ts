/** The display name in From. */
import { expect, test } from "bun:test";
import { openImap, proveImap } from "../../src/imap/connect.ts";
import { createOwnNameFinder } from "../../src/mail/sending/find-own-name.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { connectPersonByForm } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"] });

const from = (name: string, address: string) => ({
  raw: `From: ${name} <${address}>\nTo: ben@example.test\nSubject: Hello\nDate: Mon, 6 May 2024 10:12:00 +0200\n\nHi\n`,
  mailbox: "Sent",
});

async function toCredentials(user: User) {
  const { imap } = await mailServer();
  return { ...user, username: user.address, provider: "generic", imap };
}

/** The name found for a user whose Sent holds emails with these names, oldest first. */
async function findName(user: User, names: readonly string[]): Promise<string | undefined> {
  await (await mailServer()).deliverAll(
    user,
    names.map((name) => from(name, user.address)),
  );
  const imap = await openImap(await toCredentials(user), { outbound, signal: AbortSignal.timeout(20_000) });
  try {
    return await createOwnNameFinder(user.address)(imap);
  } finally {
    imap.close();
  }
}

describeMail("The display name of a person", () => {
  test("stands in From as in the emails they sent themselves", async () => {
    const kit = await mailServer();
    const [user, ben] = [await kit.newUser(), await kit.newUser()];
    await kit.deliverAll(user, [from("=?utf-8?q?Ann_L=C3=A9e?=", user.address.toUpperCase())]);
    await withProduct({}, async (product) => {
      const { client } = await connectPersonByForm(product, { user });
      const sent = await client.call("send_email", { to: [ben.address], subject: "Hello", body: "Hi" });
      expect(sent.text).toContain(`From: Ann Lée <${user.address}>`);
      const [email] = await kit.read(ben);
      expect(email?.raw).toContain(`From: =?UTF-8?Q?Ann_L=C3=A9e?= <${user.address}>\r\n`);
    });
  });

  test("is absent where Sent is empty", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withProduct({}, async (product) => {
      const { client } = await connectPersonByForm(product, { user });
      const draft = await client.call("draft_email", { to: [user.address], subject: "Hello", body: "Hi" });
      expect(draft.text).toContain(`From: ${user.address}\n`);
    });
  });

  test("is the newest one beside exactly this address, in one line, and never an address", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    expect(await findName(user, [])).toBeUndefined();
    expect(await findName(user, ["Ann", "Ann Lee", ""])).toBe("Ann Lee");
    await kit.deliverAll(user, [from("Somebody", "somebody@example.test")]);
    expect(await findName(user, ["boss@example.org"])).toBe("Ann Lee");
    expect(await findName(user, ["=?utf-8?q?Eve=0D=0ABcc=3A_x?="])).toBe("Eve Bcc: x");
  });

  test("does not delay the login check", async () => {
    const user = await (await mailServer()).newUser();
    const deps = { outbound, signal: AbortSignal.timeout(20_000) };
    const never = () => new Promise<string>(() => {});
    expect(await proveImap(await toCredentials(user), deps, never)).toBeUndefined();
    const failing = () => Promise.reject(new Error("no Sent"));
    expect(await proveImap(await toCredentials(user), deps, failing)).toBeUndefined();
  });
});
