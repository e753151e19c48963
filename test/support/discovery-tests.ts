/** Tests of floods of discoveries for domains whose name servers are dead or slow: SECURITY.md, D02. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { beginAuthorization, requireCode, submitForm } from "./authorize.ts";
import { floodDiscoveries } from "./discovery-flood.ts";
import { type DnsServer, startDnsServer } from "./dns-server.ts";
import { describeMail } from "./installed.ts";
import { type MailServerKit, mailServer } from "./mail-server.ts";
import { loopMsOf } from "./own-time.ts";
import { connectPerson, wideRates } from "./person.ts";
import { startProduct, type TestProduct } from "./product.ts";
import { eventually } from "./waiting.ts";

export type Flood = { discoveries: number; peers: number };

/** Floods of discoveries from one peer and from many, while a mailbox connects and another person calls. */
export function describeFloods(floods: readonly Flood[]): void {
  describeMail("Discoveries of dead and slow domains", () => declareTests(floods));
}

function declareTests(floods: readonly Flood[]): void {
  let dns: DnsServer;
  let kit: MailServerKit;
  let product: TestProduct;

  beforeAll(async () => {
    kit = await mailServer();
    dns = await startDnsServer();
    dns.silence("dead.test");
    dns.delay(2_000, "slow.test");
    dns.silence("_imaps._tcp.half.test");
    dns.set("mail.good.test", { addresses: ["127.0.0.1"] });
    dns.set("good.test", {
      srv: {
        "_imaps._tcp": { host: "mail.good.test", port: kit.imap.port },
        "_submissions._tcp": { host: "mail.good.test", port: kit.smtp.port },
      },
    });
    product = await startProduct({
      settings: { TRUSTED_PROXIES: "127.0.0.1,::1", ALLOW_PRIVATE_HOSTS: "127.0.0.0/8" },
      rates: wideRates,
      outbound: createOutbound({ allowPrivateHosts: ["127.0.0.0/8"], dnsServers: [dns.server] }),
    });
  });
  afterAll(async () => {
    await product.stop();
    dns.stop();
  });

  test.each([...floods])(
    "D02: $discoveries discoveries from $peers peers delay neither a mailbox that is found and connected nor other people's calls",
    async ({ discoveries, peers }) => {
      const servers = {
        imap: { ...kit.imap, host: "mail.good.test" },
        smtp: { ...kit.smtp, host: "mail.good.test" },
      };
      const other = await connectPerson(product, { servers });
      const person = await kit.setUser(`ann-${discoveries}-${peers}@good.test`);
      const form = await beginAuthorization(product);
      const flood = floodDiscoveries(product.url, {
        request: form.fields.request ?? "",
        addresses: Array.from(
          { length: discoveries },
          (_, index) => `x@d${index}.${index % 3 === 0 ? "slow" : "dead"}.test`,
        ),
        peers: Array.from(
          { length: peers },
          (_, index) => `198.51.${100 + Math.floor(index / 250)}.${index % 250}`,
        ),
      });
      const { answered } = flood;
      await eventually(() => dns.queries.some((name) => name.endsWith("dead.test")));

      // The first call of this person opens a connection, which looks the host up.
      const callMs = await loopMsOf(async () => {
        expect((await other.client.call("list_mailboxes")).text).toContain("INBOX");
      });
      const connectMs = await loopMsOf(async () => {
        const fields = { provider: "", address: person.address, password: person.password, level: "send" };
        const answer = await submitForm(product, form, fields, { "X-Forwarded-For": "203.0.113.9" });
        expect((await requireCode(answer)).get("code")).toHaveLength(48);
      });
      // A flood of 300 ends by refusals, which may all be there by now.
      if (discoveries < 300) expect(answered()).toBeLessThan(discoveries);
      expect(callMs).toBeLessThan(1_500);
      expect(connectMs).toBeLessThan(3_000);
      if (discoveries < 300) flood.stop();
      else expect((await flood.statuses).filter((status) => status !== 200 && status !== 429)).toEqual([]);
      await flood.statuses;
      await other.client.close();
    },
  );

  test("D02: A server that was guessed because DNS did not answer is never reported as unknown", async () => {
    const form = await beginAuthorization(product);
    const pageFor = async (address: string) => {
      const fields = { provider: "", address, password: "any", level: "read" };
      return (await submitForm(product, form, fields)).text();
    };
    expect(await pageFor("ann@nowhere.test")).toContain("There is no server called imap.nowhere.test.");
    const half = await pageFor("ann@half.test");
    expect(half).toContain("The name imap.half.test could not be looked up just now.");
    expect(half).toContain("name servers did not answer just now.");
    expect(half).not.toMatch(/<p id="found"[^>]*>[^<]*names no mail servers/);
    const discovered = await submitForm(
      product,
      { ...form, action: "/oauth/discover" },
      { address: "ann@half.test" },
    );
    expect(await discovered.json()).toMatchObject({ source: "guess", uncertain: true });
  });
}
