/** The issuers in commands: `doctor` checks that each answers and accepts our client, `check` names the one of an address. */
import { systemClock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { findIssuer } from "../signin/choose-issuer.ts";
import type { Issuer } from "../signin/issuer.ts";
import { loadIssuers } from "../signin/issuers.ts";
import { createLazyUpstream } from "../signin/lazy-upstream.ts";
import { SignInError } from "../signin/sign-in-error.ts";
import type { Upstream } from "../signin/upstream.ts";

/** A refresh token that no issuer has issued. */
const unknownToken = "email-connector-doctor";

type IssuerCheck = { subject: string; check: () => Promise<string> };

/** Returns one check per issuer, or one that fails when the settings of the issuers are wrong. */
export function issuerChecks(config: Config): IssuerCheck[] {
  const upstream = createLazyUpstream({ clock: systemClock });
  try {
    return loadIssuers(config).map((issuer) => ({
      subject: `sign-in at ${issuer.name}`,
      check: async () =>
        `${await checkIssuer(upstream, issuer)}; the redirect URI is ${config.publicUrl}/sign-in/${issuer.id}`,
    }));
  } catch (error) {
    return [{ subject: "sign-in", check: () => Promise.reject(error) }];
  }
}

/** Tells how the mailbox of an address can be opened by a sign-in; undefined where nothing is known of one. */
export function describeSignIn(
  issuers: readonly Issuer[],
  address: string,
  found: DiscoveredServers,
): string | undefined {
  const issuer = findIssuer(issuers, { address, chosen: "", found });
  if (issuer) {
    const servers = [issuer.imap, issuer.smtp].map(({ host, port }) => `${host}:${port}`).join(" and ");
    return `sign-in: the page offers "Continue with ${issuer.name}", which uses ${servers}`;
  }
  const { issuerName } = findPreset(found.provider) ?? {};
  if (issuerName !== undefined)
    return `sign-in: possible with ${issuerName}, once ${issuerName.toUpperCase()}_CLIENT_ID is set; docs/${issuerName.toLowerCase()}.md says how`;
  if (found.issuerHost === undefined) return undefined;
  return `sign-in: its domain names the issuer ${found.issuerHost}, which is not in SIGN_IN_FILE; docs/sign-in.md says how`;
}

/** Asks for a renewal with a refresh token that is unknown: the issuer judges the client first (RFC 6749 section 5.2). */
async function checkIssuer(upstream: Pick<Upstream, "refresh">, issuer: Issuer): Promise<string> {
  try {
    await upstream.refresh(issuer, { refreshToken: unknownToken, tenant: undefined });
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    if (error.reason === "client_refused")
      throw new Error("it does not accept the client id and secret. Check both; a secret may have expired.");
    if (error.reason === "issuer_down" || error.reason === "untrusted")
      throw new Error(`${issuer.url} does not answer as an issuer. Check its URL.`);
  }
  return "it answers and accepts the client";
}
