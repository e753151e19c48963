/** A person with a connected mailbox and an MCP client: the starting point of most tests of the whole product. */

import type { MailServer } from "../../src/credentials.ts";
import type { Level, Tokens } from "./authorize.ts";
import { grantFor } from "./grant.ts";
import { mailServer, type User } from "./mail-server.ts";
import { openClient, type TestClient } from "./mcp-client.ts";
import type { TestProduct } from "./product.ts";

export type Person = { user: User; tokens: Tokens; client: TestClient };

/** Rates no test runs into by being fast. */
export const wideRates = {
  page: { burst: 100_000, everyMs: 1 },
  token: { burst: 100_000, everyMs: 1 },
  loginByPeer: { burst: 100_000, everyMs: 1 },
  loginByAccount: { burst: 100_000, everyMs: 1 },
  loginByHost: { burst: 100_000, everyMs: 1 },
  call: { burst: 100_000, everyMs: 1 },
  message: { burst: 100_000, everyMs: 1 },
} as const;

/** Connects a mailbox of a new user, without the pages, and opens a client on it. */
export async function connectPerson(
  product: TestProduct,
  options: { user?: User; level?: Level; servers?: { imap: MailServer; smtp: MailServer } } = {},
): Promise<Person> {
  const user = options.user ?? (await (await mailServer()).newUser());
  const tokens = await grantFor(product, user, options);
  return { user, tokens, client: await openClient(product, tokens.accessToken) };
}
