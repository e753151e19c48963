/** The operator's own OAuth client: the id and secret that a person types into Claude. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "./config.ts";
import { StartError } from "./errors.ts";
import { newToken } from "./secrets.ts";

export type StaticClient = { id: string; secret: string };

const saved = z.object({ id: z.string().min(1), secret: z.string().min(16) });

/** The client of the settings, or the one in DATA_DIR/client.json, which is made (mode 0600) when absent. */
export function loadStaticClient(
  config: Pick<Config, "dataDir" | "oauthClientId" | "oauthClientSecret">,
): StaticClient {
  if (config.oauthClientId !== undefined && config.oauthClientSecret !== undefined)
    return { id: config.oauthClientId, secret: config.oauthClientSecret };
  const file = join(config.dataDir, "client.json");
  if (!existsSync(file)) {
    const made = { id: `email-connector-${newToken(4)}`, secret: newToken() };
    save(file, made);
    return made;
  }
  const text = read(file);
  try {
    return saved.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartError(
      `${file} does not hold an id and a secret. Mend it, or delete it and a new one is made.`,
      {
        cause,
      },
    );
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError(`${file} cannot be read by this user. Give it to the user the server runs as.`, {
      cause,
    });
  }
}

function save(file: string, client: StaticClient): void {
  try {
    writeFileSync(file, `${JSON.stringify(client, null, 2)}\n`, { mode: 0o600, flush: true });
  } catch (cause) {
    // Half a file would stop every later start.
    rmSync(file, { force: true });
    throw new StartError(`${file} cannot be made. DATA_DIR must be writable for this user, and have room.`, {
      cause,
    });
  }
}
