/**
 * deploy/install.sh with the executable in a debootstrapped Debian. Its systemd is a stub that records the verbs, and
 * starts the service as the unit would. Pebble is the authority.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { connectMailbox } from "../support/authorize.ts";
import { binary } from "../support/binary.ts";
import { withTrust } from "../support/caddy.ts";
import { createDebian, type Debian, debianRoot, trustAuthorities } from "../support/debian-root.ts";
import { hasMailServer, programs } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { type Pebble, startPebble } from "../support/pebble.ts";
import { freePort } from "../support/ports.ts";

const { root: unpacked, missing } = debianRoot();
const reason = missing ?? (programs.pebble ? undefined : "pebble is not installed");

/** Records its arguments; start, restart and stop do what the unit says, without its isolation. */
const systemctl = `#!/bin/sh
echo "$*" >>/srv/verbs
service() {
  [ -e /srv/pid ] && kill "$(cat /srv/pid)" 2>/dev/null && while kill -0 "$(cat /srv/pid)" 2>/dev/null; do sleep 0.1; done
  rm -f /srv/pid
  [ "$1" = stop ] && return
  mkdir -p /var/lib/email-connector
  set -a; . /etc/email-connector/settings; set +a
  cd /
  DATA_DIR=/var/lib/email-connector ENCRYPTION_KEY_FILE=/etc/email-connector/server.key \\
    /usr/local/bin/email-connector serve >>/srv/journal 2>&1 &
  echo $! >/srv/pid
}
case "$*" in
"restart email-connector" | "start email-connector") service start ;;
"stop email-connector") service stop ;;
"disable --now email-connector "*) service stop ;;
esac
exit 0
`;

