/** The handling of a submitted connect form, by the intent of the person who sent it. */
import type { Context } from "hono";
import type { AccountConnector, Progress } from "../accounts/account-connector.ts";
import type { Vault } from "../accounts/vault.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type AppEnv, extendIdleTimeout } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Log } from "../log.ts";
import { type ConnectForm, emptyConnectForm, toIntent } from "../pages/connect-form.ts";
import { findIssuer } from "../signin/choose-issuer.ts";
import type { Issuer } from "../signin/issuer.ts";
import { toStorageError } from "../storage-error.ts";
import type { AuthorizationFlow, SaveAccount } from "./authorization-flow.ts";
import type { AuthorizationPages } from "./authorization-pages.ts";
import type { AuthorizationRequest } from "./authorization-request.ts";
import { languageOf, type PageResponse } from "./page-response.ts";
import type { PendingGrant } from "./pending-grants.ts";

/** Maximum duration of a submission in seconds: a discovery and two logins, each within its own deadlines. */
const submissionSeconds = 100;

export type ConnectSubmission = {
  request: AuthorizationRequest;
  form: ConnectForm;
  pending: PendingGrant | undefined;
};

/** Gives the browser in which a person connected the cookie of the grant, with the response. */
export type RememberBrowser = (
  c: Context<AppEnv>,
  grant: Pick<PendingGrant, "grantId" | "dataKey">,
) => Promise<void>;

/** Makes mailboxes private; returns the names that no account has. Throws the failures of the mail server. */
export type HideMailboxes = (
  grant: { id: string; dataKey: Uint8Array },
  names: readonly string[],
) => Promise<string[]>;

