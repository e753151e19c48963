/** The only unsealer of credentials. */

import type { Mail } from "../mail/mail.ts";
import type { LiveGrant } from "../oauth/grant.ts";

export type Vault = {
  /**
   * Every account of the grant in the order it was connected, as live handles for the time of `work`.
   * Nothing connects until a verb is called; nothing of the credentials comes back up.
   */
  withMails<T>(
    grant: LiveGrant,
    signal: AbortSignal,
    work: (mails: readonly Mail[]) => Promise<T>,
  ): Promise<T>;
};