describe.skipIf(reason !== undefined)(
  reason === undefined ? "In a new Debian" : `In a new Debian, skipped: ${reason}`,
  () => {
    let machine: Debian;
    let pebble: Pebble;
    let port: number;
    const at = (path: string) => join(machine.root, path);
    const verbs = () => readFileSync(at("srv/verbs"), "utf8").trim().split("\n");
    /** Runs install.sh inside and returns its exit code and output. */
    function install(...args: string[]): { exitCode: number; said: string } {
      writeFileSync(at("srv/verbs"), "");
      const run = Bun.spawnSync(
        ["/usr/sbin/chroot", machine.root, "/bin/sh", "/root/release/deploy/install.sh", ...args],
        {
          env: {
            PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            NODE_EXTRA_CA_CERTS: "/root/authorities.pem",
          },
        },
      );
      return { exitCode: run.exitCode, said: `${run.stdout}${run.stderr}` };
    }
    const health = () => fetch(`https://localhost:${port}/health`, { tls: { ca: [pebble.root] } });

    beforeAll(async () => {
      machine = createDebian(unpacked ?? "");
      pebble = await startPebble();
      port = await freePort();
      machine.write("usr/local/bin/systemctl", systemctl, 0o755);
      machine.write("usr/local/bin/journalctl", "#!/bin/sh\ntail -n 8 /srv/journal\n", 0o755);
      trustAuthorities(machine, pebble.root);
      cpSync(join(import.meta.dir, "../../deploy"), at("root/release/deploy"), { recursive: true });
      copyFileSync(await binary(), at("root/release/email-connector"));
    }, 300_000);

    afterAll(async () => {
      await machine.kill();
      machine.unmount();
      await pebble.stop();
    });

    test("a mistyped host installs nothing", () => {
      expect(install("https://mail.example.org/mcp").exitCode).toBe(1);
      expect(existsSync(at("etc/email-connector"))).toBe(false);
      expect(existsSync(at("usr/local/bin/email-connector"))).toBe(false);
    });

    test("a first try whose settings are wrong says why, and the next one goes on from it", () => {
      // The names and ports of this test machine, and a slip.
      const settings = [
        `PUBLIC_URL=https://localhost:${port}`,
        ...["HTTPS=acme", "HOST=127.0.0.1", `PORT=${port}`, `HTTP_PORT=${pebble.httpPort}`],
        ...[`ACME_DIRECTORY=${pebble.directory}`, "ALLOW_PRIVATE_HOSTS=localhost,127.0.0.0/8"],
        "ALLOWED_EMAIL=@example.org",
      ];
      mkdirSync(at("etc/email-connector"), { mode: 0o700 });
      writeFileSync(at("etc/email-connector/settings"), `${settings.join("\n")}\n`);
      const failed = install("mail.example.org");
      expect(failed.exitCode).toBe(1);
      expect(failed.said).toContain("ALLOWED_EMAIL: there is no such setting; did you mean ALLOWED_EMAILS?");
      writeFileSync(at("etc/email-connector/settings"), `${settings.slice(0, -1).join("\n")}\n`);
      const again = install("mail.example.org");
      expect([again.exitCode, again.said]).toEqual([
        0,
        expect.stringContaining("Keep a copy of /etc/email-connector/server.key"),
      ]);
      expect(verbs()).toEqual([
        "daemon-reload",
        "enable email-connector email-connector-backup.timer",
        "restart email-connector-backup.timer",
        "restart email-connector",
      ]);
      expect(readFileSync(at("srv/journal"), "utf8")).toContain("certificate_served");
    }, 120_000);

    test.skipIf(!hasMailServer)(
      "a person connects over https, and the official client calls",
      async () => {
        const { id, secret } = JSON.parse(readFileSync(at("var/lib/email-connector/client.json"), "utf8"));
        const entrance = { url: `https://localhost:${port}`, clientId: id, clientSecret: secret };
        await withTrust(pebble.root, async () => {
          const { accessToken } = await connectMailbox(entrance, await (await mailServer()).newUser());
          const client = await openClient(entrance, accessToken);
          expect((await client.call("list_mailboxes")).text).toContain("INBOX");
          await client.close();
        });
        const listed = machine.run(["/usr/local/bin/email-connector", "grants", "list"]);
        expect(listed).toMatch(/^grt_/m);
      },
      120_000,
    );

    test("an upgrade keeps one copy, and runs", async () => {
      const { exitCode, said } = install("upgrade");
      expect([exitCode, said]).toEqual([0, expect.stringContaining("Upgraded to ")]);
      expect(verbs()).toContain("stop email-connector");
      expect(readdirSync(at("var/lib/email-connector-previous")).toSorted()).toEqual([
        "email-connector",
        "email-connector.db",
        "email-connector.service",
      ]);
      expect((await health()).status).toBe(200);
    }, 120_000);

    test("an upgrade that does not answer is rolled back, the database included", async () => {
      const working = readFileSync(at("usr/local/bin/email-connector"));
      // It changes the database, and then does not serve.
      machine.write(
        "root/release/email-connector",
        '#!/bin/sh\ncase "$1" in\nserve) echo "the new version is broken"; echo damage >/var/lib/email-connector/email-connector.db; exit 1 ;;\nready) exit 1 ;;\nesac\n',
        0o755,
      );
      const { exitCode, said } = install("upgrade");
      expect(exitCode).toBe(1);
      expect(said).toContain("the new version is broken");
      expect(said).toContain("The former one runs again, with its database as it was before the upgrade.");
      expect(readFileSync(at("usr/local/bin/email-connector")).equals(working)).toBe(true);
      expect((await health()).status).toBe(200);
      expect(machine.run(["/usr/local/bin/email-connector", "grants", "list"])).toMatch(
        /^(grt_|Nobody has)/m,
      );
    }, 120_000);

    test("uninstall leaves settings, key and database, and --data deletes them", () => {
      expect(install("uninstall").said).toContain("are still there");
      expect(existsSync(at("usr/local/bin/email-connector"))).toBe(false);
      expect(readdirSync(at("etc/systemd/system")).filter((name) => name.startsWith("email"))).toEqual([]);
      expect(existsSync(at("var/lib/email-connector/email-connector.db"))).toBe(true);
      expect(existsSync(at("etc/email-connector/server.key"))).toBe(true);
      install("uninstall", "--data");
      expect(existsSync(at("var/lib/email-connector"))).toBe(false);
      expect(existsSync(at("etc/email-connector"))).toBe(false);
    }, 60_000);
  },
);
