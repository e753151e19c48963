/**
 * An IMAP server that becomes hostile during a tool call: the call ends within its deadline, the next call works once
 * the server behaves, and other people's calls are not delayed.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { AppError } from "../../src/errors.ts";
import { openImap } from "../../src/imap/connect.ts";
import { createConnections } from "../../src/imap/connections.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import {
  type HostileImap,
  type HostileScript,
  type ImapStage,
  type Misdeed,
  startHostileImap,
} from "../support/hostile-imap.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { bestOf, loopMsOf, p95Of } from "../support/own-time.ts";
import { connectPerson, type Person, wideRates } from "../support/person.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { createTestClock } from "../support/test-clock.ts";

const callMs = 1_000;
/** Tolerance for a busy machine. Without a deadline a call would last a minute. */
const graceMs = 3_000;
const deadlines = { callMs, imap: { connectMs: 800, greetingMs: 800, openMs: 900 } };
/** The form of an error: sentences without line breaks, and the failure code. */
const errorForm = /^[A-Z][^\n]{10,300}\([a-z_]+\)$/;

/** A person whose mail server becomes hostile at one stage of a call. */
type Victim = {
  stage: ImapStage;
  name: string;
  input: Record<string, unknown>;
  hostile: HostileImap;
  person: Person;
};

const stages: readonly Pick<Victim, "stage" | "name" | "input">[] = [
  { stage: "LOGIN", name: "list_mailboxes", input: {} },
  { stage: "LIST", name: "list_mailboxes", input: {} },
  { stage: "SELECT", name: "get_recent_emails", input: {} },
  { stage: "FETCH", name: "get_recent_emails", input: {} },
  { stage: "SEARCH", name: "search_emails", input: { query: "from:ann" } },
];

