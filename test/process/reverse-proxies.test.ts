/** Reverse proxies configured by the files in deploy/: the whole product through Caddy, doctor through nginx. */
import { describe, expect, test } from "bun:test";
import { connectMailbox } from "../support/authorize.ts";
import { startBinary } from "../support/binary.ts";
import { startCaddy, withTrust } from "../support/caddy.ts";
import { runCommand } from "../support/command.ts";
import { hasMailServer, programs } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { startNginx } from "../support/nginx.ts";
import { bestOf, ownMsOf } from "../support/own-time.ts";
import { freePorts } from "../support/ports.ts";
import { withProduct } from "../support/product.ts";
import { eventually } from "../support/waiting.ts";

describe.skipIf(!hasMailServer || !programs.caddy)(
  "Behind Caddy by deploy/Caddyfile (needs: apt-get install caddy)",
  () => {
    test("a person connects over https, Claude sends and finds an email, streams open, and doctor finds no fault", async () => {
      const [port = 0, inner = 0] = await freePorts(2);
      const settings = {
        PORT: String(inner),
        PUBLIC_URL: `https://localhost:${port}`,
        TRUSTED_PROXIES: "127.0.0.1,::1",
      };
      const product = await startBinary(settings);
      const proxy = await startCaddy({ port, inner });
      try {
        await withTrust(proxy.authority, async () => {
          const kit = await mailServer();
          const user = await kit.newUser();
          const { accessToken } = await connectMailbox(product, user);
          const claude = await openClient(product, accessToken);
          await claude.call("send_email", {
            to: [user.address],
            subject: "Through the proxy",
            body: "Hello.",
          });
          await eventually(async () => {
            const found = await claude.call("search_emails", { query: "subject:proxy" });
            return found.text.includes("Through the proxy");
          });
          const openStream = async () => {
            const stream = await fetch(`${product.url}/mcp`, {
              headers: {
                Authorization: `Bearer ${accessToken}`,
                "Mcp-Session-Id": claude.transport.sessionId ?? "",
                Accept: "text/event-stream",
              },
            });
            const first = await stream.body?.getReader().read();
            expect(new TextDecoder().decode(first?.value)).toContain(": open");
          };
          expect(await bestOf(1_000, () => ownMsOf(openStream))).toBeLessThan(1_000);

          const { exitCode, printed } = await runCommand(["doctor"], {
            ...settings,
            DATA_DIR: product.dataDir,
          });
          // Caddy's local authority issues certificates for twelve hours, which is no fault.
          expect(printed.split("\n").filter((line) => line.startsWith("no "))).toEqual([]);
          expect(exitCode).toBe(0);
          await claude.close();
        });
      } finally {
        await proxy.stop();
        expect(await product.stop()).toBe(0);
      }
    });
  },
);

describe.skipIf(!programs.nginx)(
  "Behind nginx by deploy/nginx.conf (needs: apt-get install nginx-light)",
  () => {
    test("doctor finds no fault", async () => {
      const [port = 0, plain = 0, inner = 0] = await freePorts(3);
      const settings = {
        PORT: String(inner),
        PUBLIC_URL: `https://localhost:${port}`,
        TRUSTED_PROXIES: "127.0.0.1,::1",
      };
      const proxy = await startNginx({ port, plain, inner });
      try {
        await withProduct({ settings }, async ({ dataDir }) => {
          const { exitCode, printed } = await runCommand(["doctor"], { ...settings, DATA_DIR: dataDir });
          expect(printed.split("\n").filter((line) => !/^(ok |Checking|$)/.test(line))).toEqual([]);
          expect(exitCode).toBe(0);
        });
      } finally {
        await proxy.stop();
      }
    });
  },
);
