/** The rows of one-time links: reading, redeeming, expiry and the limit of unused links. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { openStore } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createLinks, type Links } from "../../src/links/links.ts";
import { toWrapContext } from "../../src/oauth/wrap-context.ts";
import { createSecrets, newId, newKey } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock, type TestClock } from "../support/test-clock.ts";

let clock: TestClock;
let database: Awaited<ReturnType<typeof openStore>>;
let links: Links;
beforeEach(async () => {
  clock = createTestClock();
  database = await openStore({ dataDir: temporaryFolder("links") });
  links = createLinks({
    db: database.db,
    secrets: createSecrets([newKey()]),
    clock,
    publicUrl: "https://mail.example.org",
    toWrapContext: (grantId) => toWrapContext("link", grantId),
  });
});
afterEach(() => database.close());

async function newGrant() {
  const grant = { id: newId("grt"), dataKey: newKey() };
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
  await database.db
    .insert(grants)
    .values({ id: grant.id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
    .run();
  return grant;
}

const secretOf = ({ url }: { url: string }) => url.slice(url.lastIndexOf("/") + 1);

test("a link gives its target until it expires, and only under its own kind", async () => {
  const grant = await newGrant();
  const target = { id: "an email", index: 1 };
  const link = await links.create(grant, { kind: "download", target, lifetimeSeconds: 600 });
  expect(link.url).toMatch(/^https:\/\/mail\.example\.org\/download\/[0-9a-f]{64}$/);
  const secret = secretOf(link);
  await expect(links.read("upload", secret)).rejects.toThrow("expired");
  await expect(links.redeem("upload", secret)).rejects.toThrow("expired");
  expect(await links.read("download", secret)).toMatchObject({ grant, target, used: false });
  clock.advance(599_999);
  expect((await links.read("download", secret)).used).toBe(false);
  clock.advance(1);
  await expect(links.read("download", secret)).rejects.toThrow("expired");
});

test.each([
  ["download", 100],
  ["upload", 20],
] as const)(
  "a grant may have a limited number of unused %s links, %i; used and expired ones do not count",
  async (kind, most) => {
    const grant = await newGrant();
    const create = (owner = grant) => links.create(owner, { kind, target: {}, lifetimeSeconds: 600 });
    const first = await create();
    for (let count = 1; count < most; count += 1) await create();
    await expect(create()).rejects.toThrow(`There are ${most} unused links already.`);
    expect(await create(await newGrant())).toBeDefined();
    await links.redeem(kind, secretOf(first));
    await create();
    await expect(create()).rejects.toThrow("unused");
    clock.advance(600_000);
    expect(await create()).toBeDefined();
  },
);
