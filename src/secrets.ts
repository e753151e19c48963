/**
 * Every cryptographic act of the product, in one file for one reviewer.
 *
 * - Tokens, codes and session ids are random and stored only as SHA-256.
 * - Sealing is AES-256-GCM with a random 96-bit nonce; the additional data names what is sealed and where it belongs.
 * - A grant's data key is wrapped once per live secret, twice: inside under HKDF(secret), outside under the server
 *   key. So the disk opens nothing, and the disk with the server key opens nothing without a live secret.
 * - The server key is a ring: the first key seals, all of them unseal.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** 32 random bytes in hex: access tokens, refresh tokens, session ids. `bytes` sets another length. */
export function newToken(bytes = 32): string {
  return randomBytes(bytes).toString("hex");
}

/** A random id with its prefix, e.g. `grt_9f…`: 16 random bytes in hex. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString("hex")}`;
}

/** A fresh 32-byte key. */
export function newKey(): Buffer {
  return randomBytes(keyBytes);
}

/** SHA-256 of a secret in base64url: what is stored and looked up in its place. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("base64url");
}

/** The S256 challenge of a code verifier (RFC 7636 4.2). */
export function toCodeChallenge(verifier: string): string {
  return createHash("sha256").update(verifier, "ascii").digest("base64url");
}

/** SHA-256 of a style or script as a Content-Security-Policy names it: `sha256-…` (CSP3 2.3.1). Not a secret. */
export function toContentHash(content: string): string {
  return `sha256-${createHash("sha256").update(content, "utf8").digest("base64")}`;
}

/** Compares two strings in a time that does not depend on where they differ. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** AES-256-GCM. Returns nonce, ciphertext and tag in one buffer. `context` is authenticated, not stored. */
export function seal(key: Uint8Array, plaintext: string | Uint8Array, context: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context, "utf8"));
  const bytes = typeof plaintext === "string" ? Buffer.from(plaintext, "utf8") : plaintext;
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]);
}

/** The reverse of `seal`. Throws when the key, the context or a single bit differs. */
export function unseal(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  if (sealed.length < nonceBytes + tagBytes) throw new Error("sealed value too short");
  const bytes = Buffer.from(sealed);
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(context, "utf8"));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  return Buffer.concat([
    decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes)),
    decipher.final(),
  ]);
}

function derive(secret: string | Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, new Uint8Array(), `email-connector ${purpose}`, keyBytes));
}

/** HMAC-SHA-256 under a key made from `key` for one purpose, base64url: to compare what must not be stored. */
export function hashUnder(key: Uint8Array, purpose: string, value: string): string {
  return createHmac("sha256", derive(key, `hash ${purpose}`))
    .update(value, "utf8")
    .digest("base64url");
}

export type Secrets = ReturnType<typeof createSecrets>;

/**
 * What needs the server's key ring (32-byte keys, first seals, all unseal).
 * Throws a plain Error when something cannot be unsealed: callers decide what that means.
 */
export function createSecrets(keyring: readonly Uint8Array[]) {
  const [first] = keyring;
  if (!first) throw new Error("the key ring is empty");
  const sealing = (purpose: string) => derive(first, purpose);

  function unsealWithRing(purpose: string, sealed: Uint8Array, context: string): Buffer {
    let problem: unknown;
    for (const key of keyring) {
      try {
        return unseal(derive(key, purpose), sealed, context);
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  return {
    /** Wraps a grant's data key for one live secret (code, token, link). `context` binds kind and grant. */
    wrapKey(dataKey: Uint8Array, secret: string, context: string): Buffer {
      return seal(sealing("wrap"), seal(derive(secret, "live secret"), dataKey, context), context);
    },

    /** The data key again; needs the live secret and a key of the ring. */
    unwrapKey(wrapped: Uint8Array, secret: string, context: string): Buffer {
      return unseal(derive(secret, "live secret"), unsealWithRing("wrap", wrapped, context), context);
    },

    /** Moves a wrapped key under the first key of the ring, without knowing the live secret (`rotate-key`). */
    rewrapKey(wrapped: Uint8Array, context: string): Buffer {
      return seal(sealing("wrap"), unsealWithRing("wrap", wrapped, context), context);
    },

    /** A JSON value as an opaque base64url string that only this server reads: forms, registrations, facts of the database. */
    sealValue(purpose: string, value: unknown): string {
      return seal(sealing(purpose), JSON.stringify(value), purpose).toString("base64url");
    },

    /** The value again. Throws on a forged or foreign string. The caller still validates its shape. */
    unsealValue(purpose: string, sealed: string): unknown {
      const bytes = Buffer.from(sealed, "base64url");
      // Decoding overlooks what is no base64url; one value has one spelling.
      if (bytes.toString("base64url") !== sealed) throw new Error("sealed value is not base64url");
      return JSON.parse(unsealWithRing(purpose, bytes, purpose).toString("utf8"));
    },

    /** The same under the first key of the ring: another one, once it is rotated. */
    keyedHash: (purpose: string, value: string): string => hashUnder(first, purpose, value),
  };
}
