/** A person with a mailbox connected to a product of their own: what most tests of the whole way start from. */

import type { MailServer } from "../../src/credentials.ts";
import { connectMailbox, type Level, type Tokens } from "./authorize.ts";
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

/** Connects a mailbox of a new user and opens a client on it. */
export async function connectPerson(
  product: TestProduct,
  options: { user?: User; level?: Level; servers?: { imap: MailServer; smtp: MailServer } } = {},
): Promise<Person> {
  const user = options.user ?? (await (await mailServer()).newUser());
  const tokens = await connectMailbox(product, user, options);
  return { user, tokens, client: await openClient(product, tokens.accessToken) };
}
