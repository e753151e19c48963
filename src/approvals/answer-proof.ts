/** Answers the arrival of a proof from an issuer with the page on which it was begun. */
import type { Context } from "hono";
import type { AppEnv } from "../http/guard.ts";
import type { ProofArrival } from "../signin/flow.ts";
import { type ApproveRoutesDeps, answerApproveProof } from "./approve-routes.ts";
import { answerConnectionProof } from "./connection-routes.ts";
import type { ConnectionRoutesDeps } from "./connection-view.ts";

/** Throws approval_unknown when the approval is gone. */
export async function answerProof(
  c: Context<AppEnv>,
  deps: ApproveRoutesDeps & ConnectionRoutesDeps,
  arrival: ProofArrival,
): Promise<Response> {
  const { target, outcome } = await deps.issuerProof.finish(c, arrival);
  const { grantId, subject: id, k } = target;
  return k === undefined
    ? answerConnectionProof(c, deps, grantId, outcome)
    : answerApproveProof(c, deps, { id, k }, outcome);
}
