/**
 * A grant made by the product's own modules, without its pages and without a login: for tests whose subject is not
 * authorization. `connectMailbox` in authorize.ts goes through the form.
 */
import { createAccessTokens } from "../../src/accounts/access-tokens.ts";
import { createVault } from "../../src/accounts/vault.ts";
import { createChildPool, renderCommand } from "../../src/child-process/pool.ts";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import type { MailServer } from "../../src/credentials.ts";
import type { Database } from "../../src/db/database.ts";
import { openStore } from "../../src/db/open.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { createConnections } from "../../src/imap/connections.ts";
import { readKeyRing } from "../../src/key-ring.ts";
import { createLog } from "../../src/log.ts";
import { createGrants } from "../../src/oauth/grants.ts";
import { createSecrets, newToken, toCodeChallenge } from "../../src/secrets.ts";
import { createSubmissions } from "../../src/smtp/submissions.ts";
import { type Level, redirectUri, type Tokens } from "./authorize.ts";
import { mailServer, type User } from "./mail-server.ts";
import type { TestProduct } from "./product.ts";

export type GrantOptions = { level?: Level; servers?: { imap: MailServer; smtp: MailServer } };

/** A running product, in this process or another. */
type GrantingProduct = Pick<TestProduct, "clientId" | "dataDir" | "settings"> &
  Partial<Pick<TestProduct, "clock">>;

const notUsed = () => Promise.reject(new Error("saving an account opens no connection"));

function createModules(product: GrantingProduct, db: Database) {
  const config = loadConfig(product.settings);
  const log = createLog("error", () => {});
  const clock = product.clock ?? systemClock;
  const secrets = createSecrets(readKeyRing(config, log));
  return {
    grants: createGrants({ db, secrets, clock, config, log, onEnd() {} }),
    vault: createVault({
      db,
      clock,
      connections: createConnections({ open: notUsed, clock }),
      submissions: createSubmissions({ open: notUsed }),
      accessTokens: createAccessTokens({
        issuers: [],
        upstream: { refresh: notUsed, revoke: notUsed },
        clock,
        log,
      }),
      children: createChildPool(renderCommand),
      documents: createDocumentReader(),
    }),
  };
}

/** Makes a live grant of the static client for one mailbox. `servers` defaults to the run's shared mail server. */
export async function grantFor(
  product: GrantingProduct,
  user: User,
  { level = "send", servers }: GrantOptions = {},
): Promise<Tokens> {
  const { imap, smtp } = servers ?? (await mailServer());
  const { address, password } = user;
  const credentials = { address, username: address, password, provider: "generic", imap, smtp };
  const codeVerifier = newToken();
  const { clientId } = product;
  const request = {
    secret: newToken(),
    clientId,
    redirectUri,
    browserHash: "",
    redirectHost: "claude.ai",
    codeChallenge: toCodeChallenge(codeVerifier),
  };
  const { dataDir, database } = loadConfig(product.settings);
  const { db, close } = await openStore({ dataDir, database });
  try {
    const { grants, vault } = createModules(product, db);
    await grants.authorizationFlow.attachAccount(request, level, async (tx, { grantId, dataKey }) => {
      await vault.saveAccount(tx, grantId, dataKey, credentials);
    });
    const code =
      (await grants.authorizationFlow.issueCode(request, async (_, pending) => pending.level)) ?? "";
    const tokens = await grants.redeemCode({ code, clientId, redirectUri, codeVerifier });
    return {
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
      scope: tokens.scope,
    };
  } finally {
    await close();
  }
}
