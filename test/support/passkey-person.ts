/** A person with a passkey in an authenticator in software, on the pages of a product. */
import { expect } from "bun:test";
import { type Authenticator, createAuthenticator } from "./authenticator.ts";
import { mailServer } from "./mail-server.ts";
import type { ConnectedPerson, PersonBrowser } from "./person-browser.ts";

/** The path of a person's own page, from the browser's cookie. */
export function ownPathOf({ browser }: Pick<ConnectedPerson, "browser">): string {
  const [name = ""] = [...browser.cookies.keys()].filter((each) => /connection-grt_/.test(each));
  return `/connection/${name.slice(name.indexOf("grt_"))}`;
}

/** Proves a password on the person's page. Resolves with "" where it proves nothing. */
export async function proveByPassword({ browser, user }: ConnectedPerson, path: string): Promise<string> {
  return (await browser.post(`${path}/prove`, { password: user.password })).fields.proof ?? "";
}

type Options = Parameters<Authenticator["get"]>[0];

/** Asks for the options of a ceremony, as the page's script does. */
export async function askForOptions(
  browser: PersonBrowser,
  url: string,
  fields: Readonly<Record<string, string>> | URLSearchParams,
): Promise<{ status: number; create: Options; get: Options }> {
  const answer = await browser.post(`${url}/passkey`, fields);
  const { create, get } = answer.status === 200 ? JSON.parse(answer.html) : {};
  return { status: answer.status, create, get };
}

/** Registers a passkey on the person's page. `origin`: of the product's pages. */
export async function registerPasskey(person: ConnectedPerson, origin: string): Promise<Authenticator> {
  const path = ownPathOf(person);
  const authenticator = createAuthenticator(origin);
  const proof = await proveByPassword(person, path);
  const { create } = await askForOptions(person.browser, path, { action: "add_passkey" });
  const passkey = authenticator.create(create);
  const answer = await person.browser.post(path, { action: "add_passkey", proof, passkey });
  expect([answer.status, answer.text.includes("Passkey 1")]).toEqual([200, true]);
  return authenticator;
}

/** The emails that the submission server took from an address. */
export async function sentBy(address: string) {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === address);
}
