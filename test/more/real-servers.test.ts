/**
 * The main use of the product on Cyrus, Courier and GNU mailutils, compared answer by answer with Dovecot's. Debian's packages of them
 * are unpacked and run in a chroot, which needs root on Debian; elsewhere these tests are skipped.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { tools } from "../../src/tools/index.ts";
import { connectMailbox } from "../support/authorize.ts";
import { startCourier, unpackCourier } from "../support/courier.ts";
import { startCyrus, unpackCyrus } from "../support/cyrus.ts";
import type { Unpacked } from "../support/debian-packages.ts";
import { hasMailServer } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { startMailutils, unpackMailutils } from "../support/mailutils.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { withProduct } from "../support/product.ts";
import type { RealServer } from "../support/real-server.ts";
import {
  courierDifferences,
  type Difference,
  mailutilsDifferences,
  toDovecots,
} from "../support/server-differences.ts";
import { type Step, tellStory } from "../support/server-story.ts";
import { raw } from "../support/small-mailbox.ts";

type Candidate = {
  unpack(): Unpacked;
  start(unpacked: string): Promise<RealServer>;
  differences: readonly Difference[];
  /** Where it cannot expunge a single email, what was moved is still there, marked as deleted. */
  expunges: boolean;
};

const candidates: Readonly<Record<string, Candidate>> = {
  Cyrus: { unpack: unpackCyrus, start: startCyrus, differences: [], expunges: true },
  Courier: { unpack: unpackCourier, start: startCourier, differences: courierDifferences, expunges: true },
  "GNU mailutils": {
    unpack: unpackMailutils,
    start: startMailutils,
    differences: mailutilsDifferences,
    expunges: false,
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

/** Each tool with its answers on a server: how many are as Dovecot's, and how many are explained. */
function toTable(steps: readonly Step[], differences: readonly Difference[]): string[] {
  return [...Map.groupBy(steps, ({ tool }) => tool)].flatMap(([tool, calls]) => {
    if (tool === undefined) return [];
    const explained = calls.filter((call) => toDovecots(differences, call.answer, call.name) !== call.answer);
    return [
      `${tool}: ${calls.length - explained.length} of ${calls.length} the same, ${explained.length} explained`,
    ];
  });
}

for (const [name, { unpack, start, differences, expunges }] of Object.entries(candidates)) {
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
        answer: toDovecots(differences, step.answer, step.name),
      }));
      expect(translated).toEqual(await dovecots);
      process.stderr.write(
        `\n${name}, answers compared with Dovecot's:\n${toTable(theirs, differences).join("\n")}\n\n`,
      );
    }, 300_000);

    test("is asked by every tool", async () => {
      const asked = new Set((await tellTheirs()).map(({ tool }) => tool));
      // The card's tool records a decision, and asks no mail server.
      expect(tools.map((tool) => tool.name).filter((tool) => !asked.has(tool))).toEqual(["decide_approval"]);
    }, 300_000);

    for (const { because, toDovecots: edit } of differences)
      test(`has this difference: ${because}`, async () => {
        const steps = await tellTheirs();
        expect(steps.some((step) => edit(step.answer, step.name) !== step.answer)).toBe(true);
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
        const subjectsIn = async (mailbox: string) =>
          (await kit.read(ann, mailbox)).map(({ subject }) => subject);
        expect(await subjectsIn("Drafts")).toEqual(["Draft"]);
        expect(await subjectsIn("Sent")).toEqual(["Sent"]);
        expect(await subjectsIn("Trash")).toEqual(["old"]);
        expect(await subjectsIn("INBOX")).toEqual(expunges ? ["Sent"] : ["old", "Sent"]);
      });
    });
  });
}
