/** Attacks by the connect form: private hosts, and guessed passwords. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openStore } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { privateHosts } from "../support/addresses.ts";
import { beginAuthorization, formFields, readForm, submitForm } from "../support/authorize.ts";
import { startHostileImap } from "../support/hostile-imap.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer } from "../support/mail-server.ts";
import { wideRates } from "../support/person.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";
import { startTcpListener, type TcpListener } from "../support/tcp-listener.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

const user = { address: "ann@example.test", password: "form-canary-password" };

/** Submits the form. Returns the status, the duration and the text of the alert on the page. */
async function submit(
  product: TestProduct,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) {
  const begun = await beginAuthorization(product);
  const startedAt = performance.now();
  const answer = await submitForm(product, begun, fields, headers);
  const ms = performance.now() - startedAt;
  const html = await answer.text();
  const alerts = [...html.matchAll(/<p\b(?=[^>]*role="alert")([^>]*)>([\s\S]*?)<\/p>/g)];
  const alert = alerts.find(([, attributes = ""]) => !/\bhidden\b/.test(attributes))?.[2] ?? "";
  return {
    status: answer.status,
    ms,
    html,
    alert: alert
      .replace(/<[^>]+>/g, " ")
      .replace(/\s+/g, " ")
      .trim(),
    retryAfter: answer.headers.get("retry-after"),
  };
}

describe("Hosts typed into the form", () => {
  let product: TestProduct;
  let listener: TcpListener;

  beforeAll(async () => {
    listener = await startTcpListener({ greeting: "* OK ready\r\n" });
    // As on a public server: no private host is allowed.
    product = await startProduct({
      settings: { ALLOW_PRIVATE_HOSTS: "", TRUSTED_PROXIES: "127.0.0.0/8,::1" },
      rates: wideRates,
      concurrency: { allLogins: 1_000 },
    });
  });

  afterAll(async () => {
    await product.stop();
    await listener.stop();
  });

  const fieldsFor = (host: string, port: string) => ({
    ...formFields(user, {
      imap: { host, port: 993, security: "tls" },
      smtp: { host: "smtp.example.test", port: 465, security: "tls" },
    }),
    imap_port: port,
  });

  test("S01: are all refused with the same page when they are private, without a connection to them", async () => {
    const seen = await Promise.all(
      privateHosts.map(async (host, index) => {
        // From different peers, so that no rate limit applies.
        const from = { "X-Forwarded-For": `198.51.100.${index}` };
        const { status, alert, ms, html } = await submit(product, fieldsFor(host, "993"), from);
        expect(html).not.toContain(user.password);
        return `${status} ${alert} ${ms >= 290 ? "" : `after ${ms}`}`;
      }),
    );
    expect([...new Set(seen)].length).toBe(1);
    expect(seen[0]).toMatch(/^4\d\d .{10}/);
    expect(listener.connections()).toBe(0);
  });

  test("S01: are refused for IMAP with the port of a real listener", async () => {
    const answer = await submit(product, fieldsFor("127.0.0.1", String(listener.port)));
    expect(answer.status).toBeWithin(400, 500);
    expect(listener.connections()).toBe(0);
  });

  test("S04: are refused with ports of other protocols, also as text, negative or too large", async () => {
    const ports = ["22", "25", "80", "6379", "0", "65536", "-1", "imap", "993.5", "0x3e1", "9 93"];
    const statuses = await Promise.all(
      ports.map(async (port, index) => {
        const from = { "X-Forwarded-For": `203.0.113.${index}` };
        return (await submit(product, fieldsFor("93.184.215.14", port), from)).status;
      }),
    );
    expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
  });
});

