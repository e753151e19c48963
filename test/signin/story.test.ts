/** One story of a mail company that takes no passwords: sign in, read, search and send, and the page in between. */
import { afterAll, expect, test } from "bun:test";
import { openClient } from "../support/mcp-client.ts";
import { connectBySignIn, signIn, startCompany } from "../support/sign-in.ts";

const company = await startCompany();
const product = await company.startProduct();
afterAll(async () => {
  await product.stop();
  await company.stop();
});

test("RFC 6749 section 4.1: a person signs in at the mail company, and Claude reads, searches and sends", async () => {
  const address = company.newAddress();
  const tokens = await connectBySignIn(product, { address });
  const { call, close } = await openClient(product, tokens.accessToken);
  await call("send_email", { to: [address], subject: "Hello", body: "Words to find." });
  const found = await call("search_emails", { query: "find" });
  expect(found.text).toContain("Hello");
  await close();
  expect(company.submission.submitted.at(-1)).toMatchObject({ username: address, recipients: [address] });
});

test("After the sign-in the page says what is connected, and does not go straight on to the client", async () => {
  const address = company.newAddress();
  const page = await signIn(product, { address });
  expect(page.status).toBe(200);
  expect(page.html).toContain("Connected as");
  expect(page.html).toContain(address);
});
