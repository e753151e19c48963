/** The rules of signing in at a mail company, against a real authorization server and real mail servers. */
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fieldNames } from "../../src/pages/connect-form.ts";
import { readForm, redirectUri, requestToken } from "../support/authorize.ts";
import { createBrowser } from "../support/cookie-browser.ts";
import { openClient } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import {
  companyDomain,
  connectBySignIn,
  leave,
  openForm,
  type SignInCompany,
  signIn,
  startCompany,
} from "../support/sign-in.ts";
import { startTcpListener } from "../support/tcp-listener.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

const company = await startCompany();
const clock = createTestClock();
const product = await company.startProduct({ rates: wideRates, clock });
afterAll(async () => {
  await product.stop();
  await company.stop();
});

/** Leaves for the issuer, and comes back to just before our redirect URI is requested. */
async function toReturnUrl(browser = createBrowser(), address = company.newAddress(), level = "send") {
  const { form } = await openForm(product, browser);
  const left = await leave(product, browser, form, { address, level });
  const { url } = await browser.follow(left, `${product.url}/sign-in/`);
  return { url, browser, address };
}

const logOf = (from: string[] | readonly string[] = product.logged) =>
  from.map((line) => JSON.parse(line) as Record<string, unknown>);

/** Runs `work` while the person at the issuer answers in another way. */
async function whilePerson<T>(person: SignInCompany["issuer"]["person"], work: () => Promise<T>): Promise<T> {
  company.issuer.person = person;
  try {
    return await work();
  } finally {
    company.issuer.person = {};
  }
}

describe("Leaving for the issuer", () => {
  test("POST /oauth/connect with an address and then=sign-in answers 303 to the issuer, with the scopes of the level", async () => {
    for (const [level, scope] of [
      ["send", "openid email offline_access mail mail.send"],
      ["organise", "openid email offline_access mail"],
      ["read", "openid email offline_access mail"],
    ]) {
      const browser = createBrowser();
      const { form } = await openForm(product, browser);
      const left = await leave(product, browser, form, { address: company.newAddress(), level: level ?? "" });
      const url = new URL(left.headers.get("location") ?? "");
      expect(left.status).toBe(303);
      expect(url.origin).toBe(company.issuer.url);
      expect(url.searchParams.get("scope")).toBe(scope ?? "");
      expect(url.searchParams.get("redirect_uri")).toBe(`${product.url}/sign-in/example`);
      expect(url.searchParams.get("response_mode")).toBe("query");
      expect(url.searchParams.get("prompt")).toBe("consent");
    }
  });

  test("Without a script, the page after the address has the button, after Connect, and no password field is needed", async () => {
    const browser = createBrowser();
    const { form, html } = await openForm(product, browser);
    expect(html).toMatch(/<div id="sign-in"[^>]* hidden/);
    const address = company.newAddress();
    const answer = await browser.post(`${product.url}/oauth/connect`, {
      ...form.fields,
      ...Object.fromEntries([
        ["address", address],
        [fieldNames.next, "ask"],
      ]),
    });
    const page = await answer.text();
    expect(answer.status).toBe(200);
    expect(page).toContain("Continue with Example Mail");
    expect(page).toContain("data-sign-in-only");
    expect(page).not.toMatch(/<div id="sign-in"[^>]* hidden/);
    expect(page.indexOf('value="sign-in"')).toBeGreaterThan(page.indexOf('value="ask"'));
  });

  test("An address without an issuer gets the form again, with what the operator would have to do", async () => {
    const browser = createBrowser();
    const { form } = await openForm(product, browser);
    const answer = await leave(product, browser, form, { address: "ann@outlook.com" });
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(page).toContain("There is no sign-in for this address on this server.");
    expect(page).toContain("docs/microsoft.md");
  });

  test("ALLOWED_EMAILS is checked before leaving and again on return", async () => {
    const settings = { ALLOWED_EMAILS: "ann@example.test" };
    const strict = await company.startProduct({ settings });
    const browser = createBrowser();
    const { form } = await openForm(strict, browser);
    const refused = await leave(strict, browser, form, { address: `ben@${companyDomain}` });
    expect([refused.status, refused.headers.get("location")]).toEqual([403, null]);
    const left = await leave(strict, browser, form, { address: `ann@${companyDomain}` });
    const { url } = await browser.follow(left, `${strict.url}/sign-in/`);
    await strict.stop();
    // The operator has taken the address off the list while the person was at the issuer.
    const later = await company.startProduct({
      settings: { ...strict.settings, ALLOWED_EMAILS: "ben@example.test", PORT: new URL(strict.url).port },
    });
    const page = await browser.get(url);
    expect(page.status).toBe(403);
    expect(page.html).toContain("not open to this address");
    await later.stop();
  });
});

