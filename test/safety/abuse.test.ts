/** Parallel attacks on one server while a person works: SECURITY.md, N09. */
import { expect, test } from "bun:test";
import type { Attack, Counts } from "../support/attacker.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { bestOf, p95Of } from "../support/own-time.ts";
import { connectPerson } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

/** Starts the attacks in a worker. Returns the function that stops them and resolves to the counts of responses. */
async function startAttack(attack: Attack): Promise<() => Promise<Counts>> {
  const worker = new Worker(new URL("../support/attacker.ts", import.meta.url).href);
  const send = <T>(message: Attack | "stop") =>
    new Promise<T>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
      worker.onerror = ({ message: text }) => reject(new Error(text));
      worker.postMessage(message);
    });
  await send<"begun">(attack);
  return () => send<Counts>("stop");
}

describeMail("Parallel abuse", () => {
  test("N09: During 2,000 slow connections, floods of initialize and wrong tokens, and password guesses from forged addresses, a person's p95 stays under 500 ms", async () => {
    const kit = await mailServer();
    // Lower than the product's own rates, so that a flood of a few seconds reaches them.
    const narrow = { burst: 60, everyMs: 1_000 };
    await withProduct(
      {
        // High enough for repeated measurements of the person's calls.
        settings: { CALLS_PER_MINUTE: "1000" },
        rates: {
          message: { burst: 40, everyMs: 1_000 },
          wrongToken: narrow,
          loginByPeer: { burst: 1, everyMs: 60_000 },
        },
      },
      async (product) => {
        const user = await kit.newUser();
        await kit.deliver(user, "From: a@example.test\r\nSubject: during the attack\r\n\r\nx\r\n");
        const person = await connectPerson(product, { user });
        const measure = () =>
          p95Of(25, async (call) => {
            const name = call % 2 === 0 ? "get_recent_emails" : "list_mailboxes";
            expect((await person.client.call(name, {})).text).toContain("INBOX");
          });
        // The duration of the same calls without an attack.
        const quiet = await measure();
        const attacker = await connectPerson(product);
        const stop = await startAttack({
          product: { url: product.url, clientId: product.clientId, clientSecret: product.clientSecret },
          accessToken: attacker.tokens.accessToken,
          address: user.address,
          servers: { imap: kit.imap, smtp: kit.smtp },
          slowConnections: 2_000,
        });

        const p95 = await bestOf(500 + quiet, measure);
        const responses = await stop();
        expect(p95).toBeLessThan(500 + quiet);

        // Every attack reached its rate limit, and no guess succeeded.
        expect(responses.initialize["429"] ?? 0).toBeGreaterThan(0);
        expect(Object.keys(responses.token).toSorted()).toEqual(["401", "429"]);
        expect(responses.guess["429"] ?? 0).toBeGreaterThan(0);
        expect(responses.guess["303"]).toBeUndefined();
        await Promise.all([person.client.close(), attacker.client.close()]);
      },
    );
  }, 30_000);
});
