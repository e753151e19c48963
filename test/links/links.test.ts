/** The rows of one-time links: reading, redeeming, expiry and the limit of unused links. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { openDatabase } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createLinks, type Links } from "../../src/links/links.ts";
import { toWrapContext } from "../../src/oauth/wrap-context.ts";
import { createSecrets, newId, newKey } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock, type TestClock } from "../support/test-clock.ts";

let clock: TestClock;
let database: ReturnType<typeof openDatabase>;
let links: Links;
beforeEach(() => {
  clock = createTestClock();
  database = openDatabase({ dataDir: temporaryFolder("links") });
  links = createLinks({
    db: database.db,
    secrets: createSecrets([newKey()]),
    clock,
    publicUrl: "https://mail.example.org",
    toWrapContext: (grantId) => toWrapContext("link", grantId),
  });
});
afterEach(() => database.close());

function newGrant() {
  const grant = { id: newId("grt"), dataKey: newKey() };
  const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
  database.db
    .insert(grants)
    .values({ id: grant.id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
    .run();
  return grant;
}

const secretOf = ({ url }: { url: string }) => url.slice(url.lastIndexOf("/") + 1);

test("a link gives its target until it expires, and only under its own kind", () => {
  const grant = newGrant();
  const target = { id: "an email", index: 1 };
  const link = links.create(grant, { kind: "download", target, lifetimeSeconds: 600 });
  expect(link.url).toMatch(/^https:\/\/mail\.example\.org\/download\/[0-9a-f]{64}$/);
  const secret = secretOf(link);
  expect(() => links.read("upload", secret)).toThrow("expired");
  expect(() => links.redeem("upload", secret)).toThrow("expired");
  expect(links.read("download", secret)).toMatchObject({ grant, target, used: false });
  clock.advance(599_999);
  expect(links.read("download", secret).used).toBe(false);
  clock.advance(1);
  expect(() => links.read("download", secret)).toThrow("expired");
});

test.each([
  ["download", 100],
  ["upload", 20],
] as const)(
  "a grant may have a limited number of unused %s links, %i; used and expired ones do not count",
  (kind, most) => {
    const grant = newGrant();
    const create = (owner = grant) => links.create(owner, { kind, target: {}, lifetimeSeconds: 600 });
    const first = create();
    for (let count = 1; count < most; count += 1) create();
    expect(() => create()).toThrow(`There are ${most} unused links already.`);
    expect(() => create(newGrant())).not.toThrow();
    links.redeem(kind, secretOf(first));
    create();
    expect(() => create()).toThrow("unused");
    clock.advance(600_000);
    expect(() => create()).not.toThrow();
  },
);
