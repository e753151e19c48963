/** The settings of a command: its environment, and those of the systemd service on this machine. */
import { readFileSync } from "node:fs";
import { type Config, loadConfig, readEnvironment } from "../config.ts";
import { StartError } from "../errors.ts";

/** Settings that deploy/email-connector.service adds to its file. */
const serviceSettings = (folder: string) => ({
  DATA_DIR: "/var/lib/email-connector",
  ENCRYPTION_KEY_FILE: `${folder}/server.key`,
});

/**
 * Reads the settings for a command: those of the environment, over those of the systemd service of this machine when
 * `folder` has its settings file. Throws ConfigError; StartError when the file may not be read.
 */
export function loadCommandConfig({
  env,
  serviceFolder,
}: {
  env?: Readonly<Record<string, string | undefined>>;
  serviceFolder?: string;
}): Config {
  const folder = serviceFolder ?? (env === undefined ? "/etc/email-connector" : undefined);
  const own = env ?? readEnvironment();
  // A command with its own data folder or address is about another server than the service.
  if (folder === undefined || own.DATA_DIR || own.PUBLIC_URL) return loadConfig(own);
  const file = readSettingsFile(`${folder}/settings`);
  return loadConfig(file === undefined ? own : { ...serviceSettings(folder), ...file, ...own });
}

/** Reads NAME=value lines as systemd does (systemd.exec, EnvironmentFile). Undefined when there is no file. */
function readSettingsFile(file: string): Record<string, string> | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new StartError(`${file} cannot be read by this user: run the command with sudo.`, { cause });
  }
  const lines = text.split("\n").map((line) => line.trim());
  return Object.fromEntries(
    lines
      .filter((line) => /^\w+=/.test(line))
      .map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1).replace(/^(["'])(.*)\1$/, "$2")];
      }),
  );
}