describeMail("A hostile mail server", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let victims: Victim[];
  let bystander: Person;

  beforeAll(async () => {
    const kit = await mailServer();
    const smtp = await startScriptedSmtp();
    product = await startProduct({ deadlines, rates: wideRates, clock });
    victims = [];
    for (const stage of stages) {
      const hostile = await startHostileImap({ exists: 3 });
      const user = { address: `${stage.stage}@victims.test`, password: "any" };
      const servers = { imap: hostile.server, smtp: smtp.server };
      victims.push({ ...stage, hostile, person: await connectPerson(product, { user, servers }) });
    }
    bystander = await connectPerson(product, { user: await kit.newUser() });
    await smtp.stop();
  });

  afterAll(async () => {
    for (const { person } of victims ?? []) await person.client.close();
    await bystander?.client.close();
    await product?.stop();
    for (const { hostile } of victims ?? []) await hostile.stop();
  });

  /** Closes all connections, and makes the server behave like this from the next login on. */
  function setBehavior({ hostile }: Victim, on: HostileScript["on"]): void {
    hostile.dropAll();
    hostile.become(on);
  }

  let validity = 7;
  /** A mailbox of which nothing is remembered from an earlier misdeed. */
  function renumbered(): Misdeed {
    validity += 1;
    return {
      say: `* 3 EXISTS\r\n* OK [UIDVALIDITY ${validity}] ok\r\n* OK [UIDNEXT 4] ok\r\nTAG OK [READ-WRITE] done\r\n`,
    };
  }

  const misdeeds: readonly Misdeed[] = [
    "stall",
    "cut",
    "bye",
    "endless line",
    "huge literal",
    "drip",
    "flood",
    "garbage",
    "nesting",
  ];

  test.each(misdeeds)(
    "%s, at every stage of a call: the call ends within its deadline with an error, and the next call works",
    async (misdeed) => {
      await Promise.all(
        victims.map(async (victim) => {
          setBehavior(victim, { SELECT: renumbered(), [victim.stage]: misdeed });
          const where = `${JSON.stringify(misdeed)} at ${victim.stage}`;
          const ms = await loopMsOf(async () => {
            const answer = await victim.person.client.try(victim.name, victim.input);
            // Emails over each of which the connection ended are named in an answer.
            const isNamed = victim.stage === "FETCH" && answer.text.includes("3 emails are not shown");
            expect(answer.isError || isNamed, `${where}: ${answer.text}`).toBe(true);
            if (answer.isError) expect(answer.text, where).toMatch(errorForm);
          });
          expect(ms, where).toBeLessThan(callMs + graceMs);
        }),
      );
      // A busy server causes a short pause for the account.
      clock.advance(6_000);
      for (const victim of victims) {
        setBehavior(victim, {});
        expect((await victim.person.client.try("list_mailboxes")).text).toContain("INBOX");
      }
    },
  );

  test.each([
    [
      "more emails than exist",
      { SELECT: { say: "* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done\r\n" } },
    ],
    ["a negative count", { SELECT: { say: "* -5 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done\r\n" } }],
    ["no UIDVALIDITY", { SELECT: { say: "* 3 EXISTS\r\nTAG OK done\r\n" } }],
    [
      "rows that were not requested",
      {
        FETCH: { say: "* 77 FETCH (UID 99 FLAGS ())\r\n* 1 FETCH (UID 0 FLAGS (\\Seen))\r\nTAG OK done\r\n" },
      },
    ],
    [
      "a literal shorter than announced",
      { FETCH: { say: "* 1 FETCH (UID 1 BODY[] {500}\r\nshort)\r\nTAG OK done\r\n" } },
    ],
    [
      "hits that do not exist",
      { SEARCH: { say: "* SEARCH 0 5000000000 18446744073709551616 -3 x\r\nTAG OK done\r\n" } },
    ],
    ["another command's tag", { SEARCH: { say: "ZZ99 OK done\r\nTAG OK done\r\n" } }],
    [
      "mailboxes with invalid names",
      {
        LIST: {
          say: '* LIST () "/" "a\\"b"\r\n* LIST () NIL {3}\r\n\r\n\0\r\n* LIST (\\Noselect) "/" __proto__\r\nTAG OK done\r\n',
        },
      },
    ],
  ])("invalid responses, %s: the call ends within its deadline and the next one works", async (_, on) => {
    const [victim] = victims;
    if (!victim) throw new Error("nobody is there");
    setBehavior(victim, on);
    for (const [name, input] of [
      ["list_mailboxes", {}],
      ["get_recent_emails", {}],
      ["search_emails", { query: "x" }],
    ] as const) {
      const ms = await loopMsOf(async () => {
        const answer = await victim.person.client.try(name, input);
        if (answer.isError) expect(answer.text).toMatch(errorForm);
      });
      expect(ms).toBeLessThan(callMs + graceMs);
    }
    setBehavior(victim, {});
    clock.advance(6_000);
    expect((await victim.person.client.try("list_mailboxes")).text).toContain("INBOX");
  });

  test("five floods at once: another person's calls are answered in less than half a second", async () => {
    for (const victim of victims) setBehavior(victim, { FETCH: "flood" });
    let isOver = false;
    const flooded = victims.map(async ({ person }) => {
      while (!isOver) await person.client.try("get_recent_emails");
    });
    const p95 = await bestOf(500, () => p95Of(20, () => bystander.client.try("list_mailboxes")));
    isOver = true;
    await Promise.all(flooded);
    expect(p95).toBeLessThan(500);
  });

  test("its text and the passwords are not in the log", () => {
    const log = product.logged.join("\n");
    const found = ["Autologout", "xxxxx", "victims.test", bystander.user.password].filter((secret) =>
      log.includes(secret),
    );
    expect(found).toEqual([]);
    expect(product.logged.filter((line) => line.includes('"event":"bug"'))).toEqual([]);
  });
});

test("The bytes that a server may send for one call are limited, and the call is not repeated", async () => {
  const hostile = await startHostileImap({ exists: 3, on: { FETCH: "flood" } });
  const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
  const pool = createConnections({
    open: (credentials, signal) => openImap(credentials, { outbound, signal }),
    clock: createTestClock(),
    limits: { bytesPerCall: 200_000 },
  });
  const address = "ann@example.test";
  const credentials = {
    address,
    username: address,
    password: "x",
    provider: "generic",
    imap: hostile.server,
  };
  const signal = AbortSignal.timeout(10_000);
  const failure = await pool
    .use(
      { grantId: "grt_1", accountId: "acc_1", credentials },
      { mailbox: "INBOX", effect: "read", signal },
      (imap) => imap.fetchAll("1:*", { uid: true }),
    )
    .catch((error: AppError) => error.message);
  expect(failure).toBe("The mail server sent more than fits.");
  expect(hostile.connections()).toBe(1);
  expect(signal.aborted).toBe(false);
  await pool.close();
  await hostile.stop();
});
