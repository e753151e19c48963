/** One-time links as rows: what opens with one, and how many there may be. */
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

test("a link opens what it was made for, for its time, and as no other kind", () => {
  const grant = newGrant();
  const target = { id: "an email", index: 1 };
  const link = links.make(grant, { kind: "download", target, lifetimeSeconds: 600 });
  expect(link.url).toMatch(/^https:\/\/mail\.example\.org\/download\/[0-9a-f]{64}$/);
  const secret = secretOf(link);
  expect(() => links.open("upload", secret)).toThrow("expired");
  expect(() => links.spend("upload", secret)).toThrow("expired");
  expect(links.open("download", secret)).toMatchObject({ grant, target, used: false });
  clock.advance(599_999);
  expect(links.open("download", secret).used).toBe(false);
  clock.advance(1);
  expect(() => links.open("download", secret)).toThrow("expired");
});

test.each([
  ["download", 100],
  ["upload", 20],
] as const)(
  "of unused links a grant may have so many: %s, %i; a used one and one that is over make room",
  (kind, most) => {
    const grant = newGrant();
    const make = (owner = grant) => links.make(owner, { kind, target: {}, lifetimeSeconds: 600 });
    const first = make();
    for (let count = 1; count < most; count += 1) make();
    expect(() => make()).toThrow(`There are ${most} unused links already.`);
    expect(() => make(newGrant())).not.toThrow();
    links.spend(kind, secretOf(first));
    make();
    expect(() => make()).toThrow("unused");
    clock.advance(600_000);
    expect(() => make()).not.toThrow();
  },
);