export function createConnectSubmissions(deps: {
  config: Pick<Config, "trustedProxies">;
  authorizationFlow: AuthorizationFlow;
  pages: AuthorizationPages;
  connector: Pick<AccountConnector, "connectAccount" | "findServers" | "countFailedGuesses">;
  vault: Pick<Vault, "saveAccount" | "removeAccount" | "listAccounts">;
  issuers: readonly Issuer[];
  /** Redirects to the issuer of the entered address. */
  leaveForIssuer(c: Context<AppEnv>, submission: ConnectSubmission): Promise<PageResponse>;
  log: Log;
  rememberBrowser: RememberBrowser;
  hideMailboxes: HideMailboxes;
  /** Registers a passkey, and draws the page after the login again. */
  registerPasskey(c: Context<AppEnv>, submission: ConnectSubmission): Promise<PageResponse>;
}) {
  const { config, authorizationFlow, pages, connector, vault, issuers, log } = deps;

  /** Enter in the address field of a company that takes no password presses the hidden Connect. */
  function wantsSignIn({ address, provider, password }: ConnectForm): boolean {
    const issuer = findIssuer(issuers, { address, chosen: provider });
    return password === "" && issuer?.takesPasswords === false;
  }

  /** Draws the form again with the servers of the entered address. */
  async function lookUpServers(c: Context<AppEnv>, submission: ConnectSubmission): Promise<PageResponse> {
    const { request, form, pending } = submission;
    try {
      const found = await connector.findServers(form.address, {
        signal: c.var.arrived.signal,
        peer: identifyPeer(c, config),
      });
      return await pages.form(languageOf(c), request, { form, pending, found });
    } catch (problem) {
      if (!(problem instanceof AppError)) throw problem;
      return pages.form(languageOf(c), request, { form, pending, problem });
    }
  }

  /** Proves the entered credentials, saves the account, and continues with the page that the form asks for. */
  async function connectAccount(
    c: Context<AppEnv>,
    { request, form }: ConnectSubmission,
    progress?: Progress,
  ): Promise<PageResponse> {
    const language = languageOf(c);
    try {
      const credentials = await connector.connectAccount(form, {
        signal: c.var.arrived.signal,
        peer: identifyPeer(c, config),
        progress,
      });
      const save: SaveAccount = async (tx, { grantId, dataKey }) => {
        if (await vault.saveAccount(tx, grantId, dataKey, credentials))
          await authorizationFlow.addFailedGuesses(tx, grantId, connector.countFailedGuesses(credentials));
      };
      const pending = await authorizationFlow.attachAccount(request, form.level, save, form.asksForNewPeople);
      if (!pending) return pages.over(language, await authorizationFlow.stateOf(request));
      log.info("mailbox_connected", { grant: pending.grantId, client: request.clientId });
      if (request.extendedGrantId !== undefined) return await pages.extended(request);
      // The headers of a streamed response have left, so that it cannot set the cookie: another POST finishes.
      if (form.next === "go" && !progress) return await finish(c, { request, form });
      return await pages.connected(language, request, pending);
    } catch (thrown) {
      const problem = toStorageError(thrown);
      if (!(problem instanceof AppError)) throw problem;
      log.info("connect_refused", { requestId: c.var.requestId, code: problem.code });
      return pages.form(language, request, {
        form,
        problem,
        pending: await authorizationFlow.findPending(request),
      });
    }
  }

  /** Hides what the person named, redirects to the client with a code, and remembers the browser. */
  async function finish(
    c: Context<AppEnv>,
    { request, form }: Pick<ConnectSubmission, "request" | "form">,
  ): Promise<PageResponse> {
    const pending = await authorizationFlow.findPending(request);
    if (pending && form.privateMailboxes.length > 0) {
      const { grantId: id, dataKey } = pending;
      const unknownMailboxes = await deps.hideMailboxes({ id, dataKey }, form.privateMailboxes);
      // A mistyped name must not leave a mailbox visible.
      if (unknownMailboxes.length > 0)
        return pages.connected(languageOf(c), request, pending, {
          unknownMailboxes,
          privateMailboxes: form.privateMailboxes,
        });
    }
    return pages.finish(languageOf(c), request, (grant) => deps.rememberBrowser(c, grant));
  }

  /** Draws an empty form for another account. */
  async function addAccount(
    c: Context<AppEnv>,
    { request, pending }: ConnectSubmission,
  ): Promise<PageResponse> {
    const language = languageOf(c);
    if (!pending) return pages.notice(language, "request_expired", 400);
    return pages.form(language, request, { form: emptyConnectForm("", pending.level), pending });
  }

  /** Removes an account. Without the last one, the flow starts over: its level can be chosen again. */
  async function removeAccount(
    c: Context<AppEnv>,
    { request, form, pending }: ConnectSubmission,
  ): Promise<PageResponse> {
    const language = languageOf(c);
    if (!pending) return pages.notice(language, "request_expired", 400);
    await vault.removeAccount(pending.grantId, pending.dataKey, form.remove);
    if ((await vault.listAccounts(pending.grantId, pending.dataKey)).length > 0)
      return pages.connected(language, request, pending);
    await authorizationFlow.startOver(pending);
    return pages.form(language, request, { form: emptyConnectForm("", pending.level) });
  }

  /** Handles a submission. `progress` is called for each login step. Rejects with OAuthError, AppError or a bug. */
  return async function submit(
    c: Context<AppEnv>,
    submission: ConnectSubmission,
    progress?: Progress,
  ): Promise<PageResponse> {
    const intent = toIntent(submission.form);
    const isExtension = submission.request.extendedGrantId !== undefined;
    // Of the page after a login there is none: whatever else is asked for ends on the person's own page.
    if (isExtension && !["lookup", "sign-in", "connect"].includes(intent))
      return pages.extended(submission.request);
    switch (intent) {
      case "cancel":
        return pages.cancel(submission.request);
      case "finish":
        extendIdleTimeout(c, submissionSeconds);
        return finish(c, submission);
      case "add":
        return addAccount(c, submission);
      case "remove":
        return removeAccount(c, submission);
      case "passkey":
        return deps.registerPasskey(c, submission);
      case "lookup":
        extendIdleTimeout(c, submissionSeconds);
        return lookUpServers(c, submission);
      case "sign-in":
        extendIdleTimeout(c, submissionSeconds);
        return deps.leaveForIssuer(c, submission);
      case "connect":
        extendIdleTimeout(c, submissionSeconds);
        return wantsSignIn(submission.form)
          ? lookUpServers(c, submission)
          : connectAccount(c, submission, progress);
    }
  };
}
