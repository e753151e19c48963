/** Passkeys in Chromium with its virtual authenticator: from the connect page to the email that leaves. */
import { expect } from "bun:test";
import axe from "axe-core";
import type { CDPSession, Page } from "playwright-core";
import { withBrowserFlow } from "../pages/browser-flow.ts";
import { findViolations } from "../pages/inspect-states.ts";
import { createAuthenticator } from "../support/authenticator.ts";
import { startBinary } from "../support/binary.ts";
import { withPage } from "../support/browser.ts";
import { browserTest, describeBrowser, mailTest } from "../support/installed.ts";
import { mailServer, type User } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { wideRates } from "../support/person.ts";
import { approvalOf, connectInBrowser } from "../support/person-browser.ts";
import { freePort } from "../support/ports.ts";
import type { TestProduct } from "../support/product.ts";

/** An authenticator of the platform that presses and verifies by itself. */
async function addAuthenticator(page: Page): Promise<{ session: CDPSession; authenticatorId: string }> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { session, authenticatorId };
}

const connectForm = async (page: Page, user: User) => {
  const { imap, smtp } = await mailServer();
  await page.fill("#address", user.address);
  await page.selectOption("#provider", "generic");
  for (const [side, server] of Object.entries({ imap, smtp })) {
    await page.fill(`#${side}_host`, server.host);
    await page.fill(`#${side}_port`, String(server.port));
    await page.selectOption(`#${side}_security`, String(server.security === "tls"));
  }
  await page.fill("#password", user.password);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText("What to do next").waitFor();
};

const sentBy = async ({ address }: User) => {
  const { submission } = await mailServer();
  return submission.submitted.filter(({ username }) => username === address);
};

/** The client's call of send_email, whose approval waits. */
async function askToSend(product: TestProduct, accessToken: string, { address }: User, body: string) {
  const client = await openClient(product, accessToken);
  return approvalOf(await client.call("send_email", { to: [address], subject: "Plan", body })).url;
}

