/**
 * All cryptographic operations of the product, in one file for one reviewer.
 *
 * - Tokens, codes and session ids are random and stored only as SHA-256.
 * - Sealing is AES-256-GCM with a random 96-bit nonce. The additional data names the kind and the owner of the value.
 * - A grant's data key is wrapped once per live secret (code, token, link), in two layers: the inner under HKDF(secret),
 *   the outer under the server key. Neither the disk alone nor the disk with the server key can unwrap it.
 * - The server key is a ring: the first key seals, all keys unseal.
 * - The keys of the own HTTPS certificate and of its ACME account are P-256.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  X509Certificate,
} from "node:crypto";

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Returns random bytes in hex, 32 by default: access tokens, refresh tokens, session ids. */
export function newToken(bytes = 32): string {
  return randomBytes(bytes).toString("hex");
}

/** Returns a prefix and 16 random bytes in hex, such as `grt_9f…`. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString("hex")}`;
}

/** Returns a random 32-byte key. */
export function newKey(): Buffer {
  return randomBytes(keyBytes);
}

/** Returns a random number, 0 to below 1, for spreading work over time. */
export function newRandomFraction(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32;
}

/** Returns the SHA-256 of a secret in base64url, which is stored and looked up instead of the secret. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret, "utf8").digest("base64url");
}

/** Returns the S256 challenge of a code verifier (RFC 7636 section 4.2). */
export function toCodeChallenge(verifier: string): string {
  return createHash("sha256").update(verifier, "ascii").digest("base64url");
}

/** Returns the hash of a style or script for a Content-Security-Policy: `sha256-…` (CSP3 section 2.3.1). */
export function toContentHash(content: string): string {
  return `sha256-${createHash("sha256").update(content, "utf8").digest("base64")}`;
}

/** Compares two strings in constant time. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash("sha256").update(a).digest(), createHash("sha256").update(b).digest());
}

/** Encrypts with AES-256-GCM. Returns nonce, ciphertext and tag in one buffer. `context` is authenticated, not stored. */
export function seal(key: Uint8Array, plaintext: string | Uint8Array, context: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(context, "utf8"));
  const bytes = typeof plaintext === "string" ? Buffer.from(plaintext, "utf8") : plaintext;
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]);
}

/** Reverses `seal`. Throws an Error when the key, the context or a single bit differs. */
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

/** Returns HMAC-SHA-256 in base64url, under a key derived from `key` for one purpose: for comparing unstored values. */
export function toKeyedHash(key: Uint8Array, purpose: string, value: string): string {
  return createHmac("sha256", derive(key, `hash ${purpose}`))
    .update(value, "utf8")
    .digest("base64url");
}

/** Makes a P-256 private key, PKCS#8 in PEM. */
export function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * Signs with ECDSA and SHA-256. `form`: "jws" gives r and s side by side (RFC 7518 section 3.4), "x509" their DER
 * sequence (RFC 5480).
 */
export function signBytes(keyPem: string, bytes: Uint8Array, form: "jws" | "x509"): Buffer {
  return sign("sha256", bytes, { key: keyPem, dsaEncoding: form === "jws" ? "ieee-p1363" : "der" });
}

/** Returns the public half of a P-256 private key as a JWK, its members in the order of RFC 7638 section 3.2. */
export function toPublicJwk(keyPem: string): { crv: string; kty: string; x: string; y: string } {
  const { crv = "", kty = "", x = "", y = "" } = createPublicKey(keyPem).export({ format: "jwk" });
  return { crv, kty, x, y };
}

/** Returns the public half of a private key as SubjectPublicKeyInfo in DER (RFC 5280 section 4.1). */
export function toPublicDer(keyPem: string): Buffer {
  return createPublicKey(keyPem).export({ type: "spki", format: "der" });
}

export type CertificateFacts = {
  /** Start and end of the validity, in milliseconds since the epoch. */
  startsAt: number;
  endsAt: number;
  /** SHA-256 of the certificate, in the form of node:tls: `AB:CD:…`. */
  fingerprint: string;
  /** The serial number in hex, without leading zero bytes. */
  serial: string;
  /** The certificate in DER. */
  der: Buffer;
  isFor(host: string): boolean;
  matchesKey(keyPem: string): boolean;
};

/** Reads the first certificate of a PEM chain. Throws an Error when there is none. */
export function readCertificate(chainPem: string): CertificateFacts {
  const certificate = new X509Certificate(chainPem);
  return {
    startsAt: Date.parse(certificate.validFrom),
    endsAt: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256,
    serial: certificate.serialNumber,
    der: certificate.raw,
    isFor: (host) => certificate.checkHost(host) !== undefined,
    matchesKey: (keyPem) => certificate.checkPrivateKey(createPrivateKey(keyPem)),
  };
}

export type Secrets = ReturnType<typeof createSecrets>;

/**
 * Creates the operations that need the server's key ring (32-byte keys). The unsealing ones throw a plain Error; the
 * caller decides what that means.
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
    /** Wraps a grant's data key for one live secret. `context` binds it to the kind of secret and the grant. */
    wrapKey(dataKey: Uint8Array, secret: string, context: string): Buffer {
      return seal(sealing("wrap"), seal(derive(secret, "live secret"), dataKey, context), context);
    },

    /** Returns the data key. Needs the live secret and a key of the ring. */
    unwrapKey(wrapped: Uint8Array, secret: string, context: string): Buffer {
      return unseal(derive(secret, "live secret"), unsealWithRing("wrap", wrapped, context), context);
    },

    /** Re-encrypts the outer layer under the first key of the ring, without the live secret (`rotate-key`). */
    rewrapKey(wrapped: Uint8Array, context: string): Buffer {
      return seal(sealing("wrap"), unsealWithRing("wrap", wrapped, context), context);
    },

    /** Seals a JSON value to base64url that only this server can read: forms, registrations, facts of the database. */
    sealValue(purpose: string, value: unknown): string {
      return seal(sealing(purpose), JSON.stringify(value), purpose).toString("base64url");
    },

    /** Reverses `sealValue`. Throws on any other string. The caller still has to validate the shape. */
    unsealValue(purpose: string, sealed: string): unknown {
      const bytes = Buffer.from(sealed, "base64url");
      // Buffer.from ignores characters outside base64url: only one spelling of a value may be accepted.
      if (bytes.toString("base64url") !== sealed) throw new Error("sealed value is not base64url");
      return JSON.parse(unsealWithRing(purpose, bytes, purpose).toString("utf8"));
    },

    /** Returns `toKeyedHash` under the first key of the ring. It changes when the key is rotated. */
    keyedHash: (purpose: string, value: string): string => toKeyedHash(first, purpose, value),
  };
}
