/** The accounts of a connection on its own page: another one needs fresh proof, to remove one needs only the cookie. */
import type { Context } from "hono";
import type { LiveGrant } from "../grant.ts";
import type { AppEnv } from "../http/guard.ts";
import { type ConnectionRoutesDeps, showConnection } from "./connection-view.ts";
import { toFieldText } from "./form-field.ts";

type Form = Readonly<Record<string, unknown>>;

/** Answers with the connect form, which ends on the page of the connection. */
export async function addConnectionAccount(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Form,
): Promise<Response> {
  const subject = { grantId: grant.id, subject: grant.id };
  if (!(await deps.personCheck.isFresh(subject, toFieldText(form.proof))))
    return showConnection(c, deps, grant, { told: "needs_proof", status: 403 });
  return deps.addAccount(c, grant, (await deps.access.read(grant.id))?.redirectHost ?? "");
}

/**
 * Removes an account with its credentials, and declines what waits for it. The last one stays: without it the connection
 * ends. Without an account that can send, the level is lowered, or Claude would see tools that always fail.
 */
export async function removeConnectionAccount(
  c: Context<AppEnv>,
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Form,
): Promise<Response> {
  const { vault, access, approvals, onToolsChanged } = deps;
  const accounts = await vault.listAccounts(grant.id, grant.dataKey);
  const account = accounts.find(({ id }) => id === form.account);
  if (!account) return showConnection(c, deps, grant, { status: 404 });
  if (accounts.length === 1) return showConnection(c, deps, grant, { told: "last_account", status: 400 });
  await vault.removeAccount(grant.id, grant.dataKey, account.address);
  await approvals.declineAccount(grant.id, account.id);
  const sends = grant.level === "approve" || grant.level === "send";
  const isSender = accounts.some(({ id, canSend }) => canSend && id !== account.id);
  if (!sends || isSender) return showConnection(c, deps, grant, { told: "changed" });
  const lowered = { level: "organise", asksForNewPeople: grant.asksForNewPeople ?? false } as const;
  await access.set(grant.id, lowered);
  onToolsChanged(grant.id);
  return showConnection(c, deps, { ...grant, ...lowered }, { told: "changed" });
}
