/** The passkeys of grants as the page after the login uses them: types only; another room owns them. */

/** The grant that a passkey is registered for. */
export type PasskeyOwner = { id: string; dataKey: Uint8Array };

/** The passkeys of grants. */
export type PasskeyRegistry = {
  /** False for a server whose URL names an IP address. */
  isOffered: boolean;
  list(grantId: string): Promise<readonly unknown[]>;
  /** Resolves with the options for the authenticator. Throws too_large when the grant has as many as it may. */
  beginRegistration(owner: PasskeyOwner, userName: string): Promise<object>;
  /** Resolves with false when the authenticator's response does not verify. Throws too_large. */
  register(owner: PasskeyOwner, response: string): Promise<boolean>;
  setEachTime(grantId: string, eachTime: boolean): Promise<void>;
};
