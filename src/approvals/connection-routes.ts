/**
 * /connection: the connections that a browser knows, and the page of each. Lowering and ending need the cookie alone;
 * what gives Claude more needs fresh proof.
 */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Vault } from "../accounts/vault.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Level, LiveGrant } from "../grant.ts";
import { type AppEnv, extendIdleTimeout, limitBody } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import {
  type ConnectionPageProps,
  connectionEndedPage,
  connectionListPage,
  connectionPage,
} from "../pages/connection.tsx";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { Approvals } from "./approvals.ts";
import type { ConnectionCookies } from "./connection-cookies.ts";
import { listDeeds, listWaiting, type Operation, type Send } from "./connection-facts.ts";
import type { IssuerProof, IssuerProofOutcome } from "./issuer-proof.ts";
import { showNotice } from "./page-notice.ts";
import type { PersonCheck } from "./person-check.ts";
import type { Privacy } from "./privacy.ts";
import type { Proofs } from "./proofs.ts";

/** Times in milliseconds since the epoch. */
type GrantFacts = { redirectHost: string; createdAt: number; lastUsedAt: number; failedGuesses: number };

export type ConnectionRoutesDeps = {
  approvals: Pick<Approvals, "list" | "declineAll">;
  cookies: ConnectionCookies;
  personCheck: PersonCheck;
  issuerProof: IssuerProof;
  proofs: Pick<Proofs, "countWrong">;
  vault: Pick<Vault, "listAccounts" | "setSignature">;
  access: {
    read(grantId: string): GrantFacts | undefined;
    set(grantId: string, access: { level: Level; asksForNewPeople: boolean }): void;
    /** The data key lets the sign-ins at issuers end, too. */
    end(grant: Pick<LiveGrant, "id" | "dataKey">): void;
  };
  stores(grant: LiveGrant): {
    undoLog: { list(): Operation[] };
    sendLog: { listSends(): Send[] };
  };
  privacy: Privacy;
  /** Puts back what an operation did. Resolves with false where that failed in part. */
  undo(grant: LiveGrant, operationId: string): Promise<boolean>;
  /** Tells open clients that the tools of a grant have changed. */
  onToolsChanged(grantId: string): void;
  config: Pick<Config, "trustedProxies" | "operator">;
  limits: Pick<Limits, "consume">;
};

const maxFormBytes = 16 * 1024;
const undoSeconds = 60;
const route = "/connection/:grantId{grt_[0-9a-f]{32}}";

const levels: readonly Level[] = ["read", "organise", "approve", "send"];

type Outcome = Pick<ConnectionPageProps, "told" | "problem" | "retryAfterSeconds" | "proof" | "choosable"> & {
  status?: ContentfulStatusCode;
};

export function createConnectionRoutes(deps: ConnectionRoutesDeps) {
  const { cookies, config, limits, personCheck, access } = deps;

  /** The grant of the page, when this browser knows it. */
  function visit(c: Context<AppEnv>): LiveGrant | undefined {
    limits.consume("page", identifyPeer(c, config));
    return cookies.open(c, c.req.param("grantId") ?? "").grant;
  }

  return new Hono<AppEnv>()
    .use("/connection/*", limitBody(maxFormBytes))
    .get("/connection", (c) => {
      limits.consume("page", identifyPeer(c, config));
      return showList(c, deps, cookies.list(c), 200);
    })
    .get(route, (c) => {
      const grant = visit(c);
      return grant ? showConnection(c, deps, grant) : showList(c, deps, [], 403);
    })
    .post(route, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      const grant = visit(c);
      if (!grant) return showList(c, deps, [], 403);
      const form = await c.req.parseBody();
      switch (form.action) {
        case "end":
          access.end(grant);
          cookies.clear(c, grant.id);
          return showEnded(c, deps);
        case "undo":
          extendIdleTimeout(c, undoSeconds);
          return showConnection(c, deps, grant, await undoOperation(deps, grant, form.operation_id));
        case "mailboxes":
          extendIdleTimeout(c, undoSeconds);
          return showConnection(c, deps, grant, {
            choosable: await deps.privacy.list(grant),
            proof: typeof form.proof === "string" ? form.proof : undefined,
          });
        case "private":
          extendIdleTimeout(c, undoSeconds);
          return changePrivacy(c, deps, grant);
        case "signature":
          deps.vault.setSignature(grant, String(form.account), form.signature === "on");
          return showConnection(c, deps, grant, { told: "changed" });
        case "level":
          return changeLevel(c, deps, grant, form);
        default:
          return showNotice(c, config, "request_invalid", 400);
      }
    })
    .post(`${route}/prove`, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      const grant = visit(c);
      if (!grant) return showList(c, deps, [], 403);
      extendIdleTimeout(c, undoSeconds);
      const { account } = await c.req.parseBody();
      const accountId = typeof account === "string" && account !== "" ? account : firstAccount(deps, grant);
      const left = await deps.issuerProof.begin(c, grant, { accountId, subject: grant.id });
      return left ?? showConnection(c, deps, grant, await prove(c, deps, grant, accountId));
    })
    .onError((error, c) => {
      if (!(error instanceof AppError)) throw error;
      const { code, status, retryAfterSeconds } = error;
      const notice = code === "rate_limited" ? "rate_limited" : "failed";
      return showNotice(c, config, notice, status as ContentfulStatusCode, retryAfterSeconds);
    });
}

const firstAccount = ({ vault }: ConnectionRoutesDeps, grant: LiveGrant): string =>
  vault.listAccounts(grant.id, grant.dataKey)[0]?.id ?? "";

