/** A Postgres of this process, run by an ordinary user in a temporary folder, and databases in it. */
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { SQL } from "bun";
import { programs } from "./installed.ts";
import { freePort } from "./ports.ts";
import { detach, processFifo, temporaryFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

/** The user "nobody": Postgres refuses to run as root. */
const ordinaryUser = 65_534;

export type Postgres = {
  /** Creates an empty database and returns its URL. */
  newDatabase(): Promise<string>;
  /** Ends the server as a crash of its machine would, and starts it again. */
  restart(): Promise<void>;
};

/** Runs a program of Postgres as an ordinary user. */
function command(name: "initdb" | "postgres", ...args: string[]): string[] {
  const program = join(dirname(programs.postgres ?? ""), name);
  const isRoot = process.getuid?.() === 0;
  const as = [`--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, "--clear-groups"];
  return isRoot ? ["setpriv", ...as, program, ...args] : [program, ...args];
}

async function startPostgres(): Promise<Postgres> {
  const folder = temporaryFolder("postgres");
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  if (process.getuid?.() === 0) {
    for (const open of [dirname(folder), folder]) chmodSync(open, 0o711);
    chownSync(data, ordinaryUser, ordinaryUser);
  }
  const options = ["-A", "trust", "-U", "test", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"];
  const made = Bun.spawnSync(command("initdb", "-D", data, ...options), { stdout: "ignore", cwd: "/" });
  if (made.exitCode !== 0) throw new Error(`initdb: ${made.stderr.toString()}`);
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    full_page_writes: "off",
    shared_buffers: "16MB",
    max_connections: "200",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const toUrl = (database: string) => `postgres://test@127.0.0.1:${port}/${database}`;
  let server: Bun.Subprocess | undefined;

  async function run(): Promise<void> {
    const started = Bun.spawn(command("postgres", "-D", data, "-p", String(port), ...flags), {
      stdio: ["ignore", "ignore", "ignore"],
      cwd: "/",
    });
    started.unref();
    detach('read -r _ < "$2"; kill -QUIT "$1"', String(started.pid), processFifo());
    server = started;
    await eventually(
      async () => {
        const sql = new SQL({ url: toUrl("postgres"), max: 1, connectionTimeout: 1 });
        return sql.unsafe("SELECT 1").then(
          () => sql.close().then(() => true),
          () => sql.close({ timeout: 0 }).then(() => false),
        );
      },
      { withinMs: 20_000, what: "Postgres" },
    );
  }
  await run();
  let count = 0;
  return {
    async newDatabase() {
      count += 1;
      const sql = new SQL({ url: toUrl("postgres"), max: 1 });
      await sql.unsafe(`CREATE DATABASE test_${count}`);
      await sql.close();
      return toUrl(`test_${count}`);
    },
    async restart() {
      server?.kill("SIGQUIT");
      await server?.exited;
      await run();
    },
  };
}

let shared: Promise<Postgres> | undefined;

/** Returns the Postgres of this process, which the first call starts. */
export function postgresServer(): Promise<Postgres> {
  shared ??= startPostgres();
  return shared;
}