describeBrowser("A passkey in Chromium", () => {
  browserTest(
    "is added on the page after the login and asked for each time; it sends the shown email, opens /connection, and is removed",
    async () => {
      const user = await (await mailServer()).newUser();
      await withBrowserFlow(
        async ({ page, open, product, callback, redeem, browserErrors }) => {
          const { session, authenticatorId } = await addAuthenticator(page);
          await open();
          await connectForm(page, user);
          // The page after the login replaced the form: the script of the form works on it.
          await page.getByText("Approve with a passkey").click();
          await page.getByLabel("Ask for it each time").check();
          await page.getByRole("button", { name: "Add a passkey" }).click();
          await page.getByText("The passkey was added.").waitFor();
          await page.getByText("1 passkey is registered.").click();
          // The authenticator holds one for this connection already, and the person is told.
          await page.getByRole("button", { name: "Add a passkey" }).click();
          await page.getByText("This device has a passkey for this connection already.").waitFor();
          await page.getByRole("button", { name: /^Continue to/ }).click();
          await callback();
          const { accessToken } = await redeem();

          const url = await askToSend(product, accessToken, user, "By passkey.");
          await page.goto(url);
          await page.getByText("By passkey.").waitFor();
          // Somebody else at the keyboard: present, and not verified.
          await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
          await page.getByRole("button", { name: "Send", exact: true }).click();
          await page.getByText("The passkey was not used.").waitFor();
          expect(await sentBy(user)).toEqual([]);
          await page.evaluate(axe.source);
          expect(await findViolations(page, undefined)).toEqual([]);
          await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
          await page.getByRole("button", { name: "Send", exact: true }).click();
          await page.getByRole("heading", { name: "Done" }).waitFor();
          expect(await sentBy(user)).toHaveLength(1);

          // The person's page: the passkey proves each change.
          await page.goto(`${product.url}/connection`);
          await page.getByRole("main").getByRole("link").first().click();
          await page.getByText("Allow more", { exact: true }).click();
          await page.getByRole("button", { name: "Use your passkey" }).click();
          await page.getByRole("button", { name: "Remove: Passkey 1" }).click();
          await page.getByText("It takes effect at once").waitFor();
          expect(await page.getByText("Passkey 1").count()).toBe(0);
          // Scripts of ours hit nothing that the Content-Security-Policy forbids; axe is not ours.
          expect(browserErrors.filter((line) => !line.includes("axe"))).toEqual([]);
        },
        { product: { rates: wideRates } },
      );
    },
    120_000,
  );

  browserTest(
    "without a script the page says what is missing, and no button decides",
    async () => {
      const user = await (await mailServer()).newUser();
      await withBrowserFlow(
        async ({ page, open, product, callback, redeem }) => {
          await addAuthenticator(page);
          await open();
          await connectForm(page, user);
          await page.getByText("Approve with a passkey").click();
          await page.getByLabel("Ask for it each time").check();
          await page.getByRole("button", { name: "Add a passkey" }).click();
          await page.getByText("The passkey was added.").waitFor();
          await page.getByRole("button", { name: /^Continue to/ }).click();
          await callback();
          const { accessToken } = await redeem();
          const url = await askToSend(product, accessToken, user, "Without a script.");
          const storageState = await page.context().storageState();
          await withPage(
            async (plain) => {
              await plain.goto(url);
              await plain.getByText("Without a script.").waitFor();
              expect(await plain.getByText("needs a browser with scripts").isVisible()).toBe(true);
              await plain.getByRole("button", { name: "Send", exact: true }).click();
              await plain.getByText("This needs your passkey").waitFor();
            },
            { javaScriptEnabled: false, storageState },
          );
          expect(await sentBy(user)).toEqual([]);
          // A page that is opened without a script offers no passkey.
          await withPage(
            async (plain) => {
              await plain.goto(`${product.url}/connection`);
              await plain.getByRole("main").getByRole("link").first().click();
              expect(await plain.getByRole("button", { name: "Add a passkey" }).isVisible()).toBe(false);
            },
            { javaScriptEnabled: false, storageState },
          );
        },
        { product: { rates: wideRates } },
      );
    },
    120_000,
  );
});

mailTest(
  "the executable registers a passkey and decides by it",
  async () => {
    const publicUrl = "https://mail.example";
    const settings = { PORT: String(await freePort()), PUBLIC_URL: publicUrl };
    const started = await startBinary(settings);
    const product = Object.assign(started, { url: `http://localhost:${settings.PORT}`, publicUrl });
    try {
      const person = await connectInBrowser(product);
      const { browser, client, user } = person;
      const [name = ""] = [...browser.cookies.keys()].filter((each) => each.includes("connection-grt_"));
      const path = `/connection/${name.slice(name.indexOf("grt_"))}`;
      const { proof = "" } = (await browser.post(`${path}/prove`, { password: user.password })).fields;
      const ask = async (url: string, fields: Record<string, string>) =>
        JSON.parse((await browser.post(`${url}/passkey`, fields)).html);
      const authenticator = createAuthenticator(publicUrl);
      const { create } = await ask(path, { action: "add_passkey" });
      await browser.post(path, { action: "add_passkey", proof, passkey: authenticator.create(create) });
      await browser.post(path, { action: "each_time", each_time: "on" });
      const { url } = approvalOf(await client.call("send_email", { to: [user.address], body: "Built." }));
      expect((await browser.post(url, { decision: "send" })).status).toBe(403);
      const { get } = await ask(url, { decision: "send" });
      const decided = await browser.post(url, { decision: "send", passkey: authenticator.get(get) });
      expect(decided.state).toBe("done");
      expect(await sentBy(user)).toHaveLength(1);
    } finally {
      await started.stop();
    }
  },
  180_000,
);
