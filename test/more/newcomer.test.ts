/**
 * A new Debian with nothing but the released file, as in docs/install.md, "One line": the file is made executable, one
 * command is typed, and two people work over https by the official client. Pebble is the authority. The steps are
 * printed with `NEWCOMER=1`.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../support/binary.ts";
import { withTrust } from "../support/caddy.ts";
import { createDebian, debianRoot, trustAuthorities } from "../support/debian-root.ts";
import { hasMailServer, programs } from "../support/installed.ts";
import { startPebble } from "../support/pebble.ts";
import { freePort } from "../support/ports.ts";
import { runStory } from "../support/two-people.ts";
import { eventually } from "../support/waiting.ts";

const { root: unpacked, missing } = debianRoot();
const reason =
  missing ??
  (programs.pebble ? undefined : "pebble is not installed") ??
  (hasMailServer ? undefined : "there is no mail server");

const steps: string[] = [];
afterAll(() => {
  if (process.env.NEWCOMER) process.stdout.write(`${steps.join("\n")}\n`);
});

describe.skipIf(reason !== undefined)(
  reason === undefined ? "In a new Debian" : `In a new Debian, skipped: ${reason}`,
  () => {
    test("one command gets a certificate, and two people work over https", async () => {
      const file = await binary();
      const [machine, pebble, port] = [createDebian(unpacked ?? ""), await startPebble(), await freePort()];
      const step = (what: string) => steps.push(`${steps.length + 1}. ${what}`);
      try {
        // A certificate of the tests' own authorities is all that the machine gets besides the file.
        trustAuthorities(machine, pebble.root);
        copyFileSync(file, join(machine.root, "root/email-connector-linux-x64"));
        step("download the file");
        machine.run(["/bin/chmod", "+x", "/root/email-connector-linux-x64"]);
        step("chmod +x");
        const settings = [
          `PUBLIC_URL=https://localhost:${port} HTTPS=acme DATA_DIR=/var/lib/email-connector`,
          `ACME_DIRECTORY=${pebble.directory} HTTP_PORT=${pebble.httpPort} PORT=${port} HOST=127.0.0.1`,
          "ALLOW_PRIVATE_HOSTS=localhost,127.0.0.0/8 NODE_EXTRA_CA_CERTS=/root/authorities.pem",
        ];
        await machine.start(`cd /root; ${settings.join(" ")} ./email-connector-linux-x64`, [port]);
        const ready = () => fetch(`https://localhost:${port}/ready`, { tls: { ca: [pebble.root] } });
        await eventually(async () => (await ready()).status === 200, {
          withinMs: 60_000,
          what: "/ready over https",
        });
        step("one command; https answers");
        // It printed what to type into Claude; the client of the story reads the same from the data folder.
        const { id, secret } = JSON.parse(machine.run(["/bin/cat", "/var/lib/email-connector/client.json"]));
        await withTrust(pebble.root, async () => {
          await runStory(
            { url: `https://localhost:${port}`, clientId: id, clientSecret: secret },
            "Monday at the bridge",
          );
        });
        step("two people connected, one sent, the other found, read and archived");
        const left = readdirSync(join(machine.root, "root")).filter((name) => !name.startsWith("."));
        expect(left.toSorted()).toEqual(["authorities.pem", "email-connector-linux-x64"]);
        expect(existsSync(join(machine.root, "var/lib/email-connector/https.sealed"))).toBe(true);
      } finally {
        await machine.kill();
        machine.unmount();
        await pebble.stop();
      }
    }, 300_000);
  },
);