describeMail("The SMTP host of the form", () => {
  test("S01: is judged like the IMAP host, after the IMAP login, without a connection to it", async () => {
    const kit = await mailServer();
    const listener = await startTcpListener();
    const person = await kit.newUser();
    await withProduct(
      { settings: { ALLOW_PRIVATE_HOSTS: "localhost" }, rates: wideRates },
      async (product) => {
        for (const host of ["127.0.0.1", "::1", "0x7f000001", "169.254.169.254", "127.1"]) {
          const smtp = { host, port: listener.port, security: "starttls" } as const;
          const answer = await submit(product, formFields(person, { imap: kit.imap, smtp }));
          expect(answer.status).toBeWithin(400, 500);
          expect(answer.html).not.toContain(person.password);
        }
      },
    );
    expect(listener.connections()).toBe(0);
    await listener.stop();
  });
});

describeMail("Password guessing by the form", () => {
  let kit: MailServerKit;
  beforeAll(async () => {
    kit = await mailServer();
  });

  test("is limited also with forged X-Forwarded-For headers, and the refusal has Retry-After", async () => {
    const person = await kit.newUser();
    // Two guesses instead of ten, because each wrong one is a slow login.
    await withProduct({ rates: { loginByPeer: { burst: 2, everyMs: 60_000 } } }, async (product) => {
      const statuses: number[] = [];
      let retryAfter: string | null = null;
      for (let guess = 0; guess < 6; guess++) {
        const answer = await submit(product, formFields({ ...person, password: `guess-${guess}` }, kit), {
          "X-Forwarded-For": `198.51.100.${guess}`,
          Forwarded: `for=198.51.100.${guess}`,
          "X-Real-IP": `198.51.100.${guess}`,
        });
        statuses.push(answer.status);
        if (answer.status === 429) retryAfter = answer.retryAfter;
      }
      expect(statuses.filter((status) => status === 429).length).toBe(4);
      expect(Number(retryAfter)).toBeGreaterThan(0);
    });
  });

  test("is limited per caller behind a trusted proxy, by the address that the proxy added", async () => {
    await withProduct({ settings: { TRUSTED_PROXIES: "127.0.0.0/8,::1" } }, async (product) => {
      // Without a login: a connection that fails at once is counted as well.
      const fields = (index: number) =>
        formFields(
          { address: `u${index}@example.test`, password: "x" },
          {
            imap: { host: "localhost", port: 1, security: "tls" },
            smtp: { host: "localhost", port: 1, security: "tls" },
          },
        );
      const tryAs = (forwarded: string, index: number) =>
        submit(product, fields(index), { "X-Forwarded-For": forwarded });
      for (let index = 0; index < 10; index++)
        expect((await tryAs(`1.2.3.${index}, 198.51.100.7`, index)).status).not.toBe(429);
      expect((await tryAs("9.9.9.9, 198.51.100.7", 50)).status).toBe(429);
      expect((await tryAs("198.51.100.8", 51)).status).not.toBe(429);
    });
  });

  test("gives the same answer for a wrong password and an unknown user", async () => {
    const person = await kit.newUser();
    await withProduct({ rates: wideRates }, async (product) => {
      const wrong = await submit(product, formFields({ ...person, password: "wrong" }, kit));
      const nobody = await submit(
        product,
        formFields({ address: "nobody@example.test", password: "wrong" }, kit),
      );
      expect(wrong.alert).not.toBe("");
      expect([nobody.status, nobody.alert]).toEqual([wrong.status, wrong.alert]);
    });
  });

  test("is limited for a time only: later the right password is accepted", async () => {
    const person = await kit.newUser();
    const clock = createTestClock();
    await withProduct({ clock, rates: { loginByPeer: { burst: 2, everyMs: 60_000 } } }, async (product) => {
      for (let guess = 0; guess < 3; guess++)
        await submit(product, formFields({ ...person, password: "wrong" }, kit));
      expect((await submit(product, formFields(person, kit))).status).toBe(429);
      clock.advance(61_000);
      expect((await submit(product, formFields(person, kit))).status).toBe(303);
    });
  });
});