describe("Coming back from the issuer", () => {
  test("RFC 6749 section 10.12: without the form's cookie, or with another, the page says so and the token endpoint is not contacted", async () => {
    for (const other of [createBrowser(), createBrowser()]) {
      const { url, browser } = await toReturnUrl();
      await openForm(product, other);
      const before = company.issuer.tokenRequests.length;
      const page = await other.get(url);
      expect(page.status).toBe(403);
      expect(page.html).toContain("Open this in your normal browser");
      expect(company.issuer.tokenRequests.length).toBe(before);
      // Spent at the first arrival, also for the browser that left.
      const late = await browser.get(url);
      expect([late.status, late.html.includes("This sign-in is over")]).toEqual([400, true]);
    }
    const { url, browser } = await toReturnUrl();
    browser.forgetCookies();
    expect((await browser.get(url)).status).toBe(403);
  });

  test("A half-way link does not hand somebody's mailbox to another Claude", async () => {
    const attacker = createBrowser();
    const { form } = await openForm(product, attacker);
    const left = await leave(product, attacker, form, { address: `victim@${companyDomain}`, level: "send" });
    // The victim opens the link to the issuer, with the form's page of this server open, too.
    const victim = createBrowser();
    await openForm(product, victim);
    const page = await victim.follow(left);
    expect(page.status).toBe(403);
    expect(page.html).not.toContain("Connected as");
    const finished = await attacker.post(`${product.url}/oauth/connect`, {
      ...form.fields,
      ...Object.fromEntries([[fieldNames.next, "finish"]]),
    });
    expect(finished.headers.get("location")).toBeNull();
  });

  test("A state that is unknown, spent, or older than ten minutes is refused", async () => {
    const { url, browser } = await toReturnUrl();
    const unknown = await browser.get(url.replace(/state=[0-9a-f]+/, `state=${"0".repeat(64)}`));
    expect(unknown.status).toBe(400);
    expect((await browser.get(url)).html).toContain("Connected as");
    expect((await browser.get(url)).status).toBe(400);
    const slow = await toReturnUrl();
    clock.advance(10 * 60_000);
    const before = company.issuer.tokenRequests.length;
    expect((await slow.browser.get(slow.url)).status).toBe(400);
    expect(company.issuer.tokenRequests.length).toBe(before);
  });

  test("RFC 9207: a response at another issuer's path, or with a forged iss, reaches no token endpoint", async () => {
    const forged = await toReturnUrl();
    const before = company.issuer.tokenRequests.length;
    const page = await forged.browser.get(forged.url.replace(/iss=[^&]+/, "iss=https%3A%2F%2Fevil.example"));
    expect(page.html).toContain("The answer of Example Mail could not be verified.");
    const without = await toReturnUrl();
    expect((await without.browser.get(without.url.replace(/&iss=[^&]+/, ""))).html).toContain(
      "could not be verified",
    );
    const elsewhere = await toReturnUrl();
    const path = elsewhere.url.replace("/sign-in/example", "/sign-in/microsoft");
    expect((await elsewhere.browser.get(path)).status).toBe(404);
    expect(company.issuer.tokenRequests.length).toBe(before);
  });

  test("The person refuses: the form comes back with a sentence, what was typed, and no password", async () => {
    const address = company.newAddress();
    const page = await whilePerson({ refuses: true }, () => signIn(product, { address }));
    expect(page.status).toBe(403);
    expect(page.html).toContain("The permission was not given at Example Mail.");
    expect(page.html).toContain(`value="${address}"`);
    expect(page.html).toContain("Continue with Example Mail");
    // The same form goes on to a success.
    const left = await leave(product, page.browser, readForm(page.html), { address });
    expect((await page.browser.follow(left)).html).toContain("Connected as");
  });

  test("The login is the proof: another account at the issuer does not open the typed address", async () => {
    const account = company.newAddress();
    const page = await whilePerson({ account }, () => signIn(product, { address: company.newAddress() }));
    expect(page.status).toBe(400);
    expect(page.html).toContain("The account you chose at Example Mail does not open this address.");
    expect(page.html).not.toContain(account);
  });

  test("A permission for reading that was left out is asked for again; one for sending connects without sending", async () => {
    const address = company.newAddress();
    const reading = await whilePerson({ unticks: ["mail", "mail.send"] }, () => signIn(product, { address }));
    expect(reading.html).toContain("The permission to read your mail was not given at Example Mail.");
    const sending = await whilePerson({ unticks: ["mail.send"] }, () => signIn(product, { address }));
    expect(sending.html).toContain("Connected as");
    expect(sending.html).toContain("without sending");
    expect(sending.html).toContain("because you did not allow sending");
  });

  test("535 5.7.139: an organization that has switched SMTP off is connected without sending, and the page says so", async () => {
    company.refuseSending = {
      code: 535,
      text: "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
    };
    const page = await signIn(product, { address: company.newAddress() });
    company.refuseSending = undefined;
    expect(page.html).toContain("Connected as");
    expect(page.html).toContain("your organization has switched off sending");
    expect(page.html).not.toContain("SmtpClientAuthentication");
  });

  test("RFC 6749 section 5.2: invalid_client is an error in the log, for an alert, and the page names the operator", async () => {
    company.issuer.answerTokenRequests = { status: 401, body: { error: "invalid_client" } };
    const before = product.logged.length;
    const page = await signIn(product, { address: company.newAddress() });
    company.issuer.answerTokenRequests = undefined;
    expect(page.html).toContain("Example Mail does not accept this server");
    expect(page.html).toContain("Tell the operator of this server.");
    expect(logOf(product.logged.slice(before))).toContainEqual(
      expect.objectContaining({ level: "error", event: "sign_in_client_refused", issuer: "example" }),
    );
  });

  test("The authorization server is down, before leaving or before the code is redeemed, and comes back", async () => {
    const { url, browser, address } = await toReturnUrl();
    await company.issuer.down();
    const redeeming = await browser.get(url);
    expect(redeeming.html).toContain("Example Mail does not answer at the moment. Try again in a minute.");
    const fresh = await company.startProduct();
    const other = createBrowser();
    const { form } = await openForm(fresh, other);
    const leaving = await leave(fresh, other, form, { address });
    expect(await leaving.text()).toContain("Example Mail does not answer at the moment.");
    await company.issuer.up();
    const again = await other.follow(await leave(fresh, other, form, { address }));
    expect(again.html).toContain("Connected as");
    await fresh.stop();
  });
});

