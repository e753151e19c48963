/** Passkeys against an authenticator in software: what is accepted, what each forgery meets, and what is at rest. */
import { expect, test } from "bun:test";
import { createPasskeys, maxPasskeys } from "../../src/approvals/passkeys.ts";
import { openStore } from "../../src/db/open.ts";
import { grants, passkeys as passkeyRows } from "../../src/db/schema.ts";
import { newKey } from "../../src/secrets.ts";
import { createAuthenticator } from "../support/authenticator.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

const origin = "https://mail.example";

async function openPasskeys(publicUrl = origin) {
  const { db, close } = await openStore({ dataDir: temporaryFolder("passkeys") });
  const clock = createTestClock();
  const newOwner = async (id: string) => {
    const times = { createdAt: 1, lastUsedAt: 1, expiresAt: 2 };
    await db.insert(grants).values({
      ...{ id, clientId: "c", redirectHost: "h", level: "approve", state: "live", ...times },
    } as typeof grants.$inferInsert);
    return { id, dataKey: newKey() };
  };
  const passkeys = createPasskeys({ db, clock, config: { publicUrl } });
  const owner = await newOwner("grt_1");
  const register = async (authenticator = createAuthenticator(origin)) => {
    const options = await passkeys.beginRegistration(owner, "ann@example.org");
    expect(await passkeys.register(owner, authenticator.create(options))).toBe(true);
    return authenticator;
  };
  return { passkeys, db, close, clock, owner, newOwner, register };
}

const purpose = ["apr_1", "send", "hash-of-the-bytes"];

test("a registered passkey proves one purpose once, with its user verified", async () => {
  const { passkeys, owner, close, clock, register } = await openPasskeys();
  const authenticator = await register();
  const options = await passkeys.beginProof(owner, purpose);
  if (!options) throw new Error("no options");
  expect(options).toMatchObject({
    rpId: "mail.example",
    userVerification: "required",
    allowCredentials: [{ id: authenticator.id, type: "public-key", transports: ["internal"] }],
  });
  expect(Buffer.from(options.challenge, "base64url")).toHaveLength(32);
  const response = authenticator.get(options);
  expect(await passkeys.isProven(owner, purpose, response)).toBe(true);
  expect(await passkeys.isProven(owner, purpose, response)).toBe(false);
  expect(await passkeys.list(owner.id)).toMatchObject([{ lastUsedAt: clock.now() }]);
  await close();
});

test("an assertion is refused for another decision, approval, content or grant, after five minutes, and by an unknown key", async () => {
  const { passkeys, owner, close, clock, newOwner, register } = await openPasskeys();
  const authenticator = await register();
  const begin = async () => {
    const options = await passkeys.beginProof(owner, purpose);
    if (!options) throw new Error("no options");
    return options;
  };
  for (const other of [
    ["apr_1", "edit", "hash-of-the-bytes"],
    ["apr_2", "send", "hash-of-the-bytes"],
    ["apr_1", "send", "another hash"],
    ["apr_1", "send"],
  ])
    expect([other, await passkeys.isProven(owner, other, authenticator.get(await begin()))]).toEqual([
      other,
      false,
    ]);
  const stranger = await newOwner("grt_2");
  expect(await passkeys.beginProof(stranger, purpose)).toBeUndefined();
  expect(await passkeys.isProven(stranger, purpose, authenticator.get(await begin()))).toBe(false);
  const late = authenticator.get(await begin());
  clock.advance(5 * 60_000);
  expect(await passkeys.isProven(owner, purpose, late)).toBe(false);
  const unknown = createAuthenticator(origin);
  expect(await passkeys.isProven(owner, purpose, unknown.get(await begin()))).toBe(false);
  for (const text of ["", "null", "{}", "[]", "x".repeat(100_000)])
    expect(await passkeys.isProven(owner, purpose, text)).toBe(false);
  expect(await passkeys.isProven(owner, purpose, authenticator.get(await begin()))).toBe(true);
  await close();
});

