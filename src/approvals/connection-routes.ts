/**
 * /connection: the connections that a browser knows, and the page of each. Lowering and ending need the cookie alone;
 * what gives Claude more needs fresh proof.
 */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { AppError } from "../errors.ts";
import type { Level, LiveGrant } from "../grant.ts";
import { type AppEnv, extendIdleTimeout, limitBody } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import { addConnectionAccount, removeConnectionAccount } from "./connection-accounts.ts";
import {
  addPasskey,
  beginConnectionPasskey,
  changeEachTime,
  proveByPasskey,
  removePasskey,
} from "./connection-passkeys.ts";
import {
  type ConnectionOutcome,
  type ConnectionRoutesDeps,
  firstAccount,
  showConnection,
  showEnded,
  showList,
} from "./connection-view.ts";
import type { IssuerProofOutcome } from "./issuer-proof.ts";
import { showNotice } from "./page-notice.ts";

const maxFormBytes = 16 * 1024;
const undoSeconds = 60;
const route = "/connection/:grantId{grt_[0-9a-f]{32}}";

const levels: readonly Level[] = ["read", "organise", "approve", "send"];

export function createConnectionRoutes(deps: ConnectionRoutesDeps) {
  const { cookies, config, limits, personCheck, access } = deps;

  /** The grant of the page, when this browser knows it. */
  async function visit(c: Context<AppEnv>): Promise<LiveGrant | undefined> {
    await limits.consume("page", identifyPeer(c, config));
    return (await cookies.open(c, c.req.param("grantId") ?? "")).grant;
  }

  return new Hono<AppEnv>()
    .use("/connection/*", limitBody(maxFormBytes))
    .get("/connection", async (c) => {
      await limits.consume("page", identifyPeer(c, config));
      return showList(c, deps, await cookies.list(c), 200);
    })
    .get(route, async (c) => {
      const grant = await visit(c);
      return grant ? showConnection(c, deps, grant) : showList(c, deps, [], 403);
    })
    .post(route, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      const grant = await visit(c);
      if (!grant) return showList(c, deps, [], 403);
      const form = await c.req.parseBody();
      switch (form.action) {
        case "end":
          await access.end(grant);
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
          await deps.vault.setSignature(grant, String(form.account), form.signature === "on");
          return showConnection(c, deps, grant, { told: "changed" });
        case "level":
          return changeLevel(c, deps, grant, form);
        case "add_account":
          return addConnectionAccount(c, deps, grant, form);
        case "remove_account":
          return removeConnectionAccount(c, deps, grant, form);
        case "add_passkey":
          return showConnection(c, deps, grant, await addPasskey(deps, grant, form));
        case "remove_passkey":
          return showConnection(c, deps, grant, await removePasskey(deps, grant, form));
        case "each_time":
          return showConnection(c, deps, grant, await changeEachTime(deps, grant, form));
        default:
          return showNotice(c, config, "request_invalid", 400);
      }
    })
    .post(`${route}/prove`, async (c) => {
      if (!personCheck.isOwnPost(c)) return showNotice(c, config, "cross_site", 403);
      const grant = await visit(c);
      if (!grant) return showList(c, deps, [], 403);
      const { account, passkey } = await c.req.parseBody();
      const byPasskey = await proveByPasskey(deps, grant, passkey);
      if (byPasskey) return showConnection(c, deps, grant, byPasskey);
      extendIdleTimeout(c, undoSeconds);
      const accountId =
        typeof account === "string" && account !== "" ? account : await firstAccount(deps, grant);
      const left = await deps.issuerProof.begin(c, grant, { accountId, subject: grant.id });
      return left ?? showConnection(c, deps, grant, await prove(c, deps, grant, accountId));
    })
    .post(`${route}/passkey`, async (c) => {
      if (!personCheck.isOwnPost(c)) return c.json({ error: "cross_site" }, 403);
      const grant = await visit(c);
      if (!grant) return c.json({ error: "unknown" }, 403);
      return beginConnectionPasskey(c, deps, grant);
    })
    .onError((error, c) => {
      if (!(error instanceof AppError)) throw error;
      const { code, status, retryAfterSeconds } = error;
      const notice = code === "rate_limited" ? "rate_limited" : "failed";
      return showNotice(c, config, notice, status as ContentfulStatusCode, retryAfterSeconds);
    });
}

/** Answers a sign-in at the issuer that was begun on the page of a connection. */
export async function answerConnectionProof(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grantId: string,
  outcome: IssuerProofOutcome,
): Promise<Response> {
  const { grant } = await deps.cookies.open(c, grantId);
  if (!grant) return showList(c, deps, [], 403);
  if ("proof" in outcome) return showConnection(c, deps, grant, outcome);
  return showConnection(c, deps, grant, { ...outcome, status: outcome.problem === "wrong" ? 403 : 502 });
}

async function prove(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  accountId: string,
): Promise<ConnectionOutcome> {
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
): Promise<ConnectionOutcome> {
  try {
    const done = typeof operationId === "string" && (await undo(grant, operationId));
    return { told: done ? "undone" : "not_undone" };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { told: "not_undone", status: error.code === "operation_unknown" ? 404 : 502 };
  }
}

/** Changes the level at once. Giving more needs a proof; from `read` nothing is raised, because of the client's scope. */
async function changeLevel(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Record<string, unknown>,
): Promise<Response> {
  const { personCheck, vault, access, approvals, onToolsChanged } = deps;
  const level = levels.find((each) => each === form.level);
  if (level === undefined) return showNotice(c, deps.config, "request_invalid", 400);
  const asksForNewPeople = form.ask_for_new_people === "on";
  const sends = level === "approve" || level === "send";
  const isHigher = levels.indexOf(level) > levels.indexOf(grant.level);
  const losesBrake = level === "send" && grant.asksForNewPeople === true && !asksForNewPeople;
  const connected = await vault.listAccounts(grant.id, grant.dataKey);
  const canSend = connected.some((account) => account.canSend);
  if (isHigher && (grant.level === "read" || (sends && !canSend)))
    return showConnection(c, deps, grant, { told: "connect_again", status: 403 });
  if (isHigher || losesBrake) {
    const proof = typeof form.proof === "string" ? form.proof : undefined;
    const subject = { grantId: grant.id, subject: grant.id };
    if (!(await personCheck.isFresh(subject, proof)))
      return showConnection(c, deps, grant, { told: "needs_proof", status: 403 });
  }
  await access.set(grant.id, { level, asksForNewPeople });
  if (!sends) await approvals.declineAll(grant.id);
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
  if ((await privacy.privatePathsOf(grant, accountId)).some((path) => !paths.includes(path))) {
    const proof = typeof form.proof === "string" ? form.proof : undefined;
    if (!(await personCheck.isFresh({ grantId: grant.id, subject: grant.id }, proof)))
      return showConnection(c, deps, grant, { told: "needs_proof", status: 403 });
  }
  await privacy.hide(grant, paths, { accountId });
  return showConnection(c, deps, grant, { told: "changed" });
}
