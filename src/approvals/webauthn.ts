/**
 * The ceremonies of Web Authentication (level 3, sections 7.1 and 7.2) with this server as the relying party. User
 * verification is required and checked: presence alone would let a program press the button of a person who is away.
 */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/server";
import { z } from "zod";
import type { Config } from "../config.ts";

/** Milliseconds within which the person answers the browser's dialog. */
const dialogMs = 5 * 60_000;

const rpName = "email-connector";

/** A registered credential. `publicKey`: COSE in base64url; `counter`: of signatures, 0 where it does not count. */
export const passkeyCredential = z.object({
  id: z.string(),
  publicKey: z.string(),
  counter: z.number(),
  transports: z.array(z.string()),
});

export type PasskeyCredential = z.output<typeof passkeyCredential>;

export type CreationOptions = PublicKeyCredentialCreationOptionsJSON;
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON;

const base64url = z.string().regex(/^[\w-]+$/);

const responseHead = {
  id: base64url,
  rawId: base64url,
  type: z.literal("public-key"),
  clientExtensionResults: z.looseObject({}),
};

const registrationResponse = z.object({
  ...responseHead,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string().max(20)).max(10).catch([]),
  }),
});

const assertionResponse = z.object({
  ...responseHead,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.nullish().transform((handle) => handle ?? undefined),
  }),
});

/** Uses a challenge up. Resolves with false when it is unknown, used, expired or for something else. */
type SpendChallenge = (challenge: string) => Promise<boolean>;

export type WebAuthn = ReturnType<typeof createWebAuthn>;

export function createWebAuthn({ publicUrl }: Pick<Config, "publicUrl">) {
  const { hostname, origin } = new URL(publicUrl);

  return {
    /** A relying party id is a domain (section 5.1.2): a server whose URL names an IP address has no passkeys. */
    isOffered: !/^(?:\[|[\d.]+$)/.test(hostname),

    /** `userId`: 32 bytes that name the account to the authenticator; `known`: credentials registered already. */
    async toCreationOptions(of: {
      challenge: Uint8Array<ArrayBuffer>;
      userId: Uint8Array<ArrayBuffer>;
      userName: string;
      known: readonly PasskeyCredential[];
    }): Promise<CreationOptions> {
      const { generateRegistrationOptions } = await importLibrary();
      return generateRegistrationOptions({
        rpName,
        rpID: hostname,
        userName: of.userName,
        userDisplayName: of.userName,
        userID: of.userId,
        challenge: of.challenge,
        timeout: dialogMs,
        attestationType: "none",
        excludeCredentials: of.known.map(toDescriptor),
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
        // Without the post-quantum default: ES256, EdDSA and RS256 are what authenticators have.
        supportedAlgorithmIDs: [-7, -8, -257],
      });
    },

    async toRequestOptions(
      challenge: Uint8Array<ArrayBuffer>,
      known: readonly PasskeyCredential[],
    ): Promise<RequestOptions> {
      const { generateAuthenticationOptions } = await importLibrary();
      return generateAuthenticationOptions({
        rpID: hostname,
        challenge,
        timeout: dialogMs,
        allowCredentials: known.map(toDescriptor),
        userVerification: "required",
      });
    },

    /** Verifies the JSON text of a registration. Resolves with undefined when any check fails. */
    async verifyRegistration(text: string, spend: SpendChallenge): Promise<PasskeyCredential | undefined> {
      const response = registrationResponse.safeParse(parseJson(text)).data;
      if (!response) return undefined;
      const { verifyRegistrationResponse } = await importLibrary();
      const verified = await verifyRegistrationResponse({
        response: { ...response, response: { ...response.response, transports: [] } },
        expectedChallenge: spend,
        expectedOrigin: origin,
        expectedRPID: hostname,
        requireUserVerification: true,
        supportedAlgorithmIDs: [-7, -8, -257],
      }).catch(() => undefined);
      if (!verified?.verified) return undefined;
      const { id, publicKey, counter } = verified.registrationInfo.credential;
      const { transports } = response.response;
      return { id, publicKey: Buffer.from(publicKey).toString("base64url"), counter, transports };
    },

    /**
     * Verifies the JSON text of an assertion by one of the credentials. Resolves with the credential and its new
     * counter, with undefined when any check fails: also when the counter does not grow, as with a cloned key.
     */
    async verifyAssertion(
      text: string,
      known: readonly PasskeyCredential[],
      spend: SpendChallenge,
    ): Promise<PasskeyCredential | undefined> {
      const response = assertionResponse.safeParse(parseJson(text)).data;
      const credential = known.find(({ id }) => id === response?.id);
      if (!response || !credential) return undefined;
      const { verifyAuthenticationResponse } = await importLibrary();
      const verified = await verifyAuthenticationResponse({
        response,
        expectedChallenge: spend,
        expectedOrigin: origin,
        expectedRPID: hostname,
        requireUserVerification: true,
        credential: {
          id: credential.id,
          publicKey: new Uint8Array(Buffer.from(credential.publicKey, "base64url")),
          counter: credential.counter,
        },
      }).catch(() => undefined);
      if (!verified?.verified) return undefined;
      return { ...credential, counter: verified.authenticationInfo.newCounter };
    },
  };
}

/**
 * Imported at the first use: most servers have no passkey. The certificate library under it fails without the
 * reflection polyfill, which a bundle may otherwise run after it.
 */
async function importLibrary() {
  await import("reflect-metadata");
  return import("@simplewebauthn/server");
}

const toDescriptor = ({ id, transports }: PasskeyCredential) => ({ id, transports });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