describeMail("D06: The owner of an address", () => {
  const proxied = { TRUSTED_PROXIES: "127.0.0.0/8,::1" };
  const from = (peer: string) => ({ "X-Forwarded-For": peer });
  /** The button of our page, after which the connected accounts are shown. */
  const ask = { [fieldNames.next]: "ask" };

  test("D06: connects after six wrong passwords from another peer, and is told of them", async () => {
    const kit = await mailServer();
    const [owner, second] = [await kit.newUser(), await kit.newUser()];
    await withProduct({ settings: proxied }, async (product) => {
      const told = /6 attempts to connect with a wrong password/;
      for (let guess = 0; guess < 6; guess++) {
        const wrong = formFields({ ...owner, password: `guess-${guess}` }, kit);
        const refused = await submit(product, wrong, from("198.51.100.7"));
        expect([refused.status, told.test(refused.html)]).toEqual([400, false]);
      }
      const connected = await submit(product, { ...formFields(owner, kit), ...ask }, from("203.0.113.9"));
      expect([connected.status, told.test(connected.html)]).toEqual([200, true]);
      // The number belongs to the grant, and the same address counts once.
      const again = readForm(connected.html);
      const twice = await submitForm(product, again, { ...formFields(owner, kit), ...ask });
      expect(told.test(await twice.text())).toBe(true);
      const other = await submit(product, { ...formFields(second, kit), ...ask }, from("203.0.113.9"));
      const shown = [second.address, "wrong password"].map((text) => other.html.includes(text));
      expect(shown).toEqual([true, false]);
      const { db, close } = await openStore({ dataDir: product.dataDir });
      const counts = await db.select({ count: grants.failedGuesses }).from(grants).all();
      await close();
      expect(counts.map(({ count }) => count).toSorted()).toEqual([0, 6]);
    });
  }, 120_000);

  test("D06: connects while 16 peers hold all places for logins with slow servers of their own", async () => {
    const kit = await mailServer();
    const owner = await kit.newUser();
    const slow = await Promise.all(Array.from({ length: 16 }, () => startTcpListener()));
    const leaving = new AbortController();
    await withProduct({ settings: proxied, deadlines: { loginPlaceMs: 200 } }, async (product) => {
      let answered = 0;
      const held = slow.flatMap(({ port }, index) =>
        [1, 2].map(async (each) => {
          const server = { host: "localhost", port, security: "starttls" } as const;
          const begun = await beginAuthorization(product);
          const strangers = { address: `u${index}${each}@example.test`, password: "x" };
          await fetch(new URL(begun.action, product.url), {
            method: "POST",
            headers: from(`198.51.100.${index}`),
            body: new URLSearchParams({
              ...begun.fields,
              ...formFields(strangers, { imap: server, smtp: server }),
            }),
            signal: leaving.signal,
          });
          answered += 1;
        }),
      );
      const connections = () => slow.reduce((sum, listener) => sum + listener.connections(), 0);
      await eventually(() => connections() >= 32, { what: "32 logins to begin" });
      expect((await submit(product, formFields(owner, kit), from("203.0.113.9"))).status).toBe(303);
      // One login gave its place away; the others still hold theirs.
      expect(answered).toBeLessThanOrEqual(2);
      leaving.abort();
      await Promise.allSettled(held);
    });
    for (const listener of slow) await listener.stop();
  });
});

describe("The page after a failed login", () => {
  test("contains no text of the mail server", async () => {
    const server = await startHostileImap({
      on: { LOGIN: { say: "TAG NO [UNAVAILABLE] <script>alert(1)</script> internal-host-17 is down\r\n" } },
    });
    await withProduct({}, async (product) => {
      const answer = await submit(product, formFields(user, { imap: server.server, smtp: server.server }));
      expect(answer.status).toBeWithin(400, 600);
      expect(answer.html).not.toMatch(/alert\(1\)|internal-host-17/);
      expect(answer.alert).not.toBe("");
    });
    await server.stop();
  });
});
