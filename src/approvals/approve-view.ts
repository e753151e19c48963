/** The page of an approval: what is shown to whom, by what they have proven. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { LiveGrant } from "../grant.ts";
import type { AppEnv } from "../http/guard.ts";
import type { ApprovePageProps } from "../pages/approve.tsx";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { Approvals } from "./approvals.ts";
import type { ConnectionCookies } from "./connection-cookies.ts";
import { type Decided, decisionAnswer } from "./decide.ts";
import { toContent } from "./shown-action.ts";

type ApproveViewDeps = {
  approvals: Pick<Approvals, "open">;
  cookies: Pick<ConnectionCookies, "isLoopback">;
  vault: Pick<Vault, "listAccounts">;
  clock: Clock;
};

type ApproveView = Omit<ApprovePageProps, "language" | "operator" | "path">;

/**
 * An approval of a link. `k` is the secret of the link, `issuerName` the issuer of the account, where the person signed
 * in there. `eachTime`: nothing but a passkey decides.
 */
export type FoundApproval = Awaited<ReturnType<Approvals["find"]>> & {
  k: string;
  issuerName: string | undefined;
  hasPasskey: boolean;
  eachTime: boolean;
};

/** The outcome of a form of the page. */
type PageOutcome = {
  proof?: string;
  problem?: "wrong" | "too_many" | "failed";
  passkeyProblem?: "failed" | "needed";
  decided?: Decided;
};

/** The page of somebody who has not proven anything: what there is to decide is not shown. */
export function askForProof(
  { kind, state, hasPasskey }: FoundApproval,
  problem: Omit<Extract<ApproveView["view"], { show: "proof" }>, "show" | "hasPasskey"> = {},
): ApproveView {
  if (state !== "waiting" && state !== "failed")
    return { kind, state, view: { show: "state", answer: undefined } };
  return { kind, state, view: { show: "proof", hasPasskey, ...problem } };
}

/** The page of the person: what would happen, or what became of it. */
export async function showTo(
  { approvals, cookies, vault, clock }: ApproveViewDeps,
  grant: LiveGrant,
  { id, kind, hasPasskey, eachTime }: FoundApproval,
  given: PageOutcome = {},
): Promise<ApproveView> {
  const approval = await approvals.open(grant, id);
  const { state, action, answer } = approval;
  if (!action || (state !== "waiting" && state !== "failed"))
    return { kind, state, view: { show: "state", answer: decisionAnswer.safeParse(answer).data } };
  const accounts = await vault.listAccounts(grant.id, grant.dataKey);
  const account = accounts.find((candidate) => candidate.id === approval.accountId);
  const { proof, problem, passkeyProblem, decided } = given;
  const wantsProof = proof === undefined && cookies.isLoopback;
  return {
    kind,
    state,
    view: {
      show: "decision",
      account: account?.address ?? "",
      content: toContent(action),
      proof,
      needsProof: wantsProof && !hasPasskey,
      passkey: eachTime ? "required" : wantsProof && hasPasskey ? "instead" : "none",
      problem,
      passkeyProblem,
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

export async function answerWithPage(
  c: Context<AppEnv>,
  { operator }: Pick<Config, "operator">,
  { id, k, issuerName }: FoundApproval,
  page: ApproveView,
  status: ContentfulStatusCode,
  { retryAfterSeconds }: { retryAfterSeconds?: number | undefined } = {},
): Promise<Response> {
  const { approvePage } = await import("../pages/approve.tsx");
  const language = toLanguage(c.req.header("Accept-Language"));
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  const path = `/approve/${id}/${k}`;
  return c.body(approvePage({ language, operator, path, issuerName, ...page }), status, pageHeaders);
}
