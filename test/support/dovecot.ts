/**
 * A real Dovecot 2.3 in a temporary folder, with its own configuration, users and certificate: IMAPS, IMAP with
 * STARTTLS, and LMTP. Runs as root and as any other user. A shell stops it when this process ends, even by SIGKILL.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Certificate } from "./authority.ts";
import { programs } from "./installed.ts";
import { accepts, freePorts } from "./ports.ts";
import { processFifo, temporaryFolder } from "./temporary.ts";
import { eventually, pause } from "./waiting.ts";

export type Dovecot = {
  folder: string;
  ports: { imaps: number; imap: number; lmtp: number };
  /** Adds a user, or changes a password, which Dovecot notices after a second. */
  setPassword(address: string, password: string): Promise<void>;
  /** Runs `doveadm` on this server and returns its output. */
  doveadm(...args: string[]): Promise<string>;
  /** Its log so far. */
  log(): string;
  /** Kills all its processes, as a crash would; `start` starts it again on the same ports and mail. */
  kill(): Promise<void>;
  start(): Promise<void>;
};

export type DovecotOptions = {
  certificate: Certificate;
  /** Folder of the mail, one folder for each address. Default: inside the temporary folder, removed with it. */
  mailFolder?: string;
  /** Dovecot's own mail_location after the folder's path. */
  format?: "sdbox" | "maildir";
  /** Maximum number of connections of a user from one IP address. */
  connectionsPerUser?: number;
  /** Further lines of configuration, appended. */
  settings?: string;
};

const specialUse: Record<string, string> = {
  Drafts: "\\Drafts",
  Sent: "\\Sent",
  Trash: "\\Trash",
  Archive: "\\Archive",
  Junk: "\\Junk",
};

function configuration(folder: string, ports: Dovecot["ports"], options: DovecotOptions): string {
  // Not from the environment, where `su` and `setpriv` may leave another user's name.
  const [user, group] = ["-un", "-gn"].map((flag) => execFileSync("id", [flag], { encoding: "utf8" }).trim());
  const root = process.getuid?.() === 0;
  // Dovecot refuses to deliver mail as root: as root, mail belongs to the user that its package creates.
  const owner = root ? "mail" : user;
  const ownerGroup = root ? "mail" : group;
  const rootless = root
    ? ""
    : `
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service imap-login {
  chroot =
}
`;
  const mailboxes = Object.entries(specialUse)
    .map(([name, role]) => `  mailbox ${name} {\n    auto = subscribe\n    special_use = ${role}\n  }`)
    .join("\n");
  return `
protocols = imap lmtp
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
listen = 127.0.0.1
ssl = required
ssl_cert = <${options.certificate.certFile}
ssl_key = <${options.certificate.keyFile}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
auth_verbose = yes
mail_max_userip_connections = ${options.connectionsPerUser ?? 50}
mail_location = ${options.format ?? "sdbox"}:~/mail
mail_uid = ${owner}
mail_gid = ${ownerGroup}
first_valid_uid = 1
first_valid_gid = 0
mailbox_idle_check_interval = 1 secs
mail_fsync = never
default_process_limit = 200
default_client_limit = 2000
lda_mailbox_autocreate = yes
recipient_delimiter = +
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${folder}/users/%u
}
userdb {
  driver = static
  args = allow_all_users=yes uid=${owner} gid=${ownerGroup} home=${options.mailFolder ?? `${folder}/mail`}/%u
}
namespace inbox {
  inbox = yes
  separator = /
${mailboxes}
}
${rootless}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
  service_count = 0
}
service imap {
  process_limit = 200
  service_count = 1000
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${ports.lmtp}
  }
}
${options.settings ?? ""}
`;
}

/** Starts a Dovecot and waits until it accepts connections. Throws with its log when it does not start. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const { dovecot, doveadm } = programs;
  if (!dovecot || !doveadm) throw new Error("dovecot is not installed");
  const folder = temporaryFolder("dovecot");
  const [imaps = 0, imap = 0, lmtp = 0] = await freePorts(3);
  const ports = { imaps, imap, lmtp };
  const usersFolder = join(folder, "users");
  const configFile = join(folder, "dovecot.conf");
  const logFile = join(folder, "log");
  const mailFolder = options.mailFolder ?? join(folder, "mail");
  for (const part of ["run", "state", "users"]) mkdirSync(join(folder, part));
  mkdirSync(mailFolder, { recursive: true });
  writeFileSync(logFile, "");
  writeFileSync(configFile, configuration(folder, ports, options));
  if (process.getuid?.() === 0)
    await Bun.$`chmod 711 ${folder} ${dirname(folder)} && chmod 755 ${usersFolder} && chown mail:mail ${mailFolder}`;

  // A detached shell: bun kills the child processes of a test that takes too long. It ends with this process.
  const supervisor = `trap '' INT TERM HUP
"$1" -F -c "$2" >"$3/output" 2>&1 & pid=$!
echo $pid > "$3/pid"
( read -r _ < "$4"; kill -9 $(cat /proc/$pid/task/$pid/children) $pid ) & watcher=$!
wait $pid
kill -9 $watcher
rm "$3/alive"`;
  const alive = join(folder, "alive");

  async function start(): Promise<void> {
    writeFileSync(alive, "");
    const background = `( ${supervisor} ) </dev/null >/dev/null 2>&1 &`;
    const args = ["dovecot", dovecot ?? "", configFile, folder, processFifo()];
    execFileSync("/bin/sh", ["-c", background, ...args], { stdio: "ignore" });
    try {
      await eventually(async () => (await accepts(ports.imaps)) && (await accepts(ports.lmtp)), {
        withinMs: 10_000,
        what: "Dovecot to accept connections",
      });
    } catch (error) {
      const said = ["output", "log"].map((file) => readFileSync(join(folder, file), "utf8")).join("");
      throw new Error(`Dovecot did not start:\n${said}`, { cause: error });
    }
  }

  /** Kills the master and its children. A regular shutdown takes Dovecot more than a second. */
  async function kill(): Promise<void> {
    if (!existsSync(alive)) return;
    const master = readFileSync(join(folder, "pid"), "utf8").trim();
    const children = readFileSync(`/proc/${master}/task/${master}/children`, "utf8").split(/\s+/);
    for (const each of [master, ...children].filter(Boolean))
      try {
        process.kill(Number(each), "SIGKILL");
      } catch {
        // It ended by itself.
      }
    await eventually(() => !existsSync(alive), { withinMs: 10_000, what: "Dovecot to end" });
    rmSync(join(folder, "run", "master.pid"), { force: true });
  }

  await start();
  return {
    folder,
    ports,
    async setPassword(address, password) {
      const file = join(usersFolder, address);
      const known = existsSync(file);
      writeFileSync(file, `${address}:{PLAIN}${password}\n`);
      // Dovecot looks at a file it has read before at most once a second.
      if (known) await pause(1_100);
    },
    async doveadm(...args) {
      const run = Bun.spawn([doveadm, "-c", configFile, ...args], { stdout: "pipe", stderr: "pipe" });
      const [out, err, code] = await Promise.all([
        new Response(run.stdout).text(),
        new Response(run.stderr).text(),
        run.exited,
      ]);
      if (code !== 0) throw new Error(`doveadm ${args.join(" ")} ended with ${code}: ${err}`);
      return out;
    },
    log: () => readFileSync(logFile, "utf8"),
    kill,
    start,
  };
}
