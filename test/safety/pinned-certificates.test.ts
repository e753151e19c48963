/** Certificates that a person accepts for a server of their own network: SECURITY.md, S07. */
import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import type { MailServer } from "../../src/credentials.ts";
import type { AppError } from "../../src/errors.ts";
import { openImap } from "../../src/imap/connect.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { openSmtp } from "../../src/smtp/connect.ts";
import { type Certificate, createAuthority, trustedAuthority } from "../support/authority.ts";
import {
  beginAuthorization,
  formFields,
  readForm,
  redeemCode,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { startHostileImap } from "../support/hostile-imap.ts";
import { openClient } from "../support/mcp-client.ts";
import { type TestProduct, withProduct } from "../support/product.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";

const authority = createAuthority("authority of a home");
const user = { address: "ann@example.test", password: "never-before-acceptance" };
const isLogin = (line: string) => /LOGIN|AUTH/.test(line);
const fingerprintOf = ({ cert }: Certificate) =>
  new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();

/** Forwards a port to another one, which can be replaced: a server that gets another certificate. */
async function startRelay(firstPort: number) {
  let port = firstPort;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    port: address.port,
    /** Forwards to this port from now on, and closes all connections. */
    become(next: number) {
      port = next;
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startOwnServers(security: "tls" | "starttls", certificate: Certificate) {
  const imap = await startHostileImap({ security, certificate });
  const smtp = await startScriptedSmtp({ security, certificate });
  return {
    ...{ imap, smtp },
    servers: { imap: imap.server, smtp: smtp.server },
    logins: () => [...imap.commands, ...smtp.commands].filter(isLogin),
    stop: () => Promise.all([imap.stop(), smtp.stop()]),
  };
}

/** Submits the form for these servers, with further fields. */
async function submit(
  product: TestProduct,
  servers: { imap: MailServer; smtp: MailServer },
  fields: Readonly<Record<string, string>> = {},
) {
  const begun = await beginAuthorization(product);
  const response = await submitForm(product, begun, { ...formFields(user, servers), ...fields });
  return { begun, response };
}

describe("S07: A server of one's own network with a certificate that no authority issued", () => {
  test.each(["tls", "starttls"] as const)(
    "S07: With %s, the page shows the fingerprint and names, no login is tried before the person accepts them, and another certificate fails as certificate_changed without the password",
    async (security) => {
      const certificate = authority.selfSigned({ hosts: ["home.test", "localhost"] });
      const own = await startOwnServers(security, certificate);
      const other = await startOwnServers(security, authority.selfSigned({ hosts: ["localhost"] }));
      const relay = await startRelay(own.servers.imap.port);
      const servers = { imap: { ...own.servers.imap, port: relay.port }, smtp: own.servers.smtp };
      const fingerprint = fingerprintOf(certificate);
      await withProduct({}, async (product) => {
        const first = await submit(product, servers);
        const page = await first.response.text();
        expect(first.response.status).toBe(400);
        expect(page).toContain((fingerprint.match(/../g) ?? []).join(":").toUpperCase());
        expect(page).toContain("home.test, localhost");
        expect(page).toContain(`name="accept_imap_certificate" value="${fingerprint}"`);
        expect(page).toContain(`name="accept_smtp_certificate" value="${fingerprint}"`);
        // Nothing is accepted for the person.
        expect(readForm(page).fields).not.toHaveProperty("accept_imap_certificate");
        expect(own.logins()).toEqual([]);

        const accepted = { accept_imap_certificate: fingerprint, accept_smtp_certificate: fingerprint };
        const second = await submit(product, servers, accepted);
        const query = await requireCode(second.response);
        expect(own.logins().length).toBeGreaterThan(1);
        const tokens = await redeemCode(product, query.get("code") ?? "", second.begun.verifier);
        const client = await openClient(product, tokens.accessToken);
        expect((await client.call("list_mailboxes")).text).toContain("INBOX");

        relay.become(other.servers.imap.port);
        const changed = await client.try("list_mailboxes");
        expect(changed.isError).toBe(true);
        expect(changed.text).toContain("certificate_changed");
        expect(changed.text).toContain("Connect the mailbox again");
        const again = await submit(product, servers, accepted);
        expect(await again.response.text()).toContain("shows another certificate than the one you accepted");
        expect(other.logins()).toEqual([]);
        await client.close();
      });
      await Promise.all([own.stop(), other.stop(), relay.stop()]);
    },
  );

  test("S07: For a host that the operator did not open nothing is offered, and a sent acceptance counts for nothing", async () => {
    const certificate = authority.selfSigned({ hosts: ["localhost"] });
    const own = await startOwnServers("tls", certificate);
    const fingerprint = fingerprintOf(certificate);
    // Lets the connection through as it does a public host, without having it opened.
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
    const { vetOpened } = createOutbound({ allowPrivateHosts: [], refusalMs: 0 });
    await withProduct({ outbound: { ...outbound, vetOpened } }, async (product) => {
      const accepted = { accept_imap_certificate: fingerprint, accept_smtp_certificate: fingerprint };
      const { response } = await submit(product, own.servers, accepted);
      const page = await response.text();
      expect(response.status).toBe(400);
      expect(page).toContain("has no valid certificate for its name");
      expect(page).not.toContain('type="checkbox" name="accept_');
      expect(own.logins()).toEqual([]);
    });
    await own.stop();
  });

  test("S07: A certificate for another name, or an expired one, can be accepted; one that authorities vouch for is held to the accepted fingerprint, too", async () => {
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"], refusalMs: 0 });
    const deps = { outbound, signal: AbortSignal.timeout(10_000) };
    const open = async (own: Awaited<ReturnType<typeof startOwnServers>>, certificate: string) => {
      const credentials = {
        ...{ address: user.address, username: user.address, password: user.password, provider: "generic" },
        imap: { ...own.servers.imap, certificate },
        smtp: { ...own.servers.smtp, certificate },
      };
      const outcomes = await Promise.allSettled([
        openImap(credentials, deps).then((imap) => imap.close()),
        openSmtp(credentials, deps).then(({ connection }) => connection.close()),
      ]);
      return outcomes.map((outcome) =>
        outcome.status === "fulfilled" ? "open" : (outcome.reason as AppError).code,
      );
    };
    const odd = [
      authority.selfSigned({ hosts: ["elsewhere.test"] }),
      trustedAuthority().issue({ hosts: ["localhost"], days: -1 }),
      trustedAuthority().issue({ hosts: ["localhost"] }),
    ];
    for (const certificate of odd) {
      const own = await startOwnServers("tls", certificate);
      expect(await open(own, fingerprintOf(certificate))).toEqual(["open", "open"]);
      const logins = own.logins().length;
      expect(await open(own, "0".repeat(64))).toEqual(["certificate_changed", "certificate_changed"]);
      expect(own.logins().length).toBe(logins);
      await own.stop();
    }
  });
});
