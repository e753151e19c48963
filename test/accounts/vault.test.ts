/** The accounts of a grant: their number, and rows that are damaged. */
import { expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { createAccessTokens } from "../../src/accounts/access-tokens.ts";
import { createVault } from "../../src/accounts/vault.ts";
import { createChildPool, renderCommand } from "../../src/child-process/pool.ts";
import { openStore } from "../../src/db/open.ts";
import { accounts, grants } from "../../src/db/schema.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { AppError } from "../../src/errors.ts";
import { createConnections } from "../../src/imap/connections.ts";
import { createLog } from "../../src/log.ts";
import { newId, newKey } from "../../src/secrets.ts";
import { createSubmissions } from "../../src/smtp/submissions.ts";
import { refusal } from "../support/refusal.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

const failToOpen = async () => {
  throw new Error("no connection must be opened");
};

async function openVault() {
  const clock = createTestClock();
  const { db, close } = await openStore({ dataDir: temporaryFolder("vault") });
  const vault = createVault({
    db,
    clock,
    connections: createConnections({ open: failToOpen, clock }),
    submissions: createSubmissions({ open: failToOpen }),
    accessTokens: createAccessTokens({
      issuers: [],
      upstream: { refresh: failToOpen, revoke: failToOpen },
      clock,
      log: createLog("silent"),
    }),
    children: createChildPool(renderCommand),
    documents: createDocumentReader(),
  });
  const [id, dataKey] = [newId("grt"), newKey()];
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: 0 };
  await db
    .insert(grants)
    .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "pending", ...times })
    .run();
  const save = async (address: string) => {
    const imap = { host: "imap.example.org", port: 993, security: "tls" } as const;
    await vault.saveAccount(db, id, dataKey, {
      address,
      username: address,
      password: "p",
      provider: "generic",
      imap,
    });
  };
  return { vault, db, close, id, dataKey, save };
}

test("a damaged account leaves the others usable; when it is the only one, the call says to connect it again", async () => {
  const { vault, db, close, id, dataKey, save } = await openVault();
  await save("ann@example.org");
  await save("ben@example.org");
  const grant = { id, clientId: "c", dataKey, level: "send" as const, expiresAt: 0 };
  const signal = new AbortController().signal;
  const list = () =>
    vault.withAccounts(grant, signal, async (handles, damaged) => ({
      addresses: handles.map(({ address }) => address),
      damaged,
    }));
  const [first, second] = await db.select().from(accounts).all();
  const damage = (row: typeof first) =>
    db
      .update(accounts)
      .set({ credentials: Buffer.from("damaged") })
      .where(eq(accounts.id, row?.id ?? ""))
      .run();
  expect(await list()).toEqual({ addresses: ["ann@example.org", "ben@example.org"], damaged: 0 });
  await damage(first);
  expect(await list()).toEqual({ addresses: ["ben@example.org"], damaged: 1 });
  await damage(second);
  expect(await refusal(list())).toMatchObject({ code: "login_refused", hint: "Connect the mailbox again." });
  // Connecting it again replaces what cannot be opened any more.
  await save("ann@example.org");
  expect(await list()).toEqual({ addresses: ["ann@example.org"], damaged: 0 });
  await close();
});

test("a grant holds ten accounts, and an existing one can be connected again", async () => {
  const { vault, close, id, dataKey, save } = await openVault();
  const addresses = Array.from({ length: 10 }, (_, at) => `ann${at}@example.org`);
  for (const address of addresses) await save(address);
  await expect(save("ann10@example.org")).rejects.toThrow(AppError);
  await save("ANN9@example.org");
  const connected = await vault.listAccounts(id, dataKey);
  expect(connected.map(({ address }) => address)).toEqual([...addresses.slice(0, 9), "ANN9@example.org"]);
  await close();
});
