/** The actions of a person on the connect page. */
import type { Page } from "playwright-core";
import type { MailServerKit, User } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";

/** Enters servers, as a person with their own mail server does. */
export async function typeServers(page: Page, kit: Pick<MailServerKit, "imap" | "smtp">): Promise<void> {
  await chooseProvider(page, "generic");
  for (const side of ["imap", "smtp"] as const) {
    await page.fill(`#${side}_host`, kit[side].host);
    await page.fill(`#${side}_port`, String(kit[side].port));
    await page.selectOption(`#${side}_security`, String(kit[side].security === "tls"));
  }
}

/** Opens the provider list where it is closed, and selects a provider; "generic" shows the server fields. */
export async function chooseProvider(page: Page, id: string): Promise<void> {
  // Not by a press, which would close what the script opens at the same moment.
  await page.locator("#choice").evaluate((choice) => choice.setAttribute("open", ""));
  await page.selectOption("#provider", id);
}

export async function typeMailbox(page: Page, user: User): Promise<void> {
  await page.fill("#address", user.address);
  await page.fill("#password", user.password);
}

export const connect = (page: Page) => page.getByRole("button", { name: "Connect", exact: true }).click();
export const continueToClient = (page: Page) => page.getByRole("button", { name: /^Continue to/ }).click();
export const waitForConnected = (page: Page) => page.getByRole("heading", { name: "Connected as" }).waitFor();
export const toolNames = async (product: { url: string }, token: string) => {
  const client = await openClient(product, token);
  const { tools } = await client.client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
};
