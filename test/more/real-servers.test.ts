/**
 * The main use of the product on Cyrus and Courier, compared answer by answer with Dovecot's. Debian's packages of them
 * are unpacked and run in a chroot, which needs root on Debian; elsewhere these tests are skipped.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connectMailbox } from "../support/authorize.ts";
import { startCourier, unpackCourier } from "../support/courier.ts";
import { startCyrus, unpackCyrus } from "../support/cyrus.ts";
import type { Unpacked } from "../support/debian-packages.ts";
import { hasMailServer } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { withProduct } from "../support/product.ts";
import type { RealServer } from "../support/real-server.ts";
import { type Step, tellStory } from "../support/server-story.ts";
import { raw } from "../support/small-mailbox.ts";

/** A difference of a server's answers from Dovecot's, with its reason. */
type Difference = { because: string; toDovecots(answer: string): string };

type Candidate = {
  unpack(): Unpacked;
  start(unpacked: string): Promise<RealServer>;
  differences: readonly Difference[];
};

const candidates: Readonly<Record<string, Candidate>> = {
  Cyrus: { unpack: unpackCyrus, start: startCyrus, differences: [] },
  Courier: {
    unpack: unpackCourier,
    start: startCourier,
    differences: [
      {
        because: "its personal namespace is below INBOX, so every other path begins with INBOX.",
        toDovecots: (answer) => answer.replace(/\bINBOX\.(?=\S)/g, ""),
      },
      {
        because: "its levels are separated by a full stop, which a path shows as the server has it",
        toDovecots: (answer) => answer.replaceAll("Projects.2026", "Projects/2026"),
      },
      {
        because: "a name with a full stop would be two levels there, and is refused",
        toDovecots: (answer) =>
          answer
            .replace(/^refused: This mail server separates levels by ".*$/s, 'Created. Its path is "v1.2".')
            .replace(/^Searched: .*Projects\/2026/m, "$&, v1.2")
            .replace(/^Projects\/2026: .*$/m, "$&\nv1.2: 0, 0 unread"),
      },
    ],
  },
};

/** Why a server is not tested here, for the title and the output of the run; undefined when it is. */
function whyNot(unpacked: Unpacked): string | undefined {
  return hasMailServer ? unpacked.missing : "Dovecot, to compare with, is not installed";
}

let dovecots: Promise<Step[]> | undefined;

const tellDovecots = async () => {
  const server = await mailServer();
  return withProduct({}, (product) => tellStory(product, server));
};

/** Connects a mailbox through the form and calls the tools on it. */
function withClient<T>(server: RealServer, user: User, work: (client: TestClient) => Promise<T>): Promise<T> {
  return withProduct({}, async (product) => {
    const { accessToken } = await connectMailbox(product, user, { servers: server });
    const client = await openClient(product, accessToken);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  });
}

for (const [name, { unpack, start, differences }] of Object.entries(candidates)) {
  const unpacked = unpack();
  const reason = whyNot(unpacked);
  if (reason !== undefined) process.stderr.write(`\n${name} is not tested: ${reason}\n\n`);

  describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name}, skipped: ${reason}`, () => {
    let server: RealServer | undefined;
    let told: Promise<Step[]> | undefined;

    beforeAll(async () => {
      server = await start(unpacked.root ?? "");
    });

    afterAll(() => server?.stop());

    function requireServer(): RealServer {
      if (!server) throw new Error(`${name} did not start`);
      return server;
    }

    function tellTheirs(): Promise<Step[]> {
      told ??= withProduct({}, (product) => tellStory(product, requireServer()));
      return told;
    }

    test("answers every tool as Dovecot does, apart from the differences that are explained", async () => {
      dovecots ??= tellDovecots();
      const theirs = await tellTheirs();
      const translated = theirs.map((step) => ({
        ...step,
        answer: differences.reduce((answer, { toDovecots }) => toDovecots(answer), step.answer),
      }));
      expect(translated).toEqual(await dovecots);
    }, 300_000);

    for (const { because, toDovecots } of differences)
      test(`has this difference: ${because}`, async () => {
        const steps = await tellTheirs();
        expect(steps.some(({ answer }) => toDovecots(answer) !== answer)).toBe(true);
      }, 300_000);

    test("a mailbox is connected and read over STARTTLS, which is required before the login", async () => {
      const kit = requireServer();
      const user = await kit.newUser();
      await kit.deliver(user, raw("encrypted"));
      await withClient({ ...kit, imap: kit.imapStarttls }, user, async (client) => {
        expect((await client.call("get_recent_emails")).text).toContain("encrypted");
      });
    }, 60_000);

    test("an email sent to oneself is filed once in Sent and arrives once", async () => {
      const kit = requireServer();
      const ann = await kit.newUser();
      await withClient(kit, ann, async (client) => {
        await client.call("send_email", { to: [ann.address], subject: "To me", body: "Once." });
        expect((await kit.read(ann)).map(({ subject }) => subject)).toEqual(["To me"]);
        expect((await kit.read(ann, "Sent")).map(({ subject }) => subject)).toEqual(["To me"]);
      });
    });

    test("the mailboxes that a new user lacks are made by the first draft, delete and send", async () => {
      const kit = requireServer();
      const ann = await kit.newUser();
      await kit.deliver(ann, raw("old"));
      await withClient(kit, ann, async (client) => {
        await client.call("draft_email", { to: [ann.address], subject: "Draft", body: "Later." });
        await client.call("send_email", { to: [ann.address], subject: "Sent", body: "Now." });
        const { data } = await client.call("search_emails", { query: "subject:old in:inbox" });
        const [found] = data.emails as { id: string }[];
        await client.call("delete_email", { ids: [found?.id] });
        for (const [mailbox, subject] of [
          ["Drafts", "Draft"],
          ["Sent", "Sent"],
          ["Trash", "old"],
          ["INBOX", "Sent"],
        ])
          expect([mailbox, ...(await kit.read(ann, mailbox)).map((email) => email.subject)]).toEqual([
            mailbox ?? "",
            subject ?? "",
          ]);
      });
    });
  });
}
