/** The connect page in Chromium, with the whole product, Dovecot and a submission server. */
import { expect } from "bun:test";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { createTestClock } from "../support/test-clock.ts";
import { providerServers, withBrowserFlow } from "./browser-flow.ts";
import {
  chooseProvider,
  connect,
  continueToClient,
  toolNames,
  typeMailbox,
  typeServers,
  waitForConnected,
} from "./connect-page.ts";

describeBrowser("The connect page", () => {
  browserTest("A person with the right password returns to the client with a valid code", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withBrowserFlow(async ({ page, product, open, callback, redeem, browserErrors }) => {
      await open();
      expect(await page.innerText("h1")).toMatch(
        /A program on this computer\s+wants access to your mailbox\s+localhost:\d+/,
      );
      await typeMailbox(page, user);
      await typeServers(page, kit);
      await connect(page);
      await waitForConnected(page);
      expect(await page.innerText("main")).toContain(user.address);
      expect(await page.content()).not.toContain(user.password);
      await continueToClient(page);
      await page.getByText("Back at the client.").waitFor();
      expect((await callback()).get("state")).toBe("the-state");
      expect(await toolNames(product, (await redeem()).accessToken)).toContain("send_email");
      expect(browserErrors).toEqual([]);
    });
  });

  browserTest("While the logins run, the page shows the current one", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withBrowserFlow(async ({ page, open }) => {
      await open();
      await page.evaluate(() => {
        const seen: string[] = [];
        Object.assign(globalThis, { seen });
        const record = () => {
          const step = document.querySelector("#progress:not([hidden]) [aria-current=step]")?.textContent;
          if (step && seen.at(-1) !== step) seen.push(step);
        };
        new MutationObserver(record).observe(document.body, {
          subtree: true,
          attributes: true,
          childList: true,
        });
      });
      await typeMailbox(page, user);
      await typeServers(page, kit);
      await connect(page);
      await waitForConnected(page);
      expect(await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)).toEqual([
        "Finding the servers",
        "Signing in to read (IMAP)",
        "Signing in to send (SMTP)",
      ]);
    });
  });

  browserTest("After a wrong password, the page explains the password rules of the provider", async () => {
    const kit = await mailServer();
    const cases = [
      {
        address: "ann@gmail.com",
        imap: "imap.gmail.com",
        smtp: "smtp.gmail.com",
        expected: /16 characters.*2-Step Verification/s,
      },
      {
        address: "ann@icloud.com",
        imap: "imap.mail.me.com",
        smtp: "smtp.mail.me.com",
        expected: /abcd-efgh-ijkl-mnop/,
      },
      {
        address: "ann@fastmail.com",
        imap: "imap.fastmail.com",
        smtp: "smtp.fastmail.com",
        expected: /Fastmail did not accept this\. It takes only an app password/,
      },
      {
        address: "ann@gmx.de",
        imap: "imap.gmx.net",
        smtp: "mail.gmx.net",
        expected: /GMX did not accept this address and password/,
      },
    ];
    const servers = Object.assign(
      {},
      ...(await Promise.all(cases.map((provider) => providerServers(provider)))),
    );
    await withBrowserFlow(
      async ({ page, open }) => {
        await open();
        for (const { address, expected } of cases) {
          await kit.setUser(address);
          await chooseProvider(page, "");
          await page.fill("#address", address);
          await page.fill("#password", "not-the-password");
          await connect(page);
          await page.locator("#password-problem").filter({ hasText: expected }).waitFor();
          expect(await page.inputValue("#address")).toBe(address);
          expect(await page.inputValue("#password")).toBe("");
          expect(await page.getAttribute("#password", "aria-invalid")).toBe("true");
          expect(await page.evaluate(() => document.activeElement?.id)).toBe("password");
          expect(await page.title()).toStartWith("Error: ");
          expect(await page.content()).not.toContain("not-the-password");
        }
      },
      { network: { servers } },
    );
  });

  browserTest(
    "A problem with an entered server is shown at its field: no answer, unknown, not allowed",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withBrowserFlow(
        async ({ page, open }) => {
          await open();
          await typeMailbox(page, user);
          await typeServers(page, kit);
          const problemWith = async (host: string, port: string) => {
            await page.fill("#imap_host", host);
            await page.fill("#imap_port", port);
            await page.fill("#password", user.password);
            await connect(page);
            await page.locator("form:not([data-busy]) #imap_host-problem").waitFor();
            expect(await page.inputValue("#smtp_host")).toBe(kit.smtp.host);
            expect(await page.inputValue("#imap_host")).toBe(host);
            const text = await page.innerText("#imap_host-problem");
            await page.evaluate(() => document.querySelector("#imap_host-problem")?.remove());
            return text;
          };
          expect(await problemWith("localhost", "1")).toMatch(/localhost .*does not answer/);
          expect(await problemWith("no-such-host.example", "993")).toMatch(
            /no server called no-such-host\.example/,
          );
          expect(await problemWith("192.0.2.1", "25")).toMatch(/port 993, 143, 465 or 587/);
          expect(await problemWith("localhost", String(kit.imapStarttls.port))).toMatch(
            /certificate|not as a mail server/,
          );
        },
        { network: {} },
      );
    },
  );

  browserTest("The form works with the keyboard alone, and the password can be shown", async () => {
    const kit = await mailServer();
    const user = await kit.setUser("keys@fastmail.com");
    const servers = await providerServers({ imap: "imap.fastmail.com", smtp: "smtp.fastmail.com" });
    await withBrowserFlow(
      async ({ page, open }) => {
        await open();
        const press = async (...keys: string[]) => {
          for (const key of keys) await page.keyboard.press(key);
        };
        await page.locator("#address:focus").waitFor();
        await page.keyboard.type(user.address);
        await press("Tab");
        await page.locator('[data-help="fastmail"]').waitFor();
        await press("Tab", "Tab");
        await page.keyboard.type(user.password);
        await press("Tab", "Enter");
        expect(await page.getAttribute("#password", "type")).toBe("text");
        expect(await page.getByRole("button", { name: "Hide" }).getAttribute("aria-pressed")).toBe("true");
        await press("Enter", "Tab", "ArrowUp", "Tab", "Enter");
        await waitForConnected(page);
        expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Continue to/);
      },
      { network: { servers } },
    );
  });

  browserTest(
    "A page that was open for too long is answered with the notice that it has expired",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      const clock = createTestClock();
      await withBrowserFlow(
        async ({ page, open }) => {
          await open();
          await typeMailbox(page, user);
          await typeServers(page, kit);
          clock.advance(61 * 60_000);
          await connect(page);
          await page.getByRole("heading", { name: "This page has expired" }).waitFor();
        },
        { product: { clock } },
      );
    },
  );

  browserTest(
    "A connection that is lost while the logins run is reported, and the form can be sent again",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withBrowserFlow(async ({ page, open }) => {
        await open();
        await typeMailbox(page, user);
        await typeServers(page, kit);
        await page.route("**/oauth/connect", (route) => route.abort(), { times: 1 });
        await connect(page);
        await page.getByText("was lost").waitFor();
        expect(await page.evaluate(() => document.activeElement?.id)).toBe("lost");
        await connect(page);
        await waitForConnected(page);
      });
    },
  );

  browserTest(
    "D05: Without a script, Chromium sends our Origin and the browser's cookie with each form; another site is refused",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withBrowserFlow(
        async ({ page, product, open, callback, redeem }) => {
          await open();
          const [cookie] = await page.context().cookies();
          expect(cookie).toMatchObject({ name: "browser", httpOnly: true, sameSite: "Lax" });
          const sealed = await page.inputValue("[name=request]");

          // A page of another site that knows the sealed request. 127.0.0.1 and localhost are two sites.
          const attacker = Bun.serve({
            hostname: "127.0.0.1",
            port: 0,
            fetch: () =>
              new Response(
                `<!doctype html><form method=post action="${product.url}/oauth/connect"><input name=request value="${sealed}"><button>Win</button></form>`,
                { headers: { "Content-Type": "text/html" } },
              ),
          });
          const other = await page.context().newPage();
          await other.goto(`http://127.0.0.1:${attacker.port}/`);
          await other.getByRole("button", { name: "Win" }).click();
          await other.getByRole("heading", { name: "This form was sent from somewhere else" }).waitFor();
          await other.close();
          await attacker.stop(true);

          const posted: Record<string, string>[] = [];
          page.on("request", (request) => {
            if (request.method() === "POST")
              void request.allHeaders().then((headers) => posted.push(headers));
          });
          await typeMailbox(page, user);
          await typeServers(page, kit);
          await connect(page);
          await waitForConnected(page);
          await continueToClient(page);
          await page.getByText("Back at the client.").waitFor();
          await callback();
          expect((await redeem()).scope).toBe("email:read email:write");
          expect(posted).toHaveLength(2);
          for (const headers of posted)
            expect(headers).toMatchObject({
              origin: product.url,
              "sec-fetch-site": "same-origin",
              cookie: expect.stringMatching(new RegExp(`^browser=${cookie?.value}(?:;|$)`)),
            });
        },
        { script: false },
      );
    },
  );

  browserTest("A German browser gets the page in German, with the lang attribute", async () => {
    await withBrowserFlow(
      async ({ page, open }) => {
        await open();
        expect(await page.getAttribute("html", "lang")).toBe("de");
        expect(await page.innerText("h1")).toMatch(
          /Ein Programm auf diesem Computer\s+möchte Zugriff auf Ihr Postfach\s+localhost:\d+/,
        );
      },
      { language: "de-CH" },
    );
  });
});
