/** The static OAuth client of this server: the id and secret that a person enters in Claude. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Config } from "./config.ts";
import { StartError } from "./errors.ts";
import { newToken } from "./secrets.ts";

export type StaticClient = { id: string; secret: string };

const clientFile = z.object({ id: z.string().min(1), secret: z.string().min(16) });

/**
 * Returns the client from the settings, else the one in DATA_DIR/client.json, which is created with mode 0600 when
 * absent. Throws StartError.
 */
export function loadStaticClient(
  config: Pick<Config, "dataDir" | "oauthClientId" | "oauthClientSecret">,
): StaticClient {
  if (config.oauthClientId !== undefined && config.oauthClientSecret !== undefined)
    return { id: config.oauthClientId, secret: config.oauthClientSecret };
  const file = join(config.dataDir, "client.json");
  if (!existsSync(file)) {
    const client = { id: `email-connector-${newToken(4)}`, secret: newToken() };
    save(file, client);
    return client;
  }
  const text = read(file);
  try {
    return clientFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new StartError(
      `${file} does not hold an id and a secret. Repair it, or delete it and a new one is created.`,
      { cause },
    );
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StartError(
      `${file} cannot be read by this user. Change its owner to the user the server runs as.`,
      {
        cause,
      },
    );
  }
}

function save(file: string, client: StaticClient): void {
  try {
    writeFileSync(file, `${JSON.stringify(client, null, 2)}\n`, { mode: 0o600, flush: true });
  } catch (cause) {
    // A partly written file would fail every later start.
    rmSync(file, { force: true });
    throw new StartError(
      `${file} cannot be created. DATA_DIR must be writable for this user, and have free space.`,
      {
        cause,
      },
    );
  }
}
