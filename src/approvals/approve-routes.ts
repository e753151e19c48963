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
import type { Approvals } from "./approvals.ts";
import { answerWithPage, askForProof, type FoundApproval, showTo } from "./approve-view.ts";
import type { ConnectionCookies } from "./connection-cookies.ts";
import type { Decide, Decided, Decision, ProofOrigin } from "./decide.ts";
import { toFieldText } from "./form-field.ts";
import type { IssuerProof, IssuerProofOutcome } from "./issuer-proof.ts";
import { showNotice } from "./page-notice.ts";
import type { Passkeys } from "./passkeys.ts";
import type { PersonCheck } from "./person-check.ts";

export type ApproveRoutesDeps = {
  approvals: Approvals;
  decide: Decide;
  cookies: ConnectionCookies;
  personCheck: PersonCheck;
  issuerProof: IssuerProof;
  passkeys: Passkeys;
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

type Visit = { found: FoundApproval; k: string; cookie: LiveGrant | undefined; isForeign: boolean };

export function createApproveRoutes(deps: ApproveRoutesDeps) {
  const { personCheck, config, limits } = deps;

  /** Finds the approval and the grant that the browser is known to. Throws approval_unknown. */
  async function visit(c: Context<AppEnv>): Promise<Visit> {
    await limits.consume("page", identifyPeer(c, config));
    const { id = "", k = "" } = c.req.param();
    return openVisit(c, deps, { id, k });
  }

  return new Hono<AppEnv>()
    .use("/approve/*", limitBody(maxFormBytes))
    .get(route, async (c) => {
      const { found, cookie, isForeign } = await visit(c);
      if (cookie)
        return answerWithPage(
          c,
          config,
          found,
          await showTo(deps, cookie, found),
          found.state === "expired" ? 410 : 200,
        );
      return answerWithPage(
        c,
        config,
        found,
        askForProof(found),
        isForeign ? 403 : found.state === "expired" ? 410 : 200,
      );
    })
    .post(route, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      return decideOn(c, deps, await visit(c));
    })
    .post(`${route}/prove`, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      return prove(c, deps, await visit(c));
    })
    .post(`${route}/passkey`, async (c) => {
      if (!personCheck.isOwnPost(c)) return c.json({ error: "cross_site" }, 403);
      return beginPasskey(c, deps, await visit(c));
    })
    .onError((error, c) => {
      if (!(error instanceof AppError)) throw error;
      const { code, status, retryAfterSeconds } = error;
      const known = { approval_unknown: "not_found", rate_limited: "rate_limited" } as const;
      const notice = code === "approval_unknown" || code === "rate_limited" ? known[code] : "failed";
      return showNotice(c, config, notice, status as ContentfulStatusCode, retryAfterSeconds);
    });
}

async function openVisit(
  c: Context,
  deps: ApproveRoutesDeps,
  { id, k }: { id: string; k: string },
): Promise<Visit> {
  const found = await deps.approvals.find(id, k);
  const { grant: cookie, isForeign } = await deps.cookies.open(c, found.grantId);
  const grant = cookie ?? (await deps.approvals.openByLink(id, k));
  const issuerName = grant && (await deps.issuerProof.nameOf(grant, found.accountId));
  const [passkeys, eachTime] = await Promise.all([
    deps.passkeys.list(found.grantId),
    deps.passkeys.asksEachTime(found.grantId),
  ]);
  const hasPasskey = passkeys.length > 0;
  return { found: { ...found, k, issuerName, hasPasskey, eachTime }, k, cookie, isForeign };
}

/** Answers a sign-in at the issuer that was begun on the page of an approval. Throws approval_unknown. */
export async function answerApproveProof(
  c: Context<AppEnv>,
  deps: ApproveRoutesDeps,
  link: { id: string; k: string },
  outcome: IssuerProofOutcome,
): Promise<Response> {
  const { found, cookie } = await openVisit(c, deps, link);
  const grant = cookie ?? (await deps.approvals.openByLink(link.id, link.k));
  if (!grant)
    return answerWithPage(c, deps.config, found, askForProof(found), found.state === "expired" ? 410 : 200);
  if ("proof" in outcome) {
    if (!cookie) await deps.cookies.set(c, { grantId: grant.id, dataKey: grant.dataKey });
    return answerWithPage(c, deps.config, found, await showTo(deps, grant, found, outcome), 200);
  }
  const page = cookie ? await showTo(deps, cookie, found, outcome) : askForProof(found, outcome);
  return answerWithPage(c, deps.config, found, page, outcome.problem === "wrong" ? 403 : 502);
}

