/** A person at the connect page: Chromium in front of the whole product, real Dovecot and submission server behind. */
import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { browserTest, describeBrowser } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { createTestClock } from "../support/test-clock.ts";
import { companyServers, withVisit } from "./visitor.ts";

/** Types servers by hand, as a person with a mail server of their own does. */
async function typeServers(page: Page, kit: Pick<MailServerKit, "imap" | "smtp">): Promise<void> {
  await page.selectOption("#provider", "generic");
  for (const side of ["imap", "smtp"] as const) {
    await page.fill(`#${side}_host`, kit[side].host);
    await page.fill(`#${side}_port`, String(kit[side].port));
    await page.selectOption(`#${side}_security`, String(kit[side].security === "tls"));
  }
}

async function typeMailbox(page: Page, user: User): Promise<void> {
  await page.fill("#address", user.address);
  await page.fill("#password", user.password);
}

const connect = (page: Page) => page.getByRole("button", { name: "Connect", exact: true }).click();
const goOn = (page: Page) => page.getByRole("button", { name: /^Go on to/ }).click();
const waitForConnected = (page: Page) => page.getByRole("heading", { name: "Connected as" }).waitFor();
const toolNames = async (product: { url: string }, token: string) => {
  const claude = await openClient(product, token);
  const { tools } = await claude.client.listTools();
  await claude.close();
  return tools.map(({ name }) => name);
};

