/** The page of a connection and the list of those that a browser knows, with what their routes depend on. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Vault } from "../accounts/vault.ts";
import type { Config } from "../config.ts";
import type { Level, LiveGrant } from "../grant.ts";
import type { AppEnv } from "../http/guard.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { ConnectionPageProps } from "../pages/connection.tsx";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { Approvals } from "./approvals.ts";
import type { ConnectionCookies } from "./connection-cookies.ts";
import { listDeeds, listWaiting, type Operation, type Send } from "./connection-facts.ts";
import type { IssuerProof } from "./issuer-proof.ts";
import type { Passkeys } from "./passkeys.ts";
import type { PersonCheck } from "./person-check.ts";
import type { Privacy } from "./privacy.ts";
import type { Proofs } from "./proofs.ts";

/** Loaded with the first page, like all pages but the short notices: a server that starts shows none. */
const loadPages = () => import("../pages/connection.tsx");

/** Times in milliseconds since the epoch. */
type GrantFacts = { redirectHost: string; createdAt: number; lastUsedAt: number; failedGuesses: number };

export type ConnectionRoutesDeps = {
  approvals: Pick<Approvals, "list" | "declineAll" | "declineAccount">;
  cookies: ConnectionCookies;
  personCheck: PersonCheck;
  issuerProof: IssuerProof;
  passkeys: Passkeys;
  proofs: Pick<Proofs, "countWrong" | "issue">;
  vault: Pick<Vault, "listAccounts" | "setSignature" | "removeAccount">;
  /** Answers with the form that adds an account to a live grant. */
  addAccount(c: Context<AppEnv>, grant: LiveGrant, redirectHost: string): Promise<Response>;
  access: {
    read(grantId: string): Promise<GrantFacts | undefined>;
    set(grantId: string, access: { level: Level; asksForNewPeople: boolean }): Promise<void>;
    /** The data key lets the sign-ins at issuers end, too. */
    end(grant: Pick<LiveGrant, "id" | "dataKey">): Promise<void>;
  };
  stores(grant: LiveGrant): {
    undoLog: { list(): Promise<Operation[]> };
    sendLog: { listSends(): Promise<Send[]> };
  };
  privacy: Privacy;
  /** Puts back what an operation did. Resolves with false where that failed in part. */
  undo(grant: LiveGrant, operationId: string): Promise<boolean>;
  /** Tells open clients that the tools of a grant have changed. */
  onToolsChanged(grantId: string): void;
  config: Pick<Config, "trustedProxies" | "operator">;
  limits: Pick<Limits, "consume">;
};

/** The outcome of a form, for the page that answers it. */
export type ConnectionOutcome = Pick<
  ConnectionPageProps,
  "told" | "problem" | "retryAfterSeconds" | "proof" | "choosable" | "passkeyFailed"
> & { status?: ContentfulStatusCode };

function frameOf(c: Context, { config }: ConnectionRoutesDeps) {
  return { language: toLanguage(c.req.header("Accept-Language")), operator: config.operator };
}

export async function showList(
  c: Context,
  deps: ConnectionRoutesDeps,
  grants: readonly LiveGrant[],
  status: ContentfulStatusCode,
): Promise<Response> {
  const connections = await Promise.all(
    grants.map(async ({ id, dataKey, level }) => ({
      path: `/connection/${id}`,
      redirectHost: (await deps.access.read(id))?.redirectHost ?? "",
      addresses: (await deps.vault.listAccounts(id, dataKey)).map(({ address }) => address),
      level,
    })),
  );
  const { connectionListPage } = await loadPages();
  return c.body(connectionListPage({ ...frameOf(c, deps), connections }), status, pageHeaders);
}

export async function showConnection(
  c: Context,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  { status = 200, ...outcome }: ConnectionOutcome = {},
): Promise<Response> {
  const { vault, access, approvals, passkeys, proofs } = deps;
  const facts = await access.read(grant.id);
  if (!facts) return showList(c, deps, [], 403);
  const { undoLog, sendLog } = deps.stores(grant);
  const { retryAfterSeconds } = outcome;
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  const { connectionPage } = await loadPages();
  const html = connectionPage({
    ...frameOf(c, deps),
    ...facts,
    ...outcome,
    path: `/connection/${grant.id}`,
    issuerName: await deps.issuerProof.nameOf(grant, await firstAccount(deps, grant)),
    accounts: await vault.listAccounts(grant.id, grant.dataKey),
    level: grant.level,
    asksForNewPeople: grant.asksForNewPeople ?? false,
    passkeys: {
      isOffered: passkeys.isOffered,
      listed: await passkeys.list(grant.id),
      eachTime: await passkeys.asksEachTime(grant.id),
    },
    waiting: await listWaiting(approvals, grant),
    deeds: listDeeds(await undoLog.list(), await sendLog.listSends()),
    wrongProofs: await proofs.countWrong(grant.id),
  });
  return c.body(html, status, pageHeaders);
}

export async function showEnded(c: Context, deps: ConnectionRoutesDeps): Promise<Response> {
  const { connectionEndedPage } = await loadPages();
  return c.body(connectionEndedPage(frameOf(c, deps)), 200, pageHeaders);
}

/** The id of the first connected account, "" without one. */
export const firstAccount = async (
  { vault }: Pick<ConnectionRoutesDeps, "vault">,
  grant: LiveGrant,
): Promise<string> => (await vault.listAccounts(grant.id, grant.dataKey))[0]?.id ?? "";
