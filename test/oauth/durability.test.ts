import { Database } from "bun:sqlite";
import { expect } from "bun:test";
import { toDatabaseFile } from "../../src/db/open.ts";
import { connectMailbox, type Entrance, requestToken, type Tokens } from "../support/authorize.ts";
import { type BinaryProcess, startBinary } from "../support/binary.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { eventually } from "../support/waiting.ts";

/** Refreshes until the process is gone. Every pair that arrived whole goes into `received`. */
async function refreshUntilDead(product: Entrance, first: Tokens, received: Tokens[]): Promise<void> {
  let { refreshToken } = first;
  for (;;) {
    try {
      const response = await requestToken(product, {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
      });
      if (response.status !== 200) throw new Error(`refresh answered ${response.status}`);
      const { access_token: accessToken, refresh_token, scope } = await response.json();
      received.push({ accessToken, refreshToken: refresh_token, scope });
      refreshToken = refresh_token;
    } catch (error) {
      // A connection that broke is how the process's end looks from here.
      if (error instanceof Error && error.message.startsWith("refresh answered")) throw error;
      return;
    }
  }
}

async function statusOf(product: Entrance, accessToken: string): Promise<number> {
  const response = await fetch(`${product.url}/mcp`, {
    method: "POST",
    headers: { Authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  await response.text();
  return response.status;
}

mailTest("R01: kill -9 during 200 token issues loses no token that a client received", async () => {
  const kit = await mailServer();
  let product: BinaryProcess = await startBinary();
  const settings = { DATA_DIR: product.dataDir, PORT: new URL(product.url).port };
  let live: Tokens[] = [];
  for (let person = 0; person < 4; person++) live.push(await connectMailbox(product, await kit.newUser()));
  const all: Tokens[] = [...live];
  try {
    // Killed at another moment each time: after so many answers.
    for (const killAfter of [7, 41, 80, 75]) {
      const chains = live.map((): Tokens[] => []);
      const running = live.map((tokens, index) => refreshUntilDead(product, tokens, chains[index] ?? []));
      const count = () => chains.reduce((sum, chain) => sum + chain.length, 0);
      await eventually(() => count() >= killAfter, { everyMs: 1, what: `${killAfter} answers` });
      product.kill("SIGKILL");
      await Promise.all([...running, product.exited]);
      all.push(...chains.flat());
      live = live.map((tokens, index) => chains[index]?.at(-1) ?? tokens);

      product = await startBinary(settings);
      const file = new Database(toDatabaseFile(product.dataDir), { readonly: true });
      expect(file.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
      file.close();
    }
    expect(all.length).toBeGreaterThanOrEqual(200);
    const statuses = await Promise.all(all.map(({ accessToken }) => statusOf(product, accessToken)));
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    for (const { refreshToken } of live)
      expect(
        (await requestToken(product, { grant_type: "refresh_token", refresh_token: refreshToken })).status,
      ).toBe(200);
  } finally {
    await product.stop();
  }
});
