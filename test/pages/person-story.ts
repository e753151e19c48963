/**
 * The acts of a person on the connect page, from the link of the client until they are back there, in any browser. Every
 * text that is typed and every press is counted.
 */
import { expect } from "bun:test";
import { mailServer } from "../support/mail-server.ts";
import type { BrowserTab } from "../support/tab.ts";
import { startTcpListener } from "../support/tcp-listener.ts";
import { eventually } from "../support/waiting.ts";
import { providerServers, withClientFlow } from "./browser-flow.ts";
import { toolNames } from "./connect-page.ts";

const icloud = { imap: "imap.mail.me.com", smtp: "smtp.mail.me.com", smtpPort: 587 };

/** A person at a tab. */
function createPerson(tab: BrowserTab) {
  const done = { fields: 0, presses: 0 };
  const text = () => tab.evaluate<string>("document.querySelector('main, body').innerText");
  return {
    done,
    text,
    /** Waits until the page says something. */
    sees: (words: string | RegExp) =>
      eventually(
        async () => (typeof words === "string" ? (await text()).includes(words) : words.test(await text())),
        {
          withinMs: 15_000,
          what: String(words),
        },
      ),
    heading: () => tab.evaluate<string>("document.querySelector('h1').innerText"),
    value: (id: string) => tab.evaluate<string>(`document.getElementById("${id}").value`),
    focused: () => tab.evaluate<string>("document.activeElement.id"),
    async fills(id: string, value: string) {
      done.fields += 1;
      if ((await tab.evaluate<string>("document.activeElement.id")) !== id)
        await tab.press(`document.getElementById("${id}")`);
      await tab.type(value);
    },
    async presses(name: string) {
      done.presses += 1;
      const find = `[...document.querySelectorAll("button, a, summary")].find((each) => (each.getAttribute("aria-label") ?? each.textContent).trim().startsWith(${JSON.stringify(name)}) && each.checkVisibility())`;
      await tab.press(find);
    },
    /** Fields that are shown and that a person could fill in, without the choice of the level. */
    shownFields: () =>
      tab.evaluate<string[]>(
        `[...document.querySelectorAll("input, select, textarea")].filter((each) => each.type !== "radio" && each.type !== "checkbox" && each.checkVisibility()).map(({ id }) => id)`,
      ),
  };
}

/** An app password of a known provider: at most three fields and two presses; afterwards going back changes nothing. */
export async function tellShortestStory(tab: BrowserTab): Promise<void> {
  const kit = await mailServer();
  const user = await kit.setUser(`short-${crypto.randomUUID().slice(0, 8)}@icloud.com`);
  const network = { servers: await providerServers(icloud) };
  await withClientFlow(
    async ({ product, url, callback, redeem }) => {
      const person = createPerson(tab);
      await tab.goto(url);
      expect(await person.heading()).toMatch(
        /^A program on this computer\s+wants access to your mailbox\s+localhost:\d+$/,
      );
      expect(await person.shownFields()).toEqual(["address", "password"]);
      await person.fills("address", user.address);
      await person.sees("Found: iCloud Mail");
      expect((await person.text()).split("iCloud").length - 1).toBe(1);
      await person.fills("password", user.password);
      await person.presses("Connect");
      await person.sees("What to do next");
      await person.presses("Continue to the program");
      await person.sees("Back at the client.");
      expect((await callback()).get("state")).toBe("the-state");
      expect(await toolNames(product, (await redeem()).accessToken)).toContain("get_email");
      expect(person.done.fields).toBeLessThanOrEqual(3);
      expect(person.done.presses).toBeLessThanOrEqual(2);

      await tab.back();
      await person.sees("You are already connected");
    },
    { network },
  );
}

/** A wrong password, a second mailbox that is not wanted, and the way on without it. */
export async function tellSecondMailboxStory(tab: BrowserTab): Promise<void> {
  const kit = await mailServer();
  const user = await kit.setUser(`second-${crypto.randomUUID().slice(0, 8)}@icloud.com`);
  const network = { servers: await providerServers(icloud) };
  await withClientFlow(
    async ({ url, callback }) => {
      const person = createPerson(tab);
      await tab.goto(url);
      await person.fills("address", user.address);
      await person.fills("password", "not-the-password");
      await person.presses("Connect");
      await person.sees("Apple did not accept this.");
      expect(await person.focused()).toBe("password");
      expect([await person.value("address"), await person.value("password")]).toEqual([user.address, ""]);
      await person.fills("password", user.password);
      await person.presses("Connect");
      await person.sees("What to do next");
      await person.presses("Add another mailbox");
      await person.sees("Already connected:");
      await person.fills("address", "half-typed");
      await person.presses("Go on to the program without it");
      await person.sees("Back at the client.");
      expect((await callback()).get("code")).toMatch(/^[0-9a-f]{48}$/);
    },
    { network },
  );
}

/** Cancel works while a mail server that never answers keeps the login waiting; the password is not sent with it. */
export async function tellCancelWhileConnectingStory(tab: BrowserTab): Promise<void> {
  const silent = await startTcpListener();
  try {
    await withClientFlow(async ({ url, callback }) => {
      const person = createPerson(tab);
      await tab.goto(url);
      await person.fills("address", "ann@example.org");
      await person.fills("password", "some-password");
      await tab.evaluate(`(() => {
        document.getElementById("provider").value = "generic";
        document.getElementById("provider").dispatchEvent(new Event("change"));
        document.getElementById("imap_host").value = "127.0.0.1:${silent.port}";
        return null;
      })()`);
      await person.presses("Connect");
      await person.sees("Signing in to read (IMAP)");
      await eventually(() => silent.connections() > 0, { what: "the login" });
      await person.presses("Cancel");
      await person.sees("Back at the client.");
      expect((await callback()).get("error")).toBe("access_denied");
    });
  } finally {
    await silent.stop();
  }
}

/** Cancel tells the client; going back keeps what was typed, but the password. */
export async function tellCancelStory(tab: BrowserTab): Promise<void> {
  await withClientFlow(
    async ({ product, url, callback }) => {
      const person = createPerson(tab);
      await tab.goto(url);
      await person.fills("address", "ann@icloud.com");
      await person.fills("password", "never-kept");
      await tab.press(`document.querySelector("input[type=radio][value=read]")`);
      await person.presses("Cancel");
      await person.sees("Back at the client.");
      expect(Object.fromEntries(await callback())).toEqual({
        error: "access_denied",
        error_description: expect.any(String),
        state: "the-state",
        iss: product.url,
      });
      await tab.back();
      await person.sees("Found: iCloud Mail");
      expect([await person.value("address"), await person.value("password")]).toEqual(["ann@icloud.com", ""]);
      expect(await tab.evaluate<boolean>(`document.querySelector("input[value=read]").checked`)).toBe(true);
      expect(await tab.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain("never-kept");
    },
    { network: {} },
  );
}
