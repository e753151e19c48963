/** Emails of mailing lists, with the checks that the account's own server noted on them. */
import { type ListServer, startListServer } from "./list-server.ts";
import { type MailServerKit, mailServer, type User } from "./mail-server.ts";
import type { TestClient } from "./mcp-client.ts";
import { wideRates } from "./person.ts";
import { type PublicProduct, startPublicProduct } from "./person-browser.ts";

/** Delivers received emails of five domains on which the account's server notes its checks: so it becomes known. */
export async function noteChecks(kit: MailServerKit, user: User): Promise<void> {
  await kit.deliverAll(
    user,
    ["a", "b", "c", "d", "e"].map((name) => ({
      raw: `Authentication-Results: mx.own.test; spf=pass\nFrom: x@${name}.test\nSubject: ${name}\n\n${name}\n`,
    })),
  );
}

/** Header fields of a list whose signature covers the one-click request (RFC 8058 section 4). */
export const signedOneClick =
  "Authentication-Results: mx.own.test; dkim=pass header.d=brand.test\nDKIM-Signature: v=1; d=brand.test; s=s1; h=from:list-unsubscribe:list-unsubscribe-post; b=x\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n";

/** A newsletter of news@brand.test with more header fields. */
export function toNewsletter(headers: string, subject = "newsletter"): string {
  return `${headers}From: Brand <news@brand.test>\nTo: ann@example.test\nSubject: ${subject}\nMessage-ID: <${subject}@brand.test>\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n\nNews.\n`;
}

/** Makes a user with a newsletter that names these targets, of which the account's server noted the signature. */
export async function newSubscriber(targets: string): Promise<User> {
  const kit = await mailServer();
  const user = await kit.newUser();
  await noteChecks(kit, user);
  await kit.deliver(user, toNewsletter(`${signedOneClick}List-Unsubscribe: ${targets}\n`));
  return user;
}

/** The id of the email with this word in its subject. */
export async function findEmail(client: TestClient, subject: string): Promise<string> {
  const { data } = await client.call("search_emails", { query: `subject:${subject}` });
  const { emails } = data as { emails: { id: string }[] };
  return emails[0]?.id ?? "";
}

/** A product whose one-click requests to brand.test go to a server of the tests, which refuses those to /broken. */
export type ListedProduct = PublicProduct & {
  /** The bodies of the requests to a path. */
  askedAt(path: string): string[];
};

export async function startListedProduct(): Promise<ListedProduct> {
  const list: ListServer = await startListServer({
    hosts: ["brand.test"],
    answer: (response, { url }) => response.writeHead(url === "/broken" ? 500 : 202).end(),
  });
  const product = await startPublicProduct({ rates: wideRates, outbound: list.outbound });
  return {
    ...product,
    askedAt: (path) => list.requests.filter(({ url }) => url === path).map(({ body }) => body),
    async stop() {
      await product.stop();
      await list[Symbol.asyncDispose]();
    },
  };
}

/** The emails that the submission server took from a user. */
export async function submittedBy({ address }: User) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === address);
}
