/**
 * A server that runs in a copy of an unpacked Debian folder: hard links, so that it costs no room, and files of its own
 * in /srv. All its processes end with this process, also when that is killed.
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { accepts } from "./ports.ts";
import { detach, processFifo, temporaryDiskFolder } from "./temporary.ts";
import { eventually } from "./waiting.ts";

export type Chroot = {
  /** The folder that the server sees as "/". */
  root: string;
  /** Writes a file of the server, which does not change the unpacked folder. */
  write(path: string, content: string, mode?: number): void;
  /** Gives files to a user of the server. */
  own(owner: string, ...paths: string[]): void;
  /** Runs a command inside and returns its output. */
  run(command: readonly string[], input?: string): string;
  /** Starts a shell script inside and waits until the ports accept connections. Throws with its output otherwise. */
  start(script: string, ports: readonly number[]): Promise<void>;
  /** Kills all its processes, as a crash would. */
  kill(): Promise<void>;
};

const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

// The folder may be removed before its last process ends: the kernel then adds " (deleted)" to its path.
const killAll = `for each in /proc/[0-9]*; do
  case "$(readlink "$each/root")" in "$1"|"$1 (deleted)") kill -9 "\${each##*/}";; esac
done`;

function processesIn(root: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/root`) === root;
      } catch {
        // It ended by itself.
        return false;
      }
    })
    .map(Number);
}

/** Copies an unpacked folder for one server. */
export function createChroot(name: string, unpacked: string): Chroot {
  const root = join(temporaryDiskFolder(name), "root");
  execFileSync("cp", ["-al", unpacked, root]);
  detach(`read -r _ < "$2"; ${killAll}; sleep 1; ${killAll}`, root, processFifo());
  const output = join(root, "srv/output");

  async function kill(): Promise<void> {
    await eventually(
      () => {
        const running = processesIn(root);
        for (const pid of running)
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // It ended by itself.
          }
        return running.length === 0;
      },
      { withinMs: 10_000, what: `${name} to end` },
    );
  }

  return {
    root,
    write(path, content, mode = 0o644) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      // A hard link to the unpacked file must not be written to.
      rmSync(file, { force: true });
      writeFileSync(file, content, { mode });
    },
    own(owner, ...paths) {
      execFileSync("chown", ["-R", owner, ...paths.map((path) => join(root, path))]);
    },
    run: (command, input = "") =>
      execFileSync("/usr/sbin/chroot", [root, ...command], {
        env: environment,
        input,
        encoding: "utf8",
        stdio: ["pipe", "pipe", "pipe"],
      }),
    async start(script, ports) {
      const file = "/srv/start";
      writeFileSync(join(root, file), script);
      const set = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
      detach(
        `exec env -i ${set.join(" ")} /usr/sbin/chroot "$1" /bin/sh ${file} >"$1/srv/output" 2>&1`,
        root,
      );
      try {
        await eventually(async () => (await Promise.all(ports.map(accepts))).every(Boolean), {
          withinMs: 20_000,
          what: `${name} to accept connections`,
        });
      } catch (error) {
        const said = existsSync(output) ? readFileSync(output, "utf8") : "";
        await kill();
        throw new Error(`${name} did not start:\n${said}`, { cause: error });
      }
    },
    kill,
  };
}
