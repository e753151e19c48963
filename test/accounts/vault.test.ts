/** The number of accounts of a grant. */
import { expect, test } from "bun:test";
import { createVault } from "../../src/accounts/vault.ts";
import { openDatabase } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { AppError } from "../../src/errors.ts";
import { createConnections } from "../../src/imap/connections.ts";
import { newId, newKey } from "../../src/secrets.ts";
import { createSubmissions } from "../../src/smtp/submissions.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

const failToOpen = async () => {
  throw new Error("no connection must be opened");
};

test("a grant holds ten accounts, and an existing one can be connected again", () => {
  const clock = createTestClock();
  const { db, close } = openDatabase({ dataDir: temporaryFolder("vault") });
  const vault = createVault({
    db,
    clock,
    connections: createConnections({ open: failToOpen, clock }),
    submissions: createSubmissions({ open: failToOpen }),
    documents: createDocumentReader(),
  });
  const [id, dataKey] = [newId("grt"), newKey()];
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: 0 };
  db.insert(grants)
    .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "pending", ...times })
    .run();
  const save = (address: string) => {
    const imap = { host: "imap.example.org", port: 993, security: "tls" } as const;
    vault.saveAccount(id, dataKey, { address, username: address, password: "p", provider: "generic", imap });
  };
  const addresses = Array.from({ length: 10 }, (_, at) => `ann${at}@example.org`);
  for (const address of addresses) save(address);
  expect(() => save("ann10@example.org")).toThrow(AppError);
  expect(() => save("ANN9@example.org")).not.toThrow();
  expect(vault.listAccounts(id, dataKey).map(({ address }) => address)).toEqual([
    ...addresses.slice(0, 9),
    "ANN9@example.org",
  ]);
  close();
});
