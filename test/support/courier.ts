/**
 * A real Courier IMAP server of Debian's package, in a chroot, with TLS. It has no LMTP: the submission server of the
 * kit delivers into the Maildir. A new user has an INBOX and nothing else.
 */
import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trustedAuthority } from "./authority.ts";
import { type Chroot, createChroot } from "./chroot-server.ts";
import { type Unpacked, unpackPackages } from "./debian-packages.ts";
import { createMailboxAccess } from "./mailbox-access.ts";
import { freePorts } from "./ports.ts";
import type { RealServer } from "./real-server.ts";
import { type Deliver, startSubmissionOf } from "./submission.ts";

/** The folder of Courier's programs, or why there is none. */
export const unpackCourier = (): Unpacked =>
  unpackPackages("courier", ["courier-imap", "courier-authlib-sqlite"]);

/** The user and group "mail" of Debian. */
const mailUser = 8;

const authenticationFields = ["uid", "gid", "home", "name"].map(
  (name) => `SQLITE_${name.toUpperCase()}_FIELD\t${name}`,
);

// Courier refuses a file without the last line.
const authenticationConf = `SQLITE_DATABASE\t/srv/users.db
SQLITE_USER_TABLE\tpasswd
SQLITE_LOGIN_FIELD\tid
SQLITE_CLEAR_PWFIELD\tclear
${authenticationFields.join("\n")}
##NAME: MARKER:0
`;

const daemonConf = `authmodulelist="authsqlite"
authmodulelistorig="authsqlite"
daemons=2
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
`;

/** The settings of Debian's /etc/courier/imapd and imapd-ssl. */
const startScript = (ports: { imaps: number; imap: number }) => `
set -a
. /etc/courier/authdaemonrc
/usr/lib/courier/courier-authlib/authdaemond &
IMAP_CAPABILITY="IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
IMAP_CAPABILITY_TLS="$IMAP_CAPABILITY AUTH=PLAIN"
IMAP_KEYWORDS=1
IMAP_ACL=1
IMAP_USELOCKS=1
IMAP_IDLE_TIMEOUT=60
IMAP_MAILBOX_SANITY_CHECK=1
IMAP_CHECK_ALL_FOLDERS=0
IMAP_OBSOLETE_CLIENT=0
IMAP_DISABLETHREADSORT=0
IMAP_ENHANCEDIDLE=0
IMAP_TRASHFOLDERNAME=Trash
IMAP_EMPTYTRASH=Trash:7
IMAP_MOVE_EXPUNGE_TO_TRASH=0
IMAP_SHAREDINDEXFILE=/etc/courier/shared/index
COURIERTLS=/usr/bin/couriertls
TLS_CERTFILE=/etc/courier/imapd.pem
TLS_VERIFYPEER=NONE
MAILDIRPATH=Maildir
umask 022
limits="-address=127.0.0.1 -maxprocs=40 -maxperip=40 -nodnslookup -noidentlookup"
IMAP_STARTTLS=YES IMAP_TLS_REQUIRED=1 couriertcpd $limits ${ports.imap} \\
  /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir &
IMAP_TLS=1
exec couriertcpd $limits ${ports.imaps} \\
  /usr/bin/couriertls -server -tcpd -user=courier /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
`;

function configure(chroot: Chroot): void {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  chroot.write("/etc/courier/imapd.pem", `${cert}\n${key}`, 0o600);
  chroot.write("/etc/courier/authdaemonrc", daemonConf);
  chroot.write("/etc/courier/authsqliterc", authenticationConf, 0o600);
  chroot.own("77:8", "/etc/courier/imapd.pem");
  chroot.run(["mkdir", "-p", "/etc/courier/shared", "/run/courier/authdaemon", "/srv/mail"]);
}

/** Starts a Courier of an unpacked folder (`unpackCourier`). */
export async function startCourier(unpacked: string): Promise<RealServer> {
  const chroot = createChroot("courier", unpacked);
  configure(chroot);
  const users = new Database(join(chroot.root, "srv/users.db"), { create: true });
  users.run("CREATE TABLE passwd (id TEXT PRIMARY KEY, clear TEXT, name TEXT, uid INT, gid INT, home TEXT)");
  chmodSync(join(chroot.root, "srv/users.db"), 0o644);
  const [port = 0, plain = 0] = await freePorts(2);
  await chroot.start(startScript({ imaps: port, imap: plain }), [port, plain]);
  const passwords = new Map<string, string>();
  const maildirOf = (address: string) => join(chroot.root, "srv/mail", address, "Maildir");
  let count = 0;

  const deliver: Deliver = async (_from, recipients, raw) => {
    for (const recipient of recipients) {
      count += 1;
      const name = `${count}.P${process.pid}.localhost`;
      const [temporary, delivered] = ["tmp", "new"].map((part) => join(maildirOf(recipient), part, name));
      if (!temporary || !delivered) throw new Error("no Maildir");
      // A Maildir has the line ends of the system.
      writeFileSync(temporary, raw.replaceAll("\r\n", "\n"));
      chownSync(temporary, mailUser, mailUser);
      renameSync(temporary, delivered);
    }
  };

  const submission = await startSubmissionOf(passwords, deliver);

  return {
    ...createMailboxAccess(port),
    imap: { host: "localhost", port, security: "tls" },
    imapStarttls: { host: "localhost", port: plain, security: "starttls" },
    smtp: { host: "localhost", port: submission.ports.tls, security: "tls" },
    submission,
    async newUser() {
      const address = `user-${randomBytes(5).toString("hex")}@example.test`;
      const password = `pw-${randomBytes(9).toString("hex")}`;
      for (const part of ["cur", "new", "tmp"])
        mkdirSync(join(maildirOf(address), part), { recursive: true });
      chroot.own("8:8", "/srv/mail");
      users.run("INSERT INTO passwd VALUES (?, ?, '', ?, ?, ?)", [
        address,
        password,
        mailUser,
        mailUser,
        `/srv/mail/${address}`,
      ]);
      passwords.set(address, password);
      return { address, password };
    },
    async stop() {
      await Promise.all([submission.stop(), chroot.kill()]);
      users.close();
    },
  };
}
