/**
 * The passkeys of a grant. Public key and counter are sealed under the data key, so that a passkey decides only where a
 * cookie or the secret of a link has opened the grant. Each challenge is for one purpose: an approval, the decision
 * about it and the hash of what was frozen, or a change on the person's page.
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { hashSecret, newId, newKey, seal, toKeyedHash, unseal } from "../secrets.ts";
import { createPasskeyStore } from "./passkey-store.ts";
import {
  type CreationOptions,
  createWebAuthn,
  type PasskeyCredential,
  passkeyCredential,
  type RequestOptions,
} from "./webauthn.ts";

const challengeMs = 5 * 60_000;

/** Passkeys of one grant. */
export const maxPasskeys = 5;

/** The grant that a passkey belongs to. */
type Owner = Pick<LiveGrant, "id" | "dataKey">;

/** The purpose of a response of an authenticator; each part is compared. */
type Purpose = readonly string[];

/** The passkeys of a grant as pages show them. Times in milliseconds since the epoch. */
type ListedPasskey = { id: string; createdAt: number; lastUsedAt: number | null };

export type Passkeys = ReturnType<typeof createPasskeys>;

export function createPasskeys(deps: { db: Database; clock: Clock; config: Pick<Config, "publicUrl"> }) {
  const { clock } = deps;
  const store = createPasskeyStore(deps.db);
  const webAuthn = createWebAuthn(deps.config);

  const sealCredential = (owner: Owner, id: string, credential: PasskeyCredential) =>
    seal(owner.dataKey, JSON.stringify(credential), toPasskeyContext(owner.id, id));

  /** A damaged row is left out; it stays listed, so that it can be removed. */
  async function readAll(
    owner: Owner,
    rowsOf = store,
  ): Promise<{ id: string; credential: PasskeyCredential }[]> {
    const rows = await rowsOf.list(owner.id);
    return rows.flatMap(({ id, credential }) => {
      try {
        const plain = unseal(owner.dataKey, credential, toPasskeyContext(owner.id, id)).toString("utf8");
        return [{ id, credential: passkeyCredential.parse(JSON.parse(plain)) }];
      } catch {
        return [];
      }
    });
  }

  async function newChallenge(owner: Owner, purpose: Purpose): Promise<Uint8Array<ArrayBuffer>> {
    const challenge = new Uint8Array(newKey());
    await store.insertChallenge({
      hash: hashSecret(Buffer.from(challenge).toString("base64url")),
      grantId: owner.id,
      purposeHash: toPurposeHash(owner, purpose),
      expiresAt: clock.now() + challengeMs,
    });
    return challenge;
  }

  const spend = (owner: Owner, purpose: Purpose) => (challenge: string) =>
    store.takeChallenge(
      { hash: hashSecret(challenge), grantId: owner.id, purposeHash: toPurposeHash(owner, purpose) },
      clock.now(),
    );

  return {
    /** False for a server whose URL names an IP address. */
    isOffered: webAuthn.isOffered,

    async list(grantId: string): Promise<ListedPasskey[]> {
      const rows = await store.list(grantId);
      return rows.map(({ id, createdAt, lastUsedAt }) => ({ id, createdAt, lastUsedAt }));
    },

    /** Tells whether nothing but a passkey decides. */
    asksEachTime: store.asksEachTime,
    setEachTime: store.setEachTime,

    /** Begins a registration. `userName`: shown by the authenticator. Throws not_supported and too_large. */
    async beginRegistration(owner: Owner, userName: string): Promise<CreationOptions> {
      if (!webAuthn.isOffered)
        throw new AppError("not_supported", "A server whose URL names an IP address has no passkeys.");
      const known = await readAll(owner);
      requireFewer(known.length);
      return webAuthn.toCreationOptions({
        challenge: await newChallenge(owner, registration),
        // The same for all passkeys of a grant: an authenticator holds one for each.
        userId: new Uint8Array(
          Buffer.from(toKeyedHash(owner.dataKey, "passkey user", owner.id), "base64url"),
        ),
        userName,
        known: known.map(({ credential }) => credential),
      });
    },

    /** Registers a passkey by the JSON text of the authenticator's response. Resolves with false when it does not verify. */
    async register(owner: Owner, response: string): Promise<boolean> {
      const credential = await webAuthn.verifyRegistration(response, spend(owner, registration));
      if (!credential) return false;
      return deps.db.transaction(async (tx) => {
        await deps.db.lock(tx, owner.id);
        const inside = createPasskeyStore(tx);
        const known = await readAll(owner, inside);
        requireFewer(known.length);
        if (known.some((each) => each.credential.id === credential.id)) return false;
        const id = newId("pky");
        const row = { id, grantId: owner.id, credential: sealCredential(owner, id, credential) };
        await inside.insert({ ...row, createdAt: clock.now() });
        return true;
      });
    },

    /** Removes a passkey. With the last one, the choice "each time" ends: nothing could decide any more. */
    async remove(owner: Owner, id: string): Promise<void> {
      await store.remove(owner.id, id);
      if ((await store.list(owner.id)).length === 0) await store.setEachTime(owner.id, false);
    },

    /** Begins a proof. Resolves with undefined for a grant without passkeys. */
    async beginProof(owner: Owner, purpose: Purpose): Promise<RequestOptions | undefined> {
      const known = await readAll(owner);
      if (known.length === 0) return undefined;
      const challenge = await newChallenge(owner, purpose);
      return webAuthn.toRequestOptions(
        challenge,
        known.map(({ credential }) => credential),
      );
    },

    /** Checks a proof, by the JSON text of the authenticator's response, and uses its challenge up. */
    async isProven(owner: Owner, purpose: Purpose, response: string): Promise<boolean> {
      const known = await readAll(owner);
      const used = await webAuthn.verifyAssertion(
        response,
        known.map(({ credential }) => credential),
        spend(owner, purpose),
      );
      const row = known.find(({ credential }) => credential.id === used?.id);
      if (!used || !row) return false;
      const credential = sealCredential(owner, row.id, used);
      await store.setUsed(row.id, { credential, lastUsedAt: clock.now() });
      return true;
    },

    /** Deletes expired challenges. */
    sweep: () => store.deleteExpiredChallenges(clock.now()),
  };
}

const registration: Purpose = ["register"];

function requireFewer(count: number): void {
  if (count >= maxPasskeys)
    throw new AppError("too_large", `A connection has at most ${maxPasskeys} passkeys.`, {
      hint: "Remove one first.",
    });
}

function toPurposeHash({ dataKey }: Owner, purpose: Purpose): string {
  return toKeyedHash(dataKey, "passkey purpose", JSON.stringify(purpose));
}

/** Additional data of a sealed credential: binds it to its row. */
function toPasskeyContext(grantId: string, id: string): string {
  return `v1 passkey ${grantId} ${id}`;
}