/** Answers a sign-in at the issuer that was begun on the page of a connection. */
export function answerConnectionProof(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grantId: string,
  outcome: IssuerProofOutcome,
): Response {
  const { grant } = deps.cookies.open(c, grantId);
  if (!grant) return showList(c, deps, [], 403);
  if ("proof" in outcome) return showConnection(c, deps, grant, outcome);
  return showConnection(c, deps, grant, { ...outcome, status: outcome.problem === "wrong" ? 403 : 502 });
}

async function prove(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  accountId: string,
): Promise<Outcome> {
  const { personCheck } = deps;
  const { password } = await c.req.parseBody();
  const outcome = await personCheck.tryPassword(c, {
    grant,
    accountId,
    password: typeof password === "string" ? password.slice(0, 1_024) : "",
    subject: grant.id,
  });
  if ("proof" in outcome) return outcome;
  const status = outcome.problem === "too_many" ? 429 : outcome.problem === "wrong" ? 403 : 502;
  return { ...outcome, status };
}

async function undoOperation(
  { undo }: ConnectionRoutesDeps,
  grant: LiveGrant,
  operationId: unknown,
): Promise<Outcome> {
  try {
    const done = typeof operationId === "string" && (await undo(grant, operationId));
    return { told: done ? "undone" : "not_undone" };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { told: "not_undone", status: error.code === "operation_unknown" ? 404 : 502 };
  }
}

/** Changes the level at once. Giving more needs a proof; from `read` nothing is raised, because of the client's scope. */
function changeLevel(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Record<string, unknown>,
): Response {
  const { personCheck, vault, access, approvals, onToolsChanged } = deps;
  const level = levels.find((each) => each === form.level);
  if (level === undefined) return showNotice(c, deps.config, "request_invalid", 400);
  const asksForNewPeople = form.ask_for_new_people === "on";
  const sends = level === "approve" || level === "send";
  const isHigher = levels.indexOf(level) > levels.indexOf(grant.level);
  const losesBrake = level === "send" && grant.asksForNewPeople === true && !asksForNewPeople;
  const canSend = vault.listAccounts(grant.id, grant.dataKey).some((account) => account.canSend);
  if (isHigher && (grant.level === "read" || (sends && !canSend)))
    return showConnection(c, deps, grant, { told: "connect_again", status: 403 });
  if (isHigher || losesBrake) {
    const proof = typeof form.proof === "string" ? form.proof : undefined;
    const subject = { grantId: grant.id, subject: grant.id };
    if (!personCheck.isFresh(subject, proof))
      return showConnection(c, deps, grant, { told: "needs_proof", status: 403 });
  }
  access.set(grant.id, { level, asksForNewPeople });
  if (!sends) approvals.declineAll(grant.id);
  onToolsChanged(grant.id);
  return showConnection(c, deps, { ...grant, level, asksForNewPeople }, { told: "changed" });
}

/** Sets the private mailboxes of an account. Showing one again gives Claude more, and needs a proof. */
async function changePrivacy(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
): Promise<Response> {
  const { privacy, personCheck } = deps;
  const form = await c.req.parseBody({ all: true });
  const accountId = typeof form.account === "string" ? form.account : "";
  const paths = [form.private ?? []].flat().filter((path) => typeof path === "string");
  if (privacy.privatePathsOf(grant, accountId).some((path) => !paths.includes(path))) {
    const proof = typeof form.proof === "string" ? form.proof : undefined;
    if (!personCheck.isFresh({ grantId: grant.id, subject: grant.id }, proof))
      return showConnection(c, deps, grant, { told: "needs_proof", status: 403 });
  }
  await privacy.hide(grant, paths, { accountId });
  return showConnection(c, deps, grant, { told: "changed" });
}

function frameOf(c: Context, { config }: ConnectionRoutesDeps) {
  return { language: toLanguage(c.req.header("Accept-Language")), operator: config.operator };
}

function showList(
  c: Context,
  deps: ConnectionRoutesDeps,
  grants: readonly LiveGrant[],
  status: ContentfulStatusCode,
): Response {
  const connections = grants.map(({ id, dataKey, level }) => ({
    path: `/connection/${id}`,
    redirectHost: deps.access.read(id)?.redirectHost ?? "",
    addresses: deps.vault.listAccounts(id, dataKey).map(({ address }) => address),
    level,
  }));
  return c.body(connectionListPage({ ...frameOf(c, deps), connections }), status, pageHeaders);
}

function showConnection(
  c: Context,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  { status = 200, ...outcome }: Outcome = {},
): Response {
  const { vault, access, approvals, proofs } = deps;
  const facts = access.read(grant.id);
  if (!facts) return showList(c, deps, [], 403);
  const { undoLog, sendLog } = deps.stores(grant);
  const { retryAfterSeconds } = outcome;
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  const html = connectionPage({
    ...frameOf(c, deps),
    ...facts,
    ...outcome,
    path: `/connection/${grant.id}`,
    issuerName: deps.issuerProof.nameOf(grant, firstAccount(deps, grant)),
    accounts: vault.listAccounts(grant.id, grant.dataKey),
    level: grant.level,
    asksForNewPeople: grant.asksForNewPeople ?? false,
    waiting: listWaiting(approvals, grant),
    deeds: listDeeds(undoLog.list(), sendLog.listSends()),
    wrongProofs: proofs.countWrong(grant.id).day,
  });
  return c.body(html, status, pageHeaders);
}

function showEnded(c: Context, deps: ConnectionRoutesDeps): Response {
  return c.body(connectionEndedPage(frameOf(c, deps)), 200, pageHeaders);
}
