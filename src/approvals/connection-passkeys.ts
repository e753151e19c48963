/**
 * The passkeys of a connection on its own page. A new or removed one, and the end of "each time", give Claude more or
 * take a guard away: they need fresh proof. "Each time" itself needs only the cookie.
 */
import type { Context } from "hono";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { ConnectionOutcome, ConnectionRoutesDeps } from "./connection-view.ts";
import { toFieldText } from "./form-field.ts";

type Form = Readonly<Record<string, unknown>>;

/** The purpose of a passkey on the page: a proof for one change. */
const toPurpose = ({ id }: LiveGrant) => ["prove", id] as const;

const isProven = ({ personCheck }: ConnectionRoutesDeps, grant: LiveGrant, { proof }: Form) =>
  personCheck.isFresh({ grantId: grant.id, subject: grant.id }, toFieldText(proof));

const needsProof: ConnectionOutcome = { told: "needs_proof", status: 403 };

/** Answers with the options for the authenticator: to register a passkey, or to prove the person. */
export async function beginConnectionPasskey(
  c: Context,
  { passkeys, vault, access }: ConnectionRoutesDeps,
  grant: LiveGrant,
): Promise<Response> {
  const form = await c.req.parseBody();
  if (form.action === "add_passkey") {
    const [account] = await vault.listAccounts(grant.id, grant.dataKey);
    const host = (await access.read(grant.id))?.redirectHost ?? "";
    const create = await passkeys.beginRegistration(grant, `${account?.address ?? ""} (${host})`);
    return c.json({ create }, 200, { "Cache-Control": "no-store" });
  }
  const get = await passkeys.beginProof(grant, toPurpose(grant));
  return get ? c.json({ get }, 200, { "Cache-Control": "no-store" }) : c.json({ error: "no_passkey" }, 404);
}

/**
 * Proves the person by a passkey, which replaces every other proof once one is registered. Resolves with undefined where
 * none is, so that a password or the issuer proves them.
 */
export async function proveByPasskey(
  { passkeys, proofs }: ConnectionRoutesDeps,
  grant: LiveGrant,
  response: unknown,
): Promise<ConnectionOutcome | undefined> {
  if ((await passkeys.list(grant.id)).length === 0) return undefined;
  if (!(await passkeys.isProven(grant, toPurpose(grant), toFieldText(response) ?? "")))
    return { passkeyFailed: "proof", status: 403 };
  return { proof: await proofs.issue({ grantId: grant.id, subject: grant.id }, "passkey") };
}

/** Registers a passkey. The proof is used up, whether the response verifies or not. */
export async function addPasskey(
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Form,
): Promise<ConnectionOutcome> {
  if (!(await isProven(deps, grant, form))) return needsProof;
  try {
    const isAdded = await deps.passkeys.register(grant, toFieldText(form.passkey) ?? "");
    return isAdded ? { told: "changed" } : { passkeyFailed: "registration", status: 400 };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { passkeyFailed: "registration", status: 400 };
  }
}

export async function removePasskey(
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Form,
): Promise<ConnectionOutcome> {
  if (!(await isProven(deps, grant, form))) return needsProof;
  await deps.passkeys.remove(grant, toFieldText(form.remove) ?? "");
  return { told: "changed" };
}

export async function changeEachTime(
  deps: ConnectionRoutesDeps,
  grant: LiveGrant,
  form: Form,
): Promise<ConnectionOutcome> {
  const { passkeys } = deps;
  const eachTime = form.each_time === "on";
  const isLess = !eachTime && (await passkeys.asksEachTime(grant.id));
  if (isLess && !(await isProven(deps, grant, form))) return needsProof;
  if (eachTime && (await passkeys.list(grant.id)).length === 0) return { told: "needs_proof", status: 400 };
  await passkeys.setEachTime(grant.id, eachTime);
  return { told: "changed" };
}
