/** A person with a connected mailbox and an MCP client: the starting point of most tests of the whole product. */

import type { MailServer } from "../../src/credentials.ts";
import { connectMailbox, type Level, type Tokens } from "./authorize.ts";
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

export type PersonOptions = { user?: User; level?: Level; servers?: { imap: MailServer; smtp: MailServer } };

/** Connects a mailbox, by default of a new user, without the pages, and opens a client on it. */
export async function connectPerson(product: TestProduct, options: PersonOptions = {}): Promise<Person> {
  const user = options.user ?? (await (await mailServer()).newUser());
  const tokens = await grantFor(product, user, options);
  return { user, tokens, client: await openClient(product, tokens.accessToken) };
}

/** Connects a mailbox through the form: for tests about what the form leaves behind. */
export async function connectPersonByForm(
  product: TestProduct,
  options: PersonOptions = {},
): Promise<Person> {
  const user = options.user ?? (await (await mailServer()).newUser());
  const tokens = await connectMailbox(product, user, options);
  return { user, tokens, client: await openClient(product, tokens.accessToken) };
}
