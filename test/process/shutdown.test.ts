/** Shutdown of the server: by a signal, by a second signal, and by kill -9. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { connectMailbox, requestToken, type Tokens } from "../support/authorize.ts";
import { startBinary } from "../support/binary.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { loopMsOf } from "../support/own-time.ts";
import { freePort } from "../support/ports.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { temporaryDiskFolder } from "../support/temporary.ts";
import { eventually } from "../support/waiting.ts";

/** Sends a ping to /mcp; true when the token is accepted. */
async function isAccepted(url: string, token: string): Promise<boolean> {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  });
  return response.status === 200;
}

describeMail("The shutdown of the process", () => {
  test("R05: SIGTERM during an open stream and a running call ends the stream, answers the call, and exits with 0 within 15 s", async () => {
    const smtp = await startScriptedSmtp();
    const { imap, newUser } = await mailServer();
    const product = await startBinary();
    const user = await newUser();
    const tokens = await connectMailbox(product, user, { servers: { imap, smtp: smtp.server } });
    const claude = await openClient(product, tokens.accessToken);
    const stream = await fetch(`${product.url}/mcp`, {
      headers: {
        Authorization: `Bearer ${tokens.accessToken}`,
        "Mcp-Session-Id": claude.transport.sessionId ?? "",
        Accept: "text/event-stream",
      },
    });
    const streamed = stream.text();

    // The submission server delays each reply: to MAIL, RCPT, DATA and the email itself.
    smtp.become({ slowMs: 500 });
    const before = smtp.commands.length;
    let isAnswered = false;
    const call = claude.call("send_email", { to: ["ben@example.test"], subject: "Slow", body: "But sent." });
    call.finally(() => {
      isAnswered = true;
    });
    await eventually(() => smtp.commands.length > before, { what: "the submission to begin" });
    product.kill("SIGTERM");
    const ms = await loopMsOf(async () => {
      await streamed;
      expect(isAnswered).toBe(false);
      const answer = await call;
      expect(answer.text).toContain("ben@example.test");
      expect(smtp.taken).toHaveLength(1);
      expect(await product.exited).toBe(0);
    });
    expect(ms).toBeLessThan(15_000);
    await claude.close().catch(() => {});
    await smtp.stop();
  });

  test("R05: A second signal ends the process at once", async () => {
    const smtp = await startScriptedSmtp();
    const { imap, newUser } = await mailServer();
    const product = await startBinary();
    const tokens = await connectMailbox(product, await newUser(), { servers: { imap, smtp: smtp.server } });
    const claude = await openClient(product, tokens.accessToken);
    smtp.become({ stallAt: "DATA" });
    const before = smtp.commands.length;
    const call = claude
      .try("send_email", { to: ["ben@example.test"], subject: "Stuck", body: "…" })
      .catch(() => {});
    await eventually(() => smtp.commands.slice(before).some((line) => line.startsWith("DATA")));
    product.kill("SIGTERM");
    await eventually(() => product.stderr().includes('"event":"stopping"'));
    product.kill("SIGTERM");
    const ms = await loopMsOf(async () => expect(await product.exited).toBe(130));
    // Well below the 10 s that a running call may take after the first signal.
    expect(ms).toBeLessThan(3_000);
    await call;
    await claude.close().catch(() => {});
    await smtp.stop();
  });

  test("R01: After kill -9 during 200 token issues every token a client received works, and the database is intact", async () => {
    const DATA_DIR = join(temporaryDiskFolder("data"), "data");
    const settings = { PORT: String(await freePort()), DATA_DIR };
    let product = await startBinary(settings);
    const kit = await mailServer();
    // Four clients rotate their tokens without pause. `last`: the tokens that each received last.
    const last: Tokens[] = [];
    for (let client = 0; client < 4; client++) last.push(await connectMailbox(product, await kit.newUser()));
    const received = last.map((tokens) => [tokens.accessToken]);
    const count = () => received.flat().length;
    const refusals: string[] = [];

    for (const goal of [40, 80, 120, 160, 204]) {
      const running = { now: product };
      const rotations = last.map(async (_, client) => {
        for (;;) {
          const response = await requestToken(running.now, {
            grant_type: "refresh_token",
            refresh_token: last[client]?.refreshToken ?? "",
          });
          const answer = (await response.json()) as Record<string, string>;
          if (response.status !== 200) refusals.push(`${response.status} ${answer.error}`);
          last[client] = {
            accessToken: answer.access_token ?? "",
            refreshToken: answer.refresh_token ?? "",
            scope: answer.scope ?? "",
          };
          received[client]?.push(answer.access_token ?? "");
        }
      });
      const ended = Promise.allSettled(rotations);
      await eventually(() => count() >= goal, { withinMs: 10_000, everyMs: 1, what: "the token issues" });
      product.kill("SIGKILL");
      await product.exited;
      await ended;
      // A rotation ends by the lost connection, never by a refusal.
      expect(refusals).toEqual([]);
      product = await startBinary(settings);
    }

    expect(count()).toBeGreaterThanOrEqual(204);
    for (const { accessToken, refreshToken } of last) {
      expect(await isAccepted(product.url, accessToken)).toBe(true);
      const refreshed = await requestToken(product, {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
      });
      expect(refreshed.status).toBe(200);
    }
    const all = await Promise.all(received.flat().map((token) => isAccepted(product.url, token)));
    expect(all.filter((accepted) => !accepted)).toEqual([]);
    expect(await product.stop()).toBe(0);
    const db = new Database(join(product.dataDir, "email-connector.db"), { readonly: true });
    expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
    db.close();
  }, 60_000);
});
