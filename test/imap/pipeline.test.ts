/** Commands sent without waiting (RFC 9051 section 5.5), on a scripted server that answers them, or does not bear them. */
import { afterEach, expect, test } from "bun:test";
import { ImapFlow } from "imapflow";
import packageFile from "imapflow/package.json" with { type: "json" };
import type { ConnectionOwner } from "../../src/credentials.ts";
import { openImap } from "../../src/imap/connect.ts";
import { type Connections, createConnections } from "../../src/imap/connections.ts";
import { hasInternals, inFlight } from "../../src/imap/pipeline.ts";
import { canExecute } from "../../src/imap/raw-search.ts";
import { selectMailbox } from "../../src/imap/select.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { type HostileImap, type HostileScript, startHostileImap } from "../support/hostile-imap.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually, pause } from "../support/waiting.ts";

const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
const opened: { pool: Connections; imap: HostileImap }[] = [];

afterEach(async () => {
  for (const { pool, imap } of opened.splice(0)) {
    await pool.close();
    await imap.stop();
  }
});

async function open(
  on: HostileScript["on"] = {},
  { password = "secret", onFirst = {} as HostileScript["on"] } = {},
) {
  const imap = await startHostileImap({ exists: 3, on, ...(onFirst && { onFirst }) });
  const pool = createConnections({
    open: (credentials, signal, facts) => openImap(credentials, { outbound, signal, facts }),
    clock: createTestClock(),
  });
  opened.push({ pool, imap });
  const address = "ann@example.test";
  const owner: ConnectionOwner = {
    grantId: "grt_1",
    accountId: "acc_1",
    credentials: { address, username: address, password, provider: "generic", imap: imap.server },
  };
  const lease = { mailbox: "INBOX", effect: "read" as const, signal: AbortSignal.timeout(20_000) };
  const select = () => pool.use(owner, lease, async ({ mailbox }) => (mailbox ? mailbox.exists : undefined));
  const names = () => imap.commands.map((line) => line.split(" ")[1]);
  return { imap, pool, owner, select, names };
}

/** A server that offers further capabilities. */
function offering(capabilities: string): HostileScript["on"] {
  const all = `CAPABILITY IMAP4rev1 UIDPLUS MOVE ${capabilities}`;
  return {
    greeting: { say: `* OK [${all}] ready\r\n` },
    CAPABILITY: { say: `* ${all}\r\nTAG OK done\r\n` },
  };
}

test("imapflow is the version whose internals are used, and has them", () => {
  expect(packageFile.version).toBe("2.10.2");
  expect(hasInternals(new ImapFlow({ host: "localhost", port: 993, secure: true, logger: false }))).toBe(
    true,
  );
});

test("RFC 9051 section 5.5: SELECT is sent before the commands after the login are answered", async () => {
  // The answer to NAMESPACE comes only with the one to SELECT, which a client that waits would never send.
  const { select, names } = await open({
    ...offering("NAMESPACE"),
    NAMESPACE: { say: "" },
    SELECT: {
      say: [
        '* NAMESPACE (("" "/")) NIL NIL\r\n3 OK done\r\n',
        "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\nTAG OK done\r\n",
      ].join(""),
    },
  });
  expect(await select()).toBe(3);
  expect(names()).toEqual(["LOGIN", "CAPABILITY", "NAMESPACE", "SELECT"]);
});

test("RFC 4959: the password goes with AUTHENTICATE PLAIN where the server offers SASL-IR", async () => {
  const { imap, select } = await open(offering("AUTH=PLAIN SASL-IR"));
  await select();
  const response = Buffer.from("\0ann@example.test\0secret").toString("base64");
  expect(imap.commands[0]).toBe(`1 AUTHENTICATE PLAIN ${response}`);
});

test("LOGIN is used where PLAIN would take two round trips, but not for a password beyond plain ASCII", async () => {
  const ascii = await open(offering("AUTH=PLAIN"));
  await ascii.select();
  expect(ascii.imap.commands[0]).toBe('1 LOGIN "ann@example.test" "secret"');
  const other = await open(offering("AUTH=PLAIN"), { password: "süß" });
  await other.select().catch(() => {});
  expect(other.imap.commands[0]).toBe("1 AUTHENTICATE PLAIN");
});

test("A server that hangs up, answers BAD or answers in another order gets its commands one by one", async () => {
  const usual = offering("NAMESPACE");
  const misdeeds: HostileScript["on"][] = [
    { NAMESPACE: "cut" },
    { SELECT: { say: "TAG BAD one at a time\r\n" } },
    { NAMESPACE: { say: "" } },
  ];
  for (const misdeed of misdeeds) {
    const { imap, pool, select, names } = await open(usual, { onFirst: misdeed });
    expect(await select()).toBe(3);
    expect(imap.connections()).toBe(2);
    imap.become({ ...usual, NAMESPACE: "stall" });
    imap.dropAll();
    await eventually(() => pool.count() === 0);
    const waiting = select();
    waiting.catch(() => {});
    await eventually(() => names().filter((name) => name === "NAMESPACE").length === 3);
    // SELECT waits for the answer that does not come.
    await pause(100);
    expect(names().at(-1)).toBe("NAMESPACE");
    imap.dropAll();
    await waiting.catch(() => {});
  }
});

test("RFC 3501 section 2.3.1.1: no STORE is sent before SELECT has told the UIDVALIDITY", async () => {
  const { imap, pool, owner, select, names } = await open(offering("NAMESPACE"));
  await select();
  imap.become({ ...offering("NAMESPACE"), SELECT: "stall" });
  const signal = AbortSignal.timeout(20_000);
  const storing = pool.use(owner, { effect: "write", signal }, (connection) =>
    inFlight(
      connection,
      async () => {
        const selecting = selectMailbox(connection, "Other");
        const storing = canExecute(connection)
          ? connection.exec("UID STORE", [{ type: "SEQUENCE", value: "1" }], { untagged: {} })
          : undefined;
        await Promise.all([selecting, storing]);
      },
      { stores: true },
    ),
  );
  storing.catch(() => {});
  await eventually(() => names().at(-1) === "SELECT" && names().length > 4);
  await pause(100);
  expect(names()).not.toContain("UID");
  imap.dropAll();
  await storing.catch(() => {});
});