test("WebAuthn section 7.2: origin, relying party, user verification, challenge, signature and counter are checked", async () => {
  const { passkeys, owner, close, register } = await openPasskeys();
  const authenticator = await register();
  const attempt = async (deviation: Parameters<typeof authenticator.get>[1]) => {
    const options = await passkeys.beginProof(owner, purpose);
    if (!options) throw new Error("no options");
    return passkeys.isProven(owner, purpose, authenticator.get(options, deviation));
  };
  expect(await attempt({})).toBe(true);
  for (const deviation of [
    { origin: "https://evil.example" },
    { origin: "http://mail.example" },
    { rpId: "evil.example" },
    { verified: false },
    { challenge: "A".repeat(43) },
    { forged: true },
    { counter: 1 },
  ])
    expect([deviation, await attempt(deviation)]).toEqual([deviation, false]);
  expect(await attempt({ counter: 50 })).toBe(true);
  // A clone that counts from an older state.
  expect(await attempt({ counter: 50 })).toBe(false);
  expect(await attempt({ counter: 51 })).toBe(true);
  await close();
});

test("WebAuthn section 7.1: a registration needs its challenge, our origin and relying party, and a verified user", async () => {
  const { passkeys, owner, close } = await openPasskeys();
  const authenticator = createAuthenticator(origin);
  for (const deviation of [
    { origin: "https://evil.example" },
    { rpId: "evil.example" },
    { verified: false },
    { challenge: "A".repeat(43) },
  ]) {
    const options = await passkeys.beginRegistration(owner, "ann@example.org");
    expect([deviation, await passkeys.register(owner, authenticator.create(options, deviation))]).toEqual([
      deviation,
      false,
    ]);
  }
  const options = await passkeys.beginRegistration(owner, "ann@example.org");
  const response = authenticator.create(options);
  expect([await passkeys.register(owner, response), await passkeys.register(owner, response)]).toEqual([
    true,
    false,
  ]);
  // The authenticator is told which credentials exist, and a challenge of a proof registers nothing.
  const next = await passkeys.beginRegistration(owner, "ann@example.org");
  expect(next.excludeCredentials?.map(({ id }) => id)).toEqual([authenticator.id]);
  const proof = await passkeys.beginProof(owner, purpose);
  const crossed = createAuthenticator(origin).create({ ...next, challenge: proof?.challenge ?? "" });
  expect(await passkeys.register(owner, crossed)).toBe(false);
  await close();
});

test("a grant has five passkeys at most; with the last one removed, nothing asks for it any more", async () => {
  const { passkeys, owner, close, register } = await openPasskeys();
  for (let count = 0; count < maxPasskeys; count += 1) await register();
  await expect(passkeys.beginRegistration(owner, "ann@example.org")).rejects.toMatchObject({
    code: "too_large",
  });
  await passkeys.setEachTime(owner.id, true);
  const listed = await passkeys.list(owner.id);
  expect(listed).toHaveLength(5);
  for (const { id } of listed) {
    expect(await passkeys.asksEachTime(owner.id)).toBe(true);
    await passkeys.remove(owner, id);
  }
  expect(await passkeys.asksEachTime(owner.id)).toBe(false);
  await close();
});

test("public keys are sealed under the data key, and a damaged row spoils no other", async () => {
  const { passkeys, db, owner, close, register } = await openPasskeys();
  const [first, second] = [await register(), await register()];
  const [row] = await db.select().from(passkeyRows);
  expect(row?.credential.includes(Buffer.from(first.id))).toBe(false);
  await db
    .update(passkeyRows)
    .set({ credential: Buffer.alloc(60) })
    .where(undefined);
  const third = await register();
  const options = await passkeys.beginProof(owner, purpose);
  if (!options) throw new Error("no options");
  expect(options.allowCredentials?.map(({ id }) => id)).toEqual([third.id]);
  expect(await passkeys.isProven(owner, purpose, second.get(options))).toBe(false);
  expect(await passkeys.list(owner.id)).toHaveLength(3);
  await close();
});

test("WebAuthn section 5.1.2: a server whose URL names an IP address offers no passkeys", async () => {
  const offered = async (publicUrl: string) => {
    const { passkeys, close } = await openPasskeys(publicUrl);
    await close();
    return passkeys.isOffered;
  };
  for (const url of ["https://mail.example", "http://localhost:3000", "https://1.2.3.4.example"])
    expect([url, await offered(url)]).toEqual([url, true]);
  for (const url of [
    "http://127.0.0.1:3000",
    "https://192.0.2.7",
    "http://[::1]:3000",
    "https://[2001:db8::1]",
  ])
    expect([url, await offered(url)]).toEqual([url, false]);
});
