/**
 * A real Cyrus IMAP server of Debian's package, in a chroot: IMAP with TLS, and LMTP behind the submission server of
 * the kit. Its users are made at their first login, with special-use mailboxes.
 */
import { randomBytes } from "node:crypto";
import { trustedAuthority } from "./authority.ts";
import { type Chroot, createChroot } from "./chroot-server.ts";
import { type Unpacked, unpackPackages } from "./debian-packages.ts";
import { createMailboxAccess } from "./mailbox-access.ts";
import { freePorts } from "./ports.ts";
import type { RealServer } from "./real-server.ts";
import { deliverByLmtp, startSubmissionOf } from "./submission.ts";

/** The folder of Cyrus's programs, or why there is none. */
export const unpackCyrus = (): Unpacked =>
  unpackPackages("cyrus", ["cyrus-imapd", "sasl2-bin", "libsasl2-modules"]);

const mailboxes = ["Drafts", "Sent", "Trash", "Archive", "Junk"];

const imapdConf = `
configdirectory: /srv/config
partition-default: /srv/mail
defaultpartition: default
cyrus_user: cyrus
cyrus_group: mail
admins: admin
servername: localhost
virtdomains: userid
defaultdomain: localhost
unixhierarchysep: yes
altnamespace: yes
allowplaintext: no
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /srv/sasl/sasldb2
sasl_mech_list: PLAIN
tls_server_cert: /srv/server.pem
tls_server_key: /srv/server.key
tls_versions: tls1_2 tls1_3
autocreate_quota: 0
autocreate_inbox_folders: ${mailboxes.join("|")}
autocreate_subscribe_folders: ${mailboxes.join("|")}
${mailboxes.map((name) => `xlist-${name.toLowerCase()}: ${name}`).join("\n")}
specialusealways: yes
duplicatesuppression: no
`;

type Ports = { imaps: number; imap: number; lmtp: number };

const cyrusConf = (ports: Ports) => `
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /srv/imapd.conf -r"
}
SERVICES {
  imaps cmd="/usr/lib/cyrus/bin/imapd -C /srv/imapd.conf -s" listen="127.0.0.1:${ports.imaps}" prefork=1
  imap cmd="/usr/lib/cyrus/bin/imapd -C /srv/imapd.conf" listen="127.0.0.1:${ports.imap}"
  lmtp cmd="/usr/lib/cyrus/bin/lmtpd -C /srv/imapd.conf -a" listen="127.0.0.1:${ports.lmtp}"
}
EVENTS {
}
`;

const folders = ["db", "lock", "proc", "ptclient", "socket", "log", "msg", "sieve", "user", "quota"].map(
  (name) => `/srv/config/${name}`,
);

function configure(chroot: Chroot, ports: Ports): void {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  chroot.write("/srv/server.pem", cert);
  chroot.write("/srv/server.key", key, 0o600);
  chroot.write("/srv/imapd.conf", imapdConf);
  chroot.write("/srv/cyrus.conf", cyrusConf(ports));
  chroot.run(["mkdir", "-p", ...folders, "/srv/mail/stage.", "/srv/sasl"]);
  chroot.own("76:8", "/srv");
}

/** Starts a Cyrus of an unpacked folder (`unpackCyrus`). */
export async function startCyrus(unpacked: string): Promise<RealServer> {
  const chroot = createChroot("cyrus", unpacked);
  const [imaps = 0, imap = 0, lmtp = 0] = await freePorts(3);
  configure(chroot, { imaps, imap, lmtp });
  await chroot.start("exec cyrmaster -C /srv/imapd.conf -M /srv/cyrus.conf -p /srv/master.pid\n", [
    imaps,
    imap,
    lmtp,
  ]);
  const passwords = new Map<string, string>();
  const access = createMailboxAccess(imaps);
  const submission = await startSubmissionOf(passwords, deliverByLmtp(lmtp));

  return {
    ...access,
    imap: { host: "localhost", port: imaps, security: "tls" },
    imapStarttls: { host: "localhost", port: imap, security: "starttls" },
    smtp: { host: "localhost", port: submission.ports.tls, security: "tls" },
    submission,
    async newUser() {
      const name = `user-${randomBytes(5).toString("hex")}`;
      const password = `pw-${randomBytes(9).toString("hex")}`;
      const user = { address: `${name}@example.test`, password };
      chroot.run(
        ["saslpasswd2", "-p", "-c", "-f", "/srv/sasl/sasldb2", "-u", "example.test", name],
        password,
      );
      chroot.own("76:8", "/srv/sasl");
      passwords.set(user.address, password);
      await access.withImap(user, async () => {});
      return user;
    },
    async stop() {
      await Promise.all([submission.stop(), chroot.kill()]);
    },
  };
}