describeBrowser("The connect page", () => {
  browserTest(
    "A person with the right password arrives back at the client with a code that works",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withVisit(async ({ page, product, open, arrived, redeem, complaints }) => {
        await open();
        expect(await page.innerText("h1")).toMatch(/You are giving\s+localhost:\d+\s+access to your mailbox/);
        await typeServers(page, kit);
        await typeMailbox(page, user);
        await connect(page);
        await waitForConnected(page);
        expect(await page.innerText("main")).toContain(user.address);
        expect(await page.content()).not.toContain(user.password);
        await goOn(page);
        await page.getByText("Back at the client.").waitFor();
        expect((await arrived()).get("state")).toBe("the-state");
        expect(await toolNames(product, (await redeem()).accessToken)).toContain("send_email");
        expect(complaints).toEqual([]);
      });
    },
  );

  browserTest("While the logins run the page says which of the two it is at", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withVisit(async ({ page, open }) => {
      await open();
      await page.evaluate(() => {
        const seen: string[] = [];
        Object.assign(globalThis, { seen });
        const note = () => {
          const step = document.querySelector("#progress:not([hidden]) [aria-current=step]")?.textContent;
          if (step && seen.at(-1) !== step) seen.push(step);
        };
        new MutationObserver(note).observe(document.body, {
          subtree: true,
          attributes: true,
          childList: true,
        });
      });
      await typeServers(page, kit);
      await typeMailbox(page, user);
      await connect(page);
      await waitForConnected(page);
      expect(await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)).toEqual([
        "Finding the servers",
        "Signing in to read (IMAP)",
        "Signing in to send (SMTP)",
      ]);
    });
  });

  browserTest("After a wrong password each kind of company is told its own way to mend it", async () => {
    const kit = await mailServer();
    const cases = [
      {
        address: "ann@gmail.com",
        imap: "imap.gmail.com",
        smtp: "smtp.gmail.com",
        says: /16 letters.*2-Step Verification/s,
      },
      {
        address: "ann@icloud.com",
        imap: "imap.mail.me.com",
        smtp: "smtp.mail.me.com",
        says: /abcd-efgh-ijkl-mnop/,
      },
      {
        address: "ann@fastmail.com",
        imap: "imap.fastmail.com",
        smtp: "smtp.fastmail.com",
        says: /Fastmail did not accept this\. It takes only an app password/,
      },
      {
        address: "ann@gmx.de",
        imap: "imap.gmx.net",
        smtp: "mail.gmx.net",
        says: /GMX did not accept this address and password/,
      },
    ];
    const servers = Object.assign(
      {},
      ...(await Promise.all(cases.map((company) => companyServers(company)))),
    );
    await withVisit(
      async ({ page, open }) => {
        await open();
        for (const { address, says } of cases) {
          await kit.setUser(address);
          await page.selectOption("#provider", "");
          await page.fill("#address", address);
          await page.fill("#password", "not-the-password");
          await connect(page);
          await page.locator("#password-problem").filter({ hasText: says }).waitFor();
          expect(await page.inputValue("#address")).toBe(address);
          expect(await page.inputValue("#password")).toBe("");
          expect(await page.getAttribute("#password", "aria-invalid")).toBe("true");
          expect(await page.evaluate(() => document.activeElement?.id)).toBe("password");
          expect(await page.title()).toStartWith("Error: ");
          expect(await page.content()).not.toContain("not-the-password");
        }
      },
      { world: { servers } },
    );
  });

  browserTest(
    "Typed servers that do not answer, are unknown or not allowed are named at their field",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withVisit(
        async ({ page, open }) => {
          await open();
          await typeServers(page, kit);
          await typeMailbox(page, user);
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
          expect(await problemWith("no-such-host.example", "25")).toMatch(/port 993, 143, 465 or 587/);
          expect(await problemWith("localhost", String(kit.imapStarttls.port))).toMatch(
            /certificate|not as a mail server/,
          );
        },
        { world: {} },
      );
    },
  );

  browserTest("The provider follows from the address while it is typed, by domain, MX and SRV", async () => {
    const world = {
      mx: { "byexchange.example": ["aspmx.l.google.com"] },
      srv: {
        "_imaps._tcp.byservice.example": [{ host: "mail.byservice.example", port: 993 }],
        "_submission._tcp.byservice.example": [{ host: "out.byservice.example", port: 587 }],
      },
    };
    await withVisit(
      async ({ page, open, complaints }) => {
        await open();
        const type = async (address: string, says: RegExp) => {
          await page.fill("#address", address);
          await page.locator("#found").filter({ hasText: says }).waitFor();
          return page.inputValue("#provider");
        };
        expect(await type("ann@icloud.com", /Found: iCloud Mail/)).toBe("icloud");
        expect(await page.locator('[data-help="icloud"]').isVisible()).toBe(true);
        expect(await page.locator("#imap_host").isVisible()).toBe(false);

        expect(await type("ann@byexchange.example", /kept by Gmail/)).toBe("gmail");
        expect(await page.locator('[data-help="gmail"]').innerText()).toContain("2-Step Verification");

        expect(await type("ann@byservice.example", /names these mail servers/)).toBe("generic");
        expect(await page.inputValue("#imap_host")).toBe("mail.byservice.example");
        expect(await page.inputValue("#smtp_port")).toBe("587");
        expect(await page.inputValue("#smtp_security")).toBe("false");

        expect(await type("ann@nowhere.example", /usual names/)).toBe("generic");
        expect(await page.inputValue("#imap_host")).toBe("imap.nowhere.example");

        await page.selectOption("#provider", "fastmail");
        await page.fill("#address", "ann@gmail.com");
        await page.locator("#password").focus();
        expect(await page.inputValue("#provider")).toBe("fastmail");
        expect(complaints).toEqual([]);
      },
      { world },
    );
  });

  browserTest("Where a company takes no passwords any more the page says so, and asks for none", async () => {
    await withVisit(
      async ({ page, open }) => {
        await open();
        await page.fill("#address", "ann@outlook.com");
        await page.locator('[data-help="outlook"]').waitFor();
        expect(await page.innerText('[data-help="outlook"]')).toMatch(/September 2024.*forward/s);
        expect(await page.locator("#password").isVisible()).toBe(false);
        expect(await page.getByRole("button", { name: "Connect", exact: true }).isVisible()).toBe(false);
      },
      { world: {} },
    );
  });

  browserTest("An SMTP server that refuses does not stand in the way of reading", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await withVisit(async ({ page, product, open, redeem }) => {
      await open();
      await typeServers(page, { ...kit, smtp: { host: "localhost", port: 1, security: "tls" } });
      await typeMailbox(page, user);
      await connect(page);
      await page.locator("#smtp_host-problem").waitFor();
      expect(await page.innerText("#smtp_host-problem")).toMatch(/does not answer/);
      expect(await page.inputValue("#password")).toBe(user.password);
      await page.getByRole("button", { name: "Go on without sending" }).click();
      await waitForConnected(page);
      expect(await page.innerText("main")).toContain("without sending");
      await goOn(page);
      const { accessToken } = await redeem();
      const names = await toolNames(product, accessToken);
      expect(names).toContain("draft_email");
      expect(names).not.toContain("send_email");
    });
  });

  browserTest("A second mailbox joins the same connection", async () => {
    const kit = await mailServer();
    const [ann, office] = [await kit.newUser(), await kit.newUser()];
    await withVisit(async ({ page, product, open, redeem }) => {
      await open();
      await typeServers(page, kit);
      await typeMailbox(page, ann);
      await connect(page);
      await page.getByRole("button", { name: "Add another mailbox" }).click();
      await page.getByRole("heading", { name: /^Add another mailbox for/ }).waitFor();
      expect(await page.innerText("main")).toContain(ann.address);
      expect(await page.locator('[name="level"][type="radio"]').count()).toBe(0);
      await typeServers(page, kit);
      await typeMailbox(page, office);
      await connect(page);
      await waitForConnected(page);
      expect(await page.innerText(".accounts")).toMatch(new RegExp(`${ann.address}\\s+${office.address}`));
      await goOn(page);
      const claude = await openClient(product, (await redeem()).accessToken);
      const { text } = await claude.call("list_mailboxes");
      expect(text).toContain(ann.address);
      expect(text).toContain(office.address);
      await claude.close();
    });
  });

  browserTest(
    "Who lets Claude only read is asked for no SMTP server, and Claude sees no tool that writes",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      const logins = kit.submission.logins();
      await withVisit(async ({ page, product, open, redeem }) => {
        await open();
        await typeServers(page, kit);
        await typeMailbox(page, user);
        await page.getByRole("radio", { name: /^Read Search/ }).check();
        await connect(page);
        await waitForConnected(page);
        await goOn(page);
        const names = await toolNames(product, (await redeem()).accessToken);
        expect(names).toContain("get_email");
        for (const name of ["mark_as_read", "move_email", "draft_email", "send_email"])
          expect(names).not.toContain(name);
        expect(kit.submission.logins()).toBe(logins);
      });
    },
  );

  browserTest(
    "Without script a domain that names nothing is answered with the usual servers to correct",
    async () => {
      await withVisit(
        async ({ page, open }) => {
          await open();
          await page.fill("#address", "ann@nowhere.example");
          await page.keyboard.press("Enter");
          await page.getByText("These are the usual names").waitFor();
          expect(await page.inputValue("#imap_host")).toBe("imap.nowhere.example");
          expect(await page.inputValue("#smtp_host")).toBe("smtp.nowhere.example");
        },
        { world: {}, script: false },
      );
    },
  );

  browserTest(
    "Without script an address alone is answered with its company, and the rest goes the same way",
    async () => {
      const kit = await mailServer();
      const user = await kit.setUser("script-off@gmail.com");
      const servers = await companyServers({ imap: "imap.gmail.com", smtp: "smtp.gmail.com" });
      await withVisit(
        async ({ page, open, arrived }) => {
          await open();
          expect(await page.locator("#show-password").isVisible()).toBe(false);
          await page.fill("#address", user.address);
          await page.keyboard.press("Enter");
          await page.locator('[data-help="gmail"]').waitFor();
          expect(await page.inputValue("#provider")).toBe("gmail");
          expect(await page.inputValue("#address")).toBe(user.address);
          // As Google shows it: groups with spaces between them.
          await page.fill("#password", user.password.replace(/(.{4})/g, "$1 "));
          await page.keyboard.press("Enter");
          await waitForConnected(page);
          await goOn(page);
          await page.getByText("Back at the client.").waitFor();
          expect((await arrived()).get("code")).toMatch(/^[0-9a-f]{48}$/);
        },
        { world: { servers }, script: false },
      );
    },
  );

  browserTest("Servers of another domain are shown before they are given the password", async () => {
    const kit = await mailServer();
    const user = await kit.setUser("ann@own-domain.example");
    const srv = {
      "_imaps._tcp.own-domain.example": [{ host: "mail.elsewhere.example", port: 993 }],
      "_submissions._tcp.own-domain.example": [{ host: "mail.elsewhere.example", port: 465 }],
    };
    const servers = await companyServers({ imap: "mail.elsewhere.example", smtp: "mail.elsewhere.example" });
    await withVisit(
      async ({ page, open }) => {
        await open();
        await typeMailbox(page, user);
        await connect(page);
        await page.locator("#imap_host-problem").filter({ hasText: "another domain" }).waitFor();
        expect(await page.inputValue("#imap_host")).toBe("mail.elsewhere.example");
        expect(await page.inputValue("#provider")).toBe("generic");
        await page.fill("#password", user.password);
        await connect(page);
        await waitForConnected(page);
      },
      { world: { srv, servers }, script: false },
    );
  });

  browserTest("The keyboard alone is enough, and the password can be looked at", async () => {
    const kit = await mailServer();
    const user = await kit.setUser("keys@fastmail.com");
    const servers = await companyServers({ imap: "imap.fastmail.com", smtp: "smtp.fastmail.com" });
    await withVisit(
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
        expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Go on to/);
      },
      { world: { servers } },
    );
  });

  browserTest("A page that lay open for too long says so when it is sent", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const clock = createTestClock();
    await withVisit(
      async ({ page, open }) => {
        await open();
        await typeServers(page, kit);
        await typeMailbox(page, user);
        clock.advance(11 * 60_000);
        await connect(page);
        await page.getByRole("heading", { name: "This page has expired" }).waitFor();
      },
      { product: { clock } },
    );
  });

  browserTest(
    "A connection that breaks off while the logins run is said, and the form can be sent again",
    async () => {
      const kit = await mailServer();
      const user = await kit.newUser();
      await withVisit(async ({ page, open }) => {
        await open();
        await typeServers(page, kit);
        await typeMailbox(page, user);
        await page.route("**/oauth/connect", (route) => route.abort(), { times: 1 });
        await connect(page);
        await page.getByText("broke off").waitFor();
        expect(await page.evaluate(() => document.activeElement?.id)).toBe("lost");
        await connect(page);
        await waitForConnected(page);
      });
    },
  );

  browserTest("The page speaks German to a German browser, and marks its language", async () => {
    await withVisit(
      async ({ page, open }) => {
        await open();
        expect(await page.getAttribute("html", "lang")).toBe("de");
        expect(await page.innerText("h1")).toMatch(/Sie geben\s+localhost:\d+\s+Zugriff auf Ihr Postfach/);
      },
      { language: "de-CH" },
    );
  });
});
