/**
 * /approve/{id}/{k}: the page on which a person decides. `k` opens the approval where no cookie does; alone it shows
 * nothing and decides nothing. GET never acts.
 */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { type AppEnv, extendIdleTimeout, limitBody } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import { type ApprovePageProps, approvePage } from "../pages/approve.tsx";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { Approvals } from "./approvals.ts";
import type { ConnectionCookies } from "./connection-cookies.ts";
import { type Decide, type Decided, type Decision, decisionAnswer } from "./decide.ts";
import type { IssuerProof, IssuerProofOutcome } from "./issuer-proof.ts";
import { showNotice } from "./page-notice.ts";
import type { PersonCheck } from "./person-check.ts";
import { toContent } from "./shown-action.ts";

export type ApproveRoutesDeps = {
  approvals: Approvals;
  decide: Decide;
  cookies: ConnectionCookies;
  personCheck: PersonCheck;
  issuerProof: IssuerProof;
  vault: Pick<Vault, "listAccounts">;
  config: Pick<Config, "trustedProxies" | "operator">;
  limits: Pick<Limits, "consume">;
  clock: Clock;
};

/** A form with an app password, or with 5,000 check marks. */
const maxFormBytes = 128 * 1024;
/** A decision lasts as long as a tool call at most. */
const decisionSeconds = 60;

const route = "/approve/:id{apr_[0-9a-f]{32}}/:k{[0-9a-f]{64}}";

type Page = Omit<ApprovePageProps, "language" | "operator" | "path">;
/** `k` is the secret of the link, `issuerName` the issuer of the account, where the person signed in there. */
type Found = ReturnType<Approvals["find"]> & { k: string; issuerName: string | undefined };
type Visit = { found: Found; k: string; cookie: LiveGrant | undefined; isForeign: boolean };

export function createApproveRoutes(deps: ApproveRoutesDeps) {
  const { personCheck, config, limits } = deps;

  /** Finds the approval and the grant that the browser is known to. Throws approval_unknown. */
  function visit(c: Context<AppEnv>): Visit {
    limits.consume("page", identifyPeer(c, config));
    const { id = "", k = "" } = c.req.param();
    return openVisit(c, deps, { id, k });
  }

  return new Hono<AppEnv>()
    .use("/approve/*", limitBody(maxFormBytes))
    .get(route, (c) => {
      const here = visit(c);
      const { found, cookie, isForeign } = here;
      if (cookie)
        return respond(c, config, found, showTo(deps, cookie, found), found.state === "expired" ? 410 : 200);
      return respond(
        c,
        config,
        found,
        askForProof(found),
        isForeign ? 403 : found.state === "expired" ? 410 : 200,
      );
    })
    .post(route, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      return decideOn(c, deps, visit(c));
    })
    .post(`${route}/prove`, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      return prove(c, deps, visit(c));
    })
    .onError((error, c) => {
      if (!(error instanceof AppError)) throw error;
      const { code, status, retryAfterSeconds } = error;
      const known = { approval_unknown: "not_found", rate_limited: "rate_limited" } as const;
      const notice = code === "approval_unknown" || code === "rate_limited" ? known[code] : "failed";
      return showNotice(c, config, notice, status as ContentfulStatusCode, retryAfterSeconds);
    });
}

function openVisit(c: Context, deps: ApproveRoutesDeps, { id, k }: { id: string; k: string }): Visit {
  const found = deps.approvals.find(id, k);
  const { grant: cookie, isForeign } = deps.cookies.open(c, found.grantId);
  const grant = cookie ?? deps.approvals.openByLink(id, k);
  const issuerName = grant && deps.issuerProof.nameOf(grant, found.accountId);
  return { found: { ...found, k, issuerName }, k, cookie, isForeign };
}

/** Answers a sign-in at the issuer that was begun on the page of an approval. Throws approval_unknown. */
export function answerApproveProof(
  c: Context<AppEnv>,
  deps: ApproveRoutesDeps,
  link: { id: string; k: string },
  outcome: IssuerProofOutcome,
): Response {
  const { found, cookie } = openVisit(c, deps, link);
  const grant = cookie ?? deps.approvals.openByLink(link.id, link.k);
  if (!grant)
    return respond(c, deps.config, found, askForProof(found), found.state === "expired" ? 410 : 200);
  if ("proof" in outcome) {
    if (!cookie) deps.cookies.set(c, { grantId: grant.id, dataKey: grant.dataKey });
    return respond(c, deps.config, found, showTo(deps, grant, found, outcome), 200);
  }
  const page = cookie ? showTo(deps, cookie, found, outcome) : askForProof(found, outcome);
  return respond(c, deps.config, found, page, outcome.problem === "wrong" ? 403 : 502);
}

