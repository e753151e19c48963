/** Everything at once against one server, while one person works: SECURITY.md, N09 and the parallel abuse. */
import { expect, test } from "bun:test";
import type { Attack, Counts } from "../support/attacker.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { bestOf, p95Of } from "../support/own-time.ts";
import { connectPerson } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

/** Starts the attackers; resolves when they are at it. Call what it gives to stop them and see what they were told. */
async function attack(how: Attack): Promise<() => Promise<Counts>> {
  const worker = new Worker(new URL("../support/attacker.ts", import.meta.url).href);
  const answer = <T>(message: Attack | "stop") =>
    new Promise<T>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
      worker.onerror = ({ message: what }) => reject(new Error(what));
      worker.postMessage(message);
    });
  await answer<"begun">(how);
  return () => answer<Counts>("stop");
}

describeMail("Abuse in parallel", () => {
  test("N09: 2,000 slow connections, a flood of initialize, wrong tokens and guessed passwords from forged addresses: a person's p95 stays under 500 ms", async () => {
    const kit = await mailServer();
    // Narrower than the product's own, so that a few seconds of flood reach them.
    const narrow = { burst: 60, everyMs: 1_000 };
    await withProduct(
      {
        // The person's calls fit, however often they are measured.
        settings: { CALLS_PER_MINUTE: "1000" },
        rates: {
          message: { burst: 40, everyMs: 1_000 },
          wrongToken: narrow,
          loginByPeer: { burst: 1, everyMs: 60_000 },
        },
      },
      async (product) => {
        const user = await kit.newUser();
        await kit.deliver(user, "From: a@example.test\r\nSubject: while all this goes on\r\n\r\nx\r\n");
        const person = await connectPerson(product, { user });
        const measure = () =>
          p95Of(25, async (call) => {
            const name = call % 2 === 0 ? "get_recent_emails" : "list_mailboxes";
            expect((await person.client.call(name, {})).text).toContain("INBOX");
          });
        // What this machine takes for the same calls while nobody attacks.
        const quiet = await measure();
        const attacker = await connectPerson(product);
        const stop = await attack({
          product: { url: product.url, clientId: product.clientId, clientSecret: product.clientSecret },
          accessToken: attacker.tokens.accessToken,
          address: user.address,
          servers: { imap: kit.imap, smtp: kit.smtp },
          slowConnections: 2_000,
        });

        const p95 = await bestOf(500 + quiet, measure);
        const told = await stop();
        expect(p95).toBeLessThan(500 + quiet);

        // What was meant to be limited was: past its burst, each was told to wait, and nobody got in.
        expect(told.initialize["429"] ?? 0).toBeGreaterThan(0);
        expect(Object.keys(told.token).toSorted()).toEqual(["401", "429"]);
        expect(told.guess["429"] ?? 0).toBeGreaterThan(0);
        expect(told.guess["303"]).toBeUndefined();
        await Promise.all([person.client.close(), attacker.client.close()]);
      },
    );
  }, 30_000);
});
