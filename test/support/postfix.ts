/**
 * A real Postfix of Debian's package as a submission server, in a chroot, with TLS: it checks that a user owns the
 * sender, refuses recipients one by one, has a limit of size, asks a greylisting policy, and delivers over LMTP.
 */

import type { MailServer } from "../../src/credentials.ts";
import { trustedAuthority } from "./authority.ts";
import { type Chroot, createChroot } from "./chroot-server.ts";
import { type Unpacked, unpackPackages } from "./debian-packages.ts";
import type { User } from "./mailbox-access.ts";
import { freePort } from "./ports.ts";

export type Postfix = {
  smtp: MailServer;
  /** Lets a user of the IMAP server submit. `ownsAddress: false` forbids it to send from its address. */
  addUser(user: User, options?: { ownsAddress: boolean }): void;
  /** Recipients that are put off from now on, as greylisting does with unknown senders. */
  greylisted: Set<string>;
  stop(): Promise<void>;
};

/** The folder of Postfix's programs, or why there is none. */
export const unpackPostfix = (): Unpacked =>
  unpackPackages("postfix", ["postfix", "sasl2-bin", "libsasl2-modules"]);

/** Maximum size of an email, in octets. */
export const postfixMaxBytes = 50_000;

const mainConf = (ports: { lmtp: number; policy: number }) => `compatibility_level = 3.6
maillog_file = /var/log/mail.log
queue_directory = /var/spool/postfix
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
alias_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = texthash:/srv/recipients
virtual_transport = lmtp:inet:127.0.0.1:${ports.lmtp}
message_size_limit = ${postfixMaxBytes}
smtpd_tls_cert_file = /srv/server.pem
smtpd_tls_key_file = /srv/server.key
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = /etc/postfix/sasl
smtpd_sender_login_maps = texthash:/srv/senders
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_recipient_restrictions = reject_unlisted_recipient, check_policy_service inet:127.0.0.1:${ports.policy}, permit_sasl_authenticated, reject
max_use = 1
`;

const services = ["rewrite", "proxymap", "bounce", "defer", "trace", "lmtp", "error", "retry"];
const programOf: Readonly<Record<string, string>> = {
  rewrite: "trivial-rewrite",
  defer: "bounce",
  trace: "bounce",
  retry: "error",
};

const masterConf = (port: number) => `127.0.0.1:${port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
${services.map((name) => `${name} unix - - n - 0 ${programOf[name] ?? name}`).join("\n")}
`;

const saslConf = `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: /srv/sasldb2
mech_list: PLAIN LOGIN
`;

const privateQueues = "active bounce corrupt defer deferred flush hold incoming private saved trace".split(
  " ",
);

const prepareQueue = `cd /var/spool/postfix
mkdir -p ${privateQueues.join(" ")} pid maildrop public /var/lib/postfix /var/log
chown postfix ${privateQueues.join(" ")} maildrop public /var/lib/postfix
chmod 700 ${privateQueues.join(" ")}
chgrp postdrop maildrop public
chmod 730 maildrop
chmod 710 public
`;

function configure(chroot: Chroot, ports: { smtp: number; lmtp: number; policy: number }): void {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  chroot.write("/srv/server.pem", cert);
  chroot.write("/srv/server.key", key, 0o600);
  chroot.write("/etc/postfix/main.cf", mainConf(ports));
  chroot.write("/etc/postfix/master.cf", masterConf(ports.smtp));
  chroot.write("/etc/postfix/sasl/smtpd.conf", saslConf);
  chroot.run(["mkdir", "-p", "/var/spool/postfix"]);
  chroot.run(["sh", "-c", prepareQueue]);
}

/** A policy service (Postfix's SMTPD_POLICY_README): attributes in lines, an empty line, one action. */
function startPolicy(greylisted: ReadonlySet<string>) {
  return Bun.listen<{ asked: string }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { asked: "" };
      },
      data(socket, chunk) {
        socket.data.asked += chunk.toString();
        if (!socket.data.asked.endsWith("\n\n")) return;
        const recipient = /^recipient=(.*)$/m.exec(socket.data.asked)?.[1] ?? "";
        socket.data.asked = "";
        const action = greylisted.has(recipient) ? "defer_if_permit 4.2.0 Greylisted" : "dunno";
        socket.write(`action=${action}\n\n`);
      },
    },
  });
}

/** Starts a Postfix of an unpacked folder (`unpackPostfix`) that delivers to an LMTP port of 127.0.0.1. */
export async function startPostfix(unpacked: string, lmtpPort: number): Promise<Postfix> {
  const chroot = createChroot("postfix", unpacked);
  const greylisted = new Set<string>();
  const policy = startPolicy(greylisted);
  const port = await freePort();
  configure(chroot, { smtp: port, lmtp: lmtpPort, policy: policy.port });
  const owners = new Map<string, string>();
  const writeUsers = () => {
    chroot.write("/srv/recipients", [...owners.keys()].map((address) => `${address} ok\n`).join(""));
    chroot.write("/srv/senders", [...owners].map(([address, owner]) => `${address} ${owner}\n`).join(""));
  };
  writeUsers();
  await chroot.start("exec env MAIL_CONFIG=/etc/postfix /usr/lib/postfix/sbin/master -d\n", [port]);

  return {
    smtp: { host: "localhost", port, security: "tls" },
    greylisted,
    addUser({ address, password }, { ownsAddress } = { ownsAddress: true }) {
      const [name = "", domain = ""] = address.split("@");
      chroot.run(["saslpasswd2", "-p", "-c", "-f", "/srv/sasldb2", "-u", domain, name], password);
      chroot.own("78:78", "/srv/sasldb2");
      owners.set(address, ownsAddress ? address : `not-${address}`);
      writeUsers();
    },
    async stop() {
      policy.stop(true);
      await chroot.kill();
    },
  };
}
