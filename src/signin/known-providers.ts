/** The mail companies as this server knows them: the presets, and those at which the operator lets people sign in. */
import { presets } from "../providers/presets.ts";
import type { Provider } from "../providers/provider.ts";
import type { Issuer } from "./issuer.ts";

/** `signIn`: the name of the issuer at which its mailboxes are opened here. */
type SignInProvider = Provider & { signIn: string | undefined };

export function toKnownProviders(issuers: readonly Issuer[]): readonly SignInProvider[] {
  const own = issuers.filter((issuer) => issuer.presets.length === 0).map(toProvider);
  const known = presets.map((preset) => ({
    ...preset,
    signIn: issuers.find((issuer) => issuer.presets.includes(preset.id))?.name,
  }));
  return [...own, ...known];
}

/** The company of an issuer in SIGN_IN_FILE that has no preset. */
function toProvider({ id, name, domains, takesPasswords, imap, smtp }: Issuer): SignInProvider {
  return {
    id,
    name,
    domains,
    imap,
    smtp,
    username: "address",
    appPassword: takesPasswords
      ? { kind: "optional", steps: "Sign in at the company, or enter a password." }
      : { kind: "unavailable", steps: "Sign in at the company on the connect page." },
    filesSentMail: false,
    signIn: name,
  };
}
