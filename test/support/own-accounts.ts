/** The connect form of a live connection, as a person opens and sends it from their own page. */
import { fieldNames } from "../../src/pages/connect-form.ts";
import { formFields, readForm } from "./authorize.ts";
import { mailServer, type User } from "./mail-server.ts";
import { proveByPassword } from "./passkey-person.ts";
import type { ConnectedPerson, Page } from "./person-browser.ts";

/** Proves a password, and opens the form for another mailbox. `path`: of the person's page. */
export async function openAccountForm(person: ConnectedPerson, path: string): Promise<Page> {
  const proof = await proveByPassword(person, path);
  return person.browser.post(path, { action: "add_account", proof });
}

/** Sends the form of a page with these fields. */
export function submitAccountForm(
  { browser }: ConnectedPerson,
  page: Page,
  fields: Readonly<Record<string, string>>,
): Promise<Page> {
  return browser.post("/oauth/connect", { ...readForm(page.html).fields, ...fields });
}

/** The fields of a mailbox, with the button Connect. */
export async function enterAccount(user: User): Promise<Record<string, string>> {
  return { ...formFields(user, await mailServer(), "approve"), [fieldNames.next]: "ask" };
}

/** The addresses that Claude sees, sorted. */
export async function listAddresses({ client }: ConnectedPerson): Promise<string[]> {
  const { data } = await client.call("list_mailboxes");
  return (data as { accounts: { address: string }[] }).accounts.map(({ address }) => address).sort();
}
