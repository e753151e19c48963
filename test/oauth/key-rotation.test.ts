import { expect } from "bun:test";
import {
  beginAuthorization,
  type Entrance,
  formFields,
  redeemCode,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { runCommand } from "../support/command.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startProduct, withProduct } from "../support/product.ts";

mailTest(
  "A19: a client that registered before the server key was rotated keeps its id and secret",
  async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const first = await startProduct();
    const registered = await fetch(`${first.url}/oauth/register`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ redirect_uris: [redirectUri] }),
    });
    const { client_id: clientId, client_secret: clientSecret } = await registered.json();
    const authorize = async (client: Entrance) => {
      const authorization = await beginAuthorization(client);
      const answer = await requireCode(await submitForm(client, authorization, formFields(user, kit)));
      return redeemCode(client, answer.get("code") ?? "", authorization.verifier);
    };
    const { refreshToken } = await authorize({ url: first.url, clientId, clientSecret });
    await first.stop();

    const settings = { DATA_DIR: first.dataDir };
    expect((await runCommand(["rotate-key"], settings)).exitCode).toBe(0);
    await withProduct({ settings }, async ({ url }) => {
      const client = { url, clientId, clientSecret };
      const refreshed = await requestToken(client, {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
      });
      expect(refreshed.status).toBe(200);
      expect((await authorize(client)).accessToken).toHaveLength(64);
    });
  },
);
