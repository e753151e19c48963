/** Decisions about the own certificate, with a scripted authority and a clock that the test sets. */
import { expect, test } from "bun:test";
import type { IssuedCertificate } from "../../src/https/acme-client.ts";
import { AcmeError } from "../../src/https/acme-error.ts";
import { createCertificateKeeper } from "../../src/https/certificate-keeper.ts";
import type { RenewalWindow } from "../../src/https/renewal-info.ts";
import { createLog } from "../../src/log.ts";
import { readCertificate } from "../../src/secrets.ts";
import { createAuthority } from "../support/authority.ts";
import { createTestClock } from "../support/test-clock.ts";

const host = "mail.example.org";
const dayMs = 86_400_000;

const issueDays = (days: number): IssuedCertificate => {
  const { cert, key } = createAuthority().issue({ hosts: [host], days });
  return { chain: cert, key };
};

const thirtyDays = issueDays(30);

type Script = {
  stored?: IssuedCertificate;
  /** One entry an order: the certificate, or the failure. */
  orders?: (IssuedCertificate | Error)[];
  window?: () => RenewalWindow | undefined;
  serve?: () => Promise<void>;
};

function startKeeper({ stored, orders = [], window = () => undefined, serve }: Script) {
  const clock = createTestClock(readCertificate(thirtyDays.chain).startsAt);
  const events: string[] = [];
  const logged: string[] = [];
  const keeper = createCertificateKeeper({
    host,
    clock,
    stored,
    log: createLog("info", (line) => logged.push(line)),
    client: {
      async issue() {
        events.push("order");
        const next = orders.shift();
        if (next === undefined || next instanceof Error) throw next ?? new Error("nothing left");
        return next;
      },
      askRenewalWindow: async () => {
        events.push("ask");
        return { window: window(), askAgainMs: undefined };
      },
    },
    save: () => events.push("save"),
    async serve() {
      await serve?.();
      events.push("serve");
    },
  });
  return { keeper, clock, events, logged };
}

test("The first certificate is ordered at once, and is on the disk before it is served", async () => {
  const { keeper, events } = startKeeper({ orders: [thirtyDays] });
  await keeper.check();
  expect(events).toEqual(["order", "save", "serve"]);
  expect(keeper.daysLeft()).toBe(30);
  expect(keeper.problem()).toBeUndefined();
});

test.each([30, 6])(
  "A certificate of %i days is renewed when a third of its lifetime is left",
  async (days) => {
    const stored = issueDays(days);
    const { keeper, clock, events } = startKeeper({ stored, orders: [thirtyDays] });
    const { startsAt, endsAt } = readCertificate(stored.chain);
    clock.advance(startsAt - clock.now() + ((endsAt - startsAt) * 2) / 3 - 1_000);
    await keeper.check();
    expect(events).toEqual(["ask"]);
    expect(keeper.nextCheckMs()).toBe(1_000);
    clock.advance(1_000);
    await keeper.check();
    expect(events).toEqual(["ask", "order", "save", "serve"]);
  },
);

test("RFC 9773 section 4.2: a certificate is renewed within the window that the authority suggests", async () => {
  const { startsAt } = readCertificate(thirtyDays.chain);
  const suggested = { startsAt: startsAt + 2 * dayMs, endsAt: startsAt + 3 * dayMs };
  const { keeper, clock, events } = startKeeper({
    stored: thirtyDays,
    orders: [thirtyDays],
    window: () => suggested,
  });
  await keeper.check();
  clock.advance(2 * dayMs - 1);
  await keeper.check();
  expect(events).not.toContain("order");
  clock.advance(dayMs + 1);
  await keeper.check();
  expect(events.slice(-3)).toEqual(["order", "save", "serve"]);
});

test("RFC 9773 section 4.3.2: the authority is asked again after six hours, and may hasten the renewal", async () => {
  const { startsAt } = readCertificate(thirtyDays.chain);
  let suggested: RenewalWindow | undefined;
  const { keeper, clock, events } = startKeeper({
    stored: thirtyDays,
    orders: [thirtyDays],
    window: () => suggested,
  });
  await keeper.check();
  // A revocation: the window lies in the past.
  suggested = { startsAt: startsAt - dayMs, endsAt: startsAt };
  clock.advance(6 * 3_600_000 - 1);
  await keeper.check();
  expect(events).toEqual(["ask"]);
  clock.advance(1);
  await keeper.check();
  expect(events).toEqual(["ask", "ask", "order", "save", "serve"]);
});

test("After failures it waits 1 min, 10 min, 1 h, 6 h, 12 h and 12 h", async () => {
  const orders = Array.from({ length: 7 }, () => new AcmeError("connection", "down"));
  const { keeper, clock, events, logged } = startKeeper({ orders });
  const waits: number[] = [];
  for (let failures = 0; failures < 6; failures += 1) {
    await keeper.check();
    const before = events.length;
    let waited = 0;
    while (events.length === before) {
      clock.advance(30_000);
      waited += 0.5;
      await keeper.check();
      if (events.length === before) continue;
      waits.push(waited);
    }
    // This check was the next failure.
    if (failures === 4) break;
  }
  expect(waits).toEqual([1, 10, 60, 360, 720]);
  expect(logged.filter((line) => line.includes("certificate_failed"))).toHaveLength(6);
  expect(keeper.problem()).toBe("down");
});

test("RFC 8555 section 6.6: a Retry-After longer than the own pause is honored", async () => {
  const orders = [new AcmeError("rateLimited", "too many", { retryAfterMs: 7_200_000 }), thirtyDays];
  const { keeper, clock, events, logged } = startKeeper({ orders });
  await keeper.check();
  expect(logged.at(-1)).toContain('"retryInSeconds":7200');
  clock.advance(7_199_999);
  await keeper.check();
  expect(events).toEqual(["order"]);
  clock.advance(1);
  await keeper.check();
  expect(events).toEqual(["order", "order", "save", "serve"]);
});

test("A certificate that the listener does not answer with counts as a failure, and is not ordered twice", async () => {
  let refused = true;
  const { keeper, clock, events } = startKeeper({
    stored: thirtyDays,
    orders: [thirtyDays],
    serve: () => (refused ? Promise.reject(new Error("no answer")) : Promise.resolve()),
  });
  clock.advance(21 * dayMs);
  await keeper.check();
  expect(events).toEqual(["ask", "order", "save"]);
  expect(keeper.problem()).toBe("The certificate could not be stored or served.");
  expect(keeper.daysLeft()).toBe(9);
  refused = false;
  clock.advance(60_000);
  await keeper.check();
  expect(events).toEqual(["ask", "order", "save", "serve"]);
});

test("Checks at the same time order one certificate", async () => {
  const { keeper, events } = startKeeper({ orders: [thirtyDays, thirtyDays] });
  await Promise.all([keeper.check(), keeper.check()]);
  expect(events).toEqual(["order", "save", "serve"]);
});