describe("What is connected", () => {
  test("A token goes to the issuer's own servers only, whatever servers were typed", async () => {
    const typed = await startTcpListener({ greeting: "* OK IMAP4rev1 ready\r\n" });
    const servers = { imap_host: "localhost", imap_port: String(typed.port), imap_tls: "false" };
    const fields = { provider: "generic", ...servers, smtp_host: "localhost", smtp_port: String(typed.port) };
    const page = await signIn(product, { address: company.newAddress(), fields });
    expect(page.html).toContain("Connected as");
    expect(page.html).toContain("Taking the permission back at Example Mail ends it");
    expect(typed.connections()).toBe(0);
    await typed.stop();
  });

  test("The level and its check mark survive the way to the issuer and back", async () => {
    const sendTo = async (level: string, fields: Record<string, string>) => {
      const tokens = await connectBySignIn(product, { address: company.newAddress(), level, fields });
      const client = await openClient(product, tokens.accessToken);
      const email = { to: [company.newAddress()], subject: "Hello", body: "x" };
      const { data, isError } = await client.try("send_email", email);
      await client.close();
      return isError ? "refused" : "approval" in data ? "waits" : "sent";
    };
    expect(await sendTo("send", { ask_for_new_people: "" })).toBe("sent");
    expect(await sendTo("send", { ask_for_new_people: "on" })).toBe("waits");
    expect(await sendTo("approve", {})).toBe("waits");
    expect(await sendTo("organise", {})).toBe("refused");
  });

  test("A second mailbox asks for the account anew, and both are connected", async () => {
    const [first, second] = [company.newAddress(), company.newAddress()];
    const page = await signIn(product, { address: first });
    const { browser } = page;
    const adding = await browser.post(`${product.url}/oauth/connect`, {
      ...readForm(page.html).fields,
      ...Object.fromEntries([[fieldNames.next, "add"]]),
    });
    const left = await leave(product, browser, readForm(await adding.text()), { address: second });
    const prompt = new URL(left.headers.get("location") ?? "").searchParams.get("prompt") ?? "";
    expect(prompt.split(" ").sort()).toEqual(["consent", "login"]);
    const both = await browser.follow(left);
    expect(both.html).toContain(first);
    expect(both.html).toContain(second);
  });

  test("RFC 7009: revoking the connection revokes the refresh token at the issuer, and does not wait for it", async () => {
    const tokens = await connectBySignIn(product, { address: company.newAddress() });
    const refreshToken = company.issuer.issued.at(-1) ?? "";
    expect(await company.issuer.provider.RefreshToken.find(refreshToken)).toBeDefined();
    const answer = await fetch(`${product.url}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({
        token: tokens.accessToken,
        client_id: product.clientId,
        client_secret: product.clientSecret,
      }),
    });
    expect(await answer.json()).toEqual({ revoked: true });
    await eventually(async () => !(await company.issuer.provider.RefreshToken.find(refreshToken)), {
      what: "the issuer to forget the refresh token",
    });
  });

  test("Removing the mailbox on the page, and Cancel, revoke it there, too", async () => {
    for (const [name, value] of [
      ["remove", undefined],
      [fieldNames.next, "cancel"],
    ] as const) {
      const address = company.newAddress();
      const page = await signIn(product, { address });
      const refreshToken = company.issuer.issued.at(-1) ?? "";
      await page.browser.post(`${product.url}/oauth/connect`, {
        ...readForm(page.html).fields,
        ...Object.fromEntries([[name, value ?? address]]),
      });
      await eventually(async () => !(await company.issuer.provider.RefreshToken.find(refreshToken)));
    }
  });

  test("A revoked connection whose issuer is down is revoked all the same", async () => {
    const tokens = await connectBySignIn(product, { address: company.newAddress() });
    await company.issuer.down();
    const answer = await fetch(`${product.url}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({
        token: tokens.refreshToken,
        client_id: product.clientId,
        client_secret: product.clientSecret,
      }),
    });
    expect(answer.status).toBe(200);
    const refused = await requestToken(product, {
      grant_type: "refresh_token",
      refresh_token: tokens.refreshToken,
      redirect_uri: redirectUri,
    });
    expect(refused.status).toBe(400);
    await company.issuer.up();
  });

  test("Neither the database nor the log has a token of the issuer, a state, a code or the address", async () => {
    const address = company.newAddress();
    const { url, browser } = await toReturnUrl(createBrowser(), address);
    await browser.get(url);
    const tokens = await connectBySignIn(product, { address });
    const client = await openClient(product, tokens.accessToken);
    await client.call("list_mailboxes");
    await client.close();
    const parameters = new URL(url).searchParams;
    const secrets = [
      ...company.issuer.issued,
      parameters.get("code") ?? "",
      parameters.get("state") ?? "",
      address,
    ];
    const files = readdirSync(product.dataDir).map((name) =>
      readFileSync(join(product.dataDir, name)).toString("latin1"),
    );
    const kept = [...files, ...product.logged];
    expect(secrets.length).toBeGreaterThan(10);
    expect(secrets.filter((secret) => kept.some((text) => text.includes(secret)))).toEqual([]);
  });
});

describe("Companies that cannot work", () => {
  test("An issuer that gives no refresh token is refused, with a sentence for the operator", async () => {
    const passing = await startCompany({ refreshTokens: false });
    const own = await passing.startProduct();
    const page = await signIn(own, { address: passing.newAddress() });
    expect(page.html).toContain("gave a permission for a short time only");
    await own.stop();
    await passing.stop();
  });

  test("A mail server that offers neither OAUTHBEARER nor XOAUTH2 is named, and gets no token", async () => {
    const plain = await startCompany({ mechanisms: "plain" });
    const own = await plain.startProduct();
    const page = await signIn(own, { address: plain.newAddress() });
    expect(page.status).toBe(400);
    expect(page.html).toContain("offers neither OAUTHBEARER nor XOAUTH2");
    await own.stop();
    await plain.stop();
  });
});