async function decideOn(c: Context<AppEnv>, deps: ApproveRoutesDeps, here: Visit): Promise<Response> {
  const { approvals, decide, passkeys } = deps;
  const { found, k, cookie } = here;
  const form = await c.req.parseBody({ all: true });
  const decision = toDecision(form.decision);
  if (!decision) throw new AppError("invalid_input", "There is no such decision.");
  const grant = cookie ?? (await approvals.openByLink(found.id, k));
  // Decided or expired, and no cookie: its state is all there is to tell.
  if (!grant)
    return answerWithPage(c, deps.config, found, askForProof(found), found.state === "expired" ? 410 : 403);
  const response = toFieldText(form.passkey);
  let origin: ProofOrigin | undefined;
  if (response === undefined) origin = await findOrigin(deps, here, form.proof);
  else if (await passkeys.isProven(grant, await toPurpose(deps, grant, { found, decision, form }), response))
    origin = "passkey";
  if (!origin) return refuseDecision(c, deps, here, response === undefined ? "needed" : "failed");
  extendIdleTimeout(c, decisionSeconds);
  const decided = await decide({ grant, id: found.id, decision, origin, chosen: toChosen(form) });
  const after = { ...found, state: decided.state };
  return answerWithPage(
    c,
    deps.config,
    after,
    await showTo(deps, grant, after, { decided }),
    toStatus(decided),
    decided.problem,
  );
}

/** Finds what proves the person where no passkey was used: a fresh proof, or the cookie alone. */
const findOrigin = ({ personCheck }: ApproveRoutesDeps, { found, cookie }: Visit, proof: unknown) =>
  personCheck.findOrigin(
    { grantId: found.grantId, subject: found.id },
    { cookie, proof: toFieldText(proof) },
  );

async function refuseDecision(
  c: Context<AppEnv>,
  deps: ApproveRoutesDeps,
  { found, cookie }: Visit,
  passkeyProblem: "needed" | "failed",
): Promise<Response> {
  // A browser that is known keeps what it sees.
  const isAsked = found.hasPasskey && cookie !== undefined;
  const page = isAsked
    ? await showTo(deps, cookie, found, { passkeyProblem })
    : askForProof(found, { passkeyFailed: passkeyProblem === "failed" });
  return answerWithPage(c, deps.config, found, page, 403);
}

/** Answers with the options for the authenticator: bound to a decision, or to opening the page. */
async function beginPasskey(c: Context<AppEnv>, deps: ApproveRoutesDeps, here: Visit): Promise<Response> {
  const { found, k, cookie } = here;
  const grant = cookie ?? (await deps.approvals.openByLink(found.id, k));
  if (!grant || (found.state !== "waiting" && found.state !== "failed"))
    return c.json({ error: "decided" }, 410);
  const form = await c.req.parseBody({ all: true });
  const decision = toDecision(form.decision);
  const purpose = decision ? await toPurpose(deps, grant, { found, decision, form }) : toOpening(found);
  const get = await deps.passkeys.beginProof(grant, purpose);
  return get ? c.json({ get }, 200, { "Cache-Control": "no-store" }) : c.json({ error: "no_passkey" }, 404);
}

/** The purpose of a decision: the approval, the decision, the emails that are checked, and the hash of what is frozen. */
async function toPurpose(
  { approvals }: ApproveRoutesDeps,
  grant: LiveGrant,
  of: { found: FoundApproval; decision: Decision; form: Record<string, unknown> },
): Promise<readonly string[]> {
  const { id } = of.found;
  const { contentHash } = await approvals.identityOf(grant, id);
  return ["decide", id, of.decision, JSON.stringify(toChosen(of.form) ?? "all"), contentHash];
}

const toOpening = ({ id }: FoundApproval) => ["open", id] as const;

/** Opens the page by a passkey. It decides nothing: a decision has a challenge of its own. */
async function openByPasskey(
  c: Context<AppEnv>,
  deps: ApproveRoutesDeps,
  { found, cookie }: Visit,
  { grant, response }: { grant: LiveGrant; response: string },
): Promise<Response> {
  if (!(await deps.passkeys.isProven(grant, toOpening(found), response))) {
    const page = cookie
      ? await showTo(deps, cookie, found, { passkeyProblem: "failed" })
      : askForProof(found, { passkeyFailed: true });
    return answerWithPage(c, deps.config, found, page, 403);
  }
  if (!cookie) await deps.cookies.set(c, { grantId: grant.id, dataKey: grant.dataKey });
  return answerWithPage(c, deps.config, found, await showTo(deps, grant, found), 200);
}

async function prove(c: Context<AppEnv>, deps: ApproveRoutesDeps, here: Visit): Promise<Response> {
  const { approvals, cookies, personCheck } = deps;
  const { found, k, cookie } = here;
  const grant = await approvals.openByLink(found.id, k);
  if (!grant)
    return answerWithPage(c, deps.config, found, askForProof(found), found.state === "expired" ? 410 : 200);
  const { password, passkey } = await c.req.parseBody();
  const response = toFieldText(passkey);
  if (response !== undefined) return openByPasskey(c, deps, here, { grant, response });
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
    if (!cookie) await cookies.set(c, { grantId: grant.id, dataKey: grant.dataKey });
    return answerWithPage(
      c,
      deps.config,
      found,
      await showTo(deps, grant, found, { proof: outcome.proof }),
      200,
    );
  }
  const { problem, retryAfterSeconds } = outcome;
  const status = problem === "too_many" ? 429 : problem === "wrong" ? 403 : 502;
  // A browser that is known keeps what it sees.
  const page = cookie ? await showTo(deps, cookie, found, { problem }) : askForProof(found, outcome);
  return answerWithPage(c, deps.config, found, page, status, { retryAfterSeconds });
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