async function decideOn(c: Context<AppEnv>, deps: ApproveRoutesDeps, here: Visit): Promise<Response> {
  const { approvals, decide, personCheck } = deps;
  const { found, k, cookie } = here;
  const form = await c.req.parseBody({ all: true });
  const decision = toDecision(form.decision);
  if (!decision) throw new AppError("invalid_input", "There is no such decision.");
  const subject = { grantId: found.grantId, subject: found.id };
  const proof = typeof form.proof === "string" ? form.proof : undefined;
  const origin = personCheck.findOrigin(subject, { cookie, proof });
  if (!origin) return respond(c, deps.config, found, askForProof(found), 403);
  const grant = cookie ?? approvals.openByLink(found.id, k);
  // Decided or expired, and no cookie: its state is all there is to tell.
  if (!grant)
    return respond(c, deps.config, found, askForProof(found), found.state === "expired" ? 410 : 200);
  extendIdleTimeout(c, decisionSeconds);
  const decided = await decide({ grant, id: found.id, decision, origin, chosen: toChosen(form) });
  const after = { ...found, state: decided.state };
  return respond(
    c,
    deps.config,
    after,
    showTo(deps, grant, after, { decided }),
    toStatus(decided),
    decided.problem,
  );
}

async function prove(c: Context<AppEnv>, deps: ApproveRoutesDeps, here: Visit): Promise<Response> {
  const { approvals, cookies, personCheck } = deps;
  const { found, k, cookie } = here;
  const grant = approvals.openByLink(found.id, k);
  if (!grant)
    return respond(c, deps.config, found, askForProof(found), found.state === "expired" ? 410 : 200);
  const { password } = await c.req.parseBody();
  extendIdleTimeout(c, decisionSeconds);
  const { accountId } = found;
  const left = await deps.issuerProof.begin(c, grant, { accountId, subject: found.id, k });
  if (left) return left;
  const outcome = await personCheck.tryPassword(c, {
    grant,
    accountId,
    password: typeof password === "string" ? password.slice(0, 1_024) : "",
    subject: found.id,
    wrongBefore: found.wrongPasswords,
    countWrong: (by) => approvals.addWrongPassword(found.id, by),
  });
  if ("proof" in outcome) {
    if (!cookie) cookies.set(c, { grantId: grant.id, dataKey: grant.dataKey });
    return respond(c, deps.config, found, showTo(deps, grant, found, { proof: outcome.proof }), 200);
  }
  const { problem, retryAfterSeconds } = outcome;
  const status = problem === "too_many" ? 429 : problem === "wrong" ? 403 : 502;
  // A browser that is known keeps what it sees.
  const page = cookie ? showTo(deps, cookie, found, { problem }) : askForProof(found, outcome);
  return respond(c, deps.config, found, page, status, { retryAfterSeconds });
}

/** The page of somebody who has not proven anything: what there is to decide is not shown. */
function askForProof(
  { kind, state }: Found,
  problem: Omit<Extract<Page["view"], { show: "proof" }>, "show"> = {},
): Page {
  if (state !== "waiting" && state !== "failed")
    return { kind, state, view: { show: "state", answer: undefined } };
  return { kind, state, view: { show: "proof", ...problem } };
}

/** The page of the person: what would happen, or what became of it. */
function showTo(
  { approvals, cookies, vault, clock }: ApproveRoutesDeps,
  grant: LiveGrant,
  { id, kind }: Pick<Found, "id" | "kind">,
  given: { proof?: string; problem?: "wrong" | "too_many" | "failed"; decided?: Decided } = {},
): Page {
  const approval = approvals.open(grant, id);
  const { state, action, answer } = approval;
  if (!action || (state !== "waiting" && state !== "failed"))
    return { kind, state, view: { show: "state", answer: decisionAnswer.safeParse(answer).data } };
  const account = vault
    .listAccounts(grant.id, grant.dataKey)
    .find((candidate) => candidate.id === approval.accountId);
  const { proof, problem, decided } = given;
  return {
    kind,
    state,
    view: {
      show: "decision",
      account: account?.address ?? "",
      content: toContent(action),
      proof,
      needsProof: proof === undefined && cookies.isLoopback,
      problem,
      failure: decided && toFailure(decided, clock.now()),
    },
  };
}

function toFailure({ problem }: Decided, now: number) {
  if (!problem) return undefined;
  if (problem.code !== "rate_limited") return { message: problem.message };
  const at = new Date(now + (problem.retryAfterSeconds ?? 0) * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  return { limitedUntil: at };
}

function toDecision(value: unknown): Decision | undefined {
  return value === "send" || value === "edit" || value === "decline" ? value : undefined;
}

/** The positions of the checked emails; undefined for a form without the list. */
function toChosen({ list, email }: Record<string, unknown>): number[] | undefined {
  if (list === undefined) return undefined;
  return [email].flat().flatMap((value) => (typeof value === "string" ? [Number(value)] : []));
}

function toStatus({ state, problem }: Decided): ContentfulStatusCode {
  if (state === "expired") return 410;
  if (problem?.code === "rate_limited") return 429;
  return problem ? 502 : 200;
}

function respond(
  c: Context<AppEnv>,
  { operator }: ApproveRoutesDeps["config"],
  { id, k, issuerName }: Pick<Found, "id" | "k" | "issuerName">,
  page: Page,
  status: ContentfulStatusCode,
  { retryAfterSeconds }: { retryAfterSeconds?: number | undefined } = {},
): Response {
  const language = toLanguage(c.req.header("Accept-Language"));
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  const path = `/approve/${id}/${k}`;
  return c.body(approvePage({ language, operator, path, issuerName, ...page }), status, pageHeaders);
}
