/** An authenticator in software (WebAuthn level 3 section 6), with the browser's part of a ceremony. */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** Deviations of a forged or broken ceremony. */
type Deviation = {
  origin?: string;
  rpId?: string;
  /** False: the person was present, and not verified. */
  verified?: boolean;
  challenge?: string;
  /** The counter of signatures to report instead of the next one. */
  counter?: number;
  /** Signs with another key. */
  forged?: boolean;
};

type Options = {
  challenge: string;
  rp?: { id?: string | undefined };
  rpId?: string | undefined;
  allowCredentials?: readonly { id: string }[] | undefined;
  excludeCredentials?: readonly { id: string }[] | undefined;
};

export type Authenticator = ReturnType<typeof createAuthenticator>;

/** `origin`: of the page that asks. */
export function createAuthenticator(origin: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const id = randomBytes(16);
  let signatures = 0;

  function toClientData(type: string, options: Options, deviation: Deviation): Buffer {
    return Buffer.from(
      JSON.stringify({
        type,
        challenge: deviation.challenge ?? options.challenge,
        origin: deviation.origin ?? origin,
        crossOrigin: false,
      }),
    );
  }

  function toAuthData(rpId: string, { verified = true, counter = signatures }: Deviation, attested: Buffer) {
    const flags = 0x01 | (verified ? 0x04 : 0) | (attested.length > 0 ? 0x40 : 0);
    const counted = Buffer.alloc(4);
    counted.writeUInt32BE(counter);
    return Buffer.concat([
      createHash("sha256").update(rpId).digest(),
      Buffer.from([flags]),
      counted,
      attested,
    ]);
  }

  const head = { id: id.toString("base64url"), rawId: id.toString("base64url"), type: "public-key" };

  return {
    id: head.id,

    /** Answers navigator.credentials.create, as JSON text. */
    create(options: Options, deviation: Deviation = {}): string {
      const { x = "", y = "" } = publicKey.export({ format: "jwk" });
      const point = (value: string) => toCborBytes(Buffer.from(value, "base64url"));
      // The COSE key (RFC 9052 section 7): EC2, ES256, P-256, x, y.
      const cose = Buffer.concat([
        Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
        ...[point(x), Buffer.from([0x22]), point(y)],
      ]);
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, cose]);
      const authData = toAuthData(deviation.rpId ?? options.rp?.id ?? "", deviation, attested);
      const attestation = Buffer.concat([
        ...[Buffer.from([0xa3]), toCborText("fmt"), toCborText("none"), toCborText("attStmt")],
        ...[Buffer.from([0xa0]), toCborText("authData"), toCborBytes(authData)],
      ]);
      return JSON.stringify({
        ...head,
        clientExtensionResults: {},
        response: {
          clientDataJSON: toClientData("webauthn.create", options, deviation).toString("base64url"),
          attestationObject: attestation.toString("base64url"),
          transports: ["internal"],
        },
      });
    },

    /** Answers navigator.credentials.get, as JSON text. */
    get(options: Options, deviation: Deviation = {}): string {
      signatures += 1;
      const clientData = toClientData("webauthn.get", options, deviation);
      const authData = toAuthData(deviation.rpId ?? options.rpId ?? "", deviation, Buffer.alloc(0));
      const signed = Buffer.concat([authData, createHash("sha256").update(clientData).digest()]);
      return JSON.stringify({
        ...head,
        clientExtensionResults: {},
        response: {
          clientDataJSON: clientData.toString("base64url"),
          authenticatorData: authData.toString("base64url"),
          signature: sign("sha256", signed, deviation.forged ? other : privateKey).toString("base64url"),
        },
      });
    },
  };
}

/** A text of fewer than 24 octets (RFC 8949 section 3). */
function toCborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);
}

/** A byte string of 24 to 65,535 octets. */
function toCborBytes(bytes: Buffer): Buffer {
  const length =
    bytes.length < 256
      ? Buffer.from([0x58, bytes.length])
      : Buffer.from([0x59, bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([length, bytes]);
}
