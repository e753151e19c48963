/** Renewal of access tokens in a running product, against a real authorization server and real mail servers. */
import { afterAll, expect, test } from "bun:test";
import { startBinary } from "../support/binary.ts";
import { openClient } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import { connectBySignIn, startCompany } from "../support/sign-in.ts";
import { createTestClock } from "../support/test-clock.ts";
import { pause } from "../support/waiting.ts";

const company = await startCompany({ accessTokenSeconds: 20 });
const clock = createTestClock();
const product = await company.startProduct({ rates: wideRates, clock });
afterAll(async () => {
  await product.stop();
  await company.stop();
});

const renewals = () => company.issuer.tokenRequests.filter((grant) => grant === "refresh_token").length;

/** A person with a signed-in mailbox and a client. */
async function connectPerson(own = product) {
  const address = company.newAddress();
  const tokens = await connectBySignIn(own, { address });
  return { address, client: await openClient(own, tokens.accessToken) };
}

test("70 seconds of calls with tokens of 20 seconds: none fails, and each token is renewed before its end", async () => {
  const settings = { SENDS_PER_HOUR: "100" };
  const own = await company.startProduct({ rates: wideRates, settings });
  const { address, client } = await connectPerson(own);
  const before = renewals();
  const endsAt = Date.now() + 70_000;
  let calls = 0;
  for (; Date.now() < endsAt; calls += 1) {
    await client.call("list_mailboxes");
    if (calls % 20 === 0) await client.call("send_email", { to: [address], subject: `${calls}`, body: "x" });
    await pause(250);
  }
  expect(calls).toBeGreaterThan(50);
  // 20 seconds less the margin of a quarter.
  expect(renewals() - before).toBeGreaterThanOrEqual(4);
  expect(renewals() - before).toBeLessThanOrEqual(6);
  await client.close();
  await own.stop();
}, 120_000);

test("A connection ends with the token it logged in with: IMAP and SMTP log in again after it", async () => {
  const { address, client } = await connectPerson();
  const send = (subject: string) => client.call("send_email", { to: [address], subject, body: "x" });
  await send("one");
  await send("two");
  const logins = company.submission.logins();
  const seen = new Set<string>();
  company.issuer.onIntrospection = (token) => void seen.add(token);
  await client.call("list_mailboxes");
  expect(seen.size).toBe(0);
  clock.advance(21_000);
  await send("three");
  await client.call("list_mailboxes");
  company.issuer.onIntrospection = undefined;
  expect(company.submission.logins()).toBe(logins + 1);
  expect(seen.size).toBe(1);
  await client.close();
});

test("Eight calls at once after the end of a token make one renewal", async () => {
  const { client } = await connectPerson();
  await client.call("list_mailboxes");
  clock.advance(21_000);
  const before = renewals();
  await Promise.all(Array.from({ length: 8 }, () => client.call("list_mailboxes")));
  expect(renewals() - before).toBe(1);
  await client.close();
});

test("An access token that the issuer ended early is replaced once, and the call succeeds", async () => {
  const { client } = await connectPerson();
  await client.call("list_mailboxes");
  company.issuer.endAccessTokens();
  // The pool's connections are gone, as after two idle minutes; the token has not expired.
  clock.advance(4_000);
  const before = renewals();
  await client.call("list_mailboxes");
  expect(renewals() - before).toBeLessThanOrEqual(1);
  await client.close();
});

test("A revoked refresh token: the call says that the sign-in has ended and to connect the mailbox again", async () => {
  const { client } = await connectPerson();
  await client.call("list_mailboxes");
  for (const token of company.issuer.issued) {
    const found = await company.issuer.provider.RefreshToken.find(token);
    await found?.destroy();
  }
  company.issuer.endAccessTokens();
  clock.advance(21_000);
  const answer = await client.try("list_mailboxes");
  expect(answer.isError).toBe(true);
  expect(answer.text).toContain("The sign-in at Example Mail has ended. Connect the mailbox again.");
  await client.close();
});

test("The authorization server is down: calls go on with the token they have, then say so, and work again when it is back", async () => {
  const { client } = await connectPerson();
  await client.call("list_mailboxes");
  company.issuer.answerTokenRequests = { status: 503, body: "down" };
  await client.call("list_mailboxes");
  clock.advance(21_000);
  const answer = await client.try("list_mailboxes");
  expect(answer.text).toContain("Example Mail does not answer at the moment. Try again in a minute.");
  company.issuer.answerTokenRequests = undefined;
  clock.advance(6_000);
  expect((await client.try("list_mailboxes")).isError).toBe(false);
  await client.close();
});

test("kill -9 between the rotation and the first use of the new token: after the restart the sign-in goes on", async () => {
  const settings = company.settings();
  const first = await startBinary(settings);
  const address = company.newAddress();
  const tokens = await connectBySignIn(first, { address });
  const client = await openClient(first, tokens.accessToken);
  const before = renewals();
  // The first call renews; the mail server then asks about the new token, which was not used before.
  company.issuer.onIntrospection = async () => {
    first.kill("SIGKILL");
    await first.exited;
  };
  await client.try("list_mailboxes").catch(() => undefined);
  await first.exited;
  company.issuer.onIntrospection = undefined;
  expect(renewals() - before).toBe(1);
  const second = await startBinary({
    ...settings,
    DATA_DIR: first.dataDir,
    PORT: new URL(first.url).port,
  });
  const again = await openClient(second, tokens.accessToken);
  expect((await again.call("list_mailboxes")).text).toContain("INBOX");
  expect(renewals() - before).toBe(2);
  await again.close();
  await second.stop();
}, 180_000);

test("RFC 7628 is preferred, and XOAUTH2 used where the mail server offers nothing else", async () => {
  const other = await startCompany({ mechanisms: "plain xoauth2" });
  const own = await other.startProduct();
  const tokens = await connectBySignIn(own, { address: other.newAddress() });
  const client = await openClient(own, tokens.accessToken);
  expect((await client.call("list_mailboxes")).text).toContain("INBOX");
  await client.close();
  await own.stop();
  await other.stop();
});
