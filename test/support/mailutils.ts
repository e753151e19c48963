/**
 * A real GNU mailutils imap4d of Debian's package, in a chroot, with mboxes. It has neither MOVE nor UIDPLUS, nor any
 * other extension of RFC 9051. A new user has an INBOX and nothing else.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { type Chroot, createChroot } from "./chroot-server.ts";
import { type Unpacked, unpackPackages } from "./debian-packages.ts";
import { createMailboxAccess } from "./mailbox-access.ts";
import { freePorts } from "./ports.ts";
import type { RealServer } from "./real-server.ts";
import { type Deliver, startSubmissionOf } from "./submission.ts";

/** The folder of mailutils' programs, or why there is none. */
export const unpackMailutils = (): Unpacked => unpackPackages("mailutils", ["mailutils-imap4d"]);

type Ports = { imaps: number; imap: number };

// "generic" compares with the hash that "virtdomain" finds in a file of the address's domain.
const imap4dConf = (ports: Ports) => `mode daemon;
foreground yes;
max-children 60;
logging { syslog no; };
tls { ssl-certificate-file /srv/server.pem; ssl-key-file /srv/server.key; };
auth { authentication generic; authorization virtdomain; };
virtdomain { passwd-dir /srv/domains; };
tcp-wrappers { enable no; };
server 127.0.0.1:${ports.imaps} { tls-mode connection; };
server 127.0.0.1:${ports.imap} { tls-mode required; };
`;

function configure(chroot: Chroot, ports: Ports): void {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  chroot.write("/srv/server.pem", cert);
  chroot.write("/srv/server.key", key, 0o600);
  chroot.write("/srv/imap4d.conf", imap4dConf(ports));
  chroot.write("/srv/domains/example.test", "");
}

const hashPassword = (password: string): string =>
  execFileSync("openssl", ["passwd", "-6", "-stdin"], { input: password, encoding: "utf8" }).trim();

/** Starts an imap4d of an unpacked folder (`unpackMailutils`). */
export async function startMailutils(unpacked: string): Promise<RealServer> {
  const chroot = createChroot("mailutils", unpacked);
  const [imaps = 0, imap = 0] = await freePorts(2);
  configure(chroot, { imaps, imap });
  await chroot.start("exec imap4d --no-site-config --config-file=/srv/imap4d.conf\n", [imaps, imap]);
  const passwords = new Map<string, string>();
  const access = createMailboxAccess(imaps);

  const deliver: Deliver = async (_from, recipients, raw) => {
    for (const address of recipients)
      await access.deliver({ address, password: passwords.get(address) ?? "" }, raw);
  };

  const submission = await startSubmissionOf(passwords, deliver);

  return {
    ...access,
    imap: { host: "localhost", port: imaps, security: "tls" },
    imapStarttls: { host: "localhost", port: imap, security: "starttls" },
    smtp: { host: "localhost", port: submission.ports.tls, security: "tls" },
    submission,
    async newUser() {
      const name = `user-${randomBytes(5).toString("hex")}`;
      const password = `pw-${randomBytes(9).toString("hex")}`;
      const address = `${name}@example.test`;
      const home = `/srv/mail/${name}`;
      // The server makes no INBOX by itself.
      chroot.write(`${home}/INBOX`, "", 0o600);
      chroot.own("8:8", home);
      const line = `${name}:${hashPassword(password)}:8:8::${home}:/bin/sh\n`;
      appendFileSync(join(chroot.root, "srv/domains/example.test"), line);
      passwords.set(address, password);
      return { address, password };
    },
    async stop() {
      await Promise.all([submission.stop(), chroot.kill()]);
    },
  };
}
