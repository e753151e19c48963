/** Parallel calls, overloaded mail servers and changed passwords: SECURITY.md, I04, I05, I12. */
import { expect, test } from "bun:test";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { startHostileImap } from "../support/hostile-imap.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { connectPerson, wideRates } from "../support/person.ts";
import { withProduct } from "../support/product.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { createTestClock } from "../support/test-clock.ts";

describeMail("Twenty parallel calls", () => {
  test("I12: are all answered correctly, over at most two new connections", async () => {
    const kit = await mailServer();
    const proxy = await startFaultProxy(kit.imap.port);
    await withProduct({}, async (product) => {
      const user = await kit.newUser();
      const raw = (name: string) => `From: a@example.test\r\nSubject: in ${name}\r\n\r\nx\r\n`;
      const mailboxes = ["INBOX", "Archive", "Sent", "Drafts"];
      await kit.deliverAll(
        user,
        mailboxes.map((mailbox) => ({ raw: raw(mailbox), mailbox })),
      );
      const { client } = await connectPerson(product, {
        user,
        servers: { imap: proxy.through(kit.imap), smtp: kit.smtp },
      });
      const before = proxy.connections();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const mailbox = mailboxes[index % mailboxes.length] ?? "INBOX";
          return client
            .try("get_recent_emails", { mailbox })
            .then(({ text }) => text.includes(`in ${mailbox}`));
        }),
      );
      expect(answers).toEqual(Array(20).fill(true));
      expect(proxy.connections() - before).toBeWithin(1, 3);
      await client.close();
    });
    await proxy.stop();
  });
});

describeMail("An overloaded mail server", () => {
  test("I04: whose connection limit is reached is reported as busy, not as a wrong password, after at most two logins", async () => {
    const own = await mailServer({ connectionsPerUser: 1 });
    const proxy = await startFaultProxy(own.imap.port);
    const clock = createTestClock();
    await withProduct({ clock }, async (product) => {
      const user = await own.newUser();
      const { client } = await connectPerson(product, {
        user,
        servers: { imap: proxy.through(own.imap), smtp: own.smtp },
      });
      await own.withImap(user, async () => {
        const before = proxy.connections();
        const answer = await client.try("list_mailboxes");
        expect(answer.text).toContain("(mail_server_busy)");
        expect(answer.text).not.toMatch(/password|reconnect/i);
        expect(proxy.connections() - before).toBeWithin(1, 3);
      });
      clock.advance(61_000);
      expect((await client.try("list_mailboxes")).text).toContain("INBOX");
      await client.close();
    });
    await proxy.stop();
  });

  test.each([
    ["unavailable", "TAG NO [UNAVAILABLE] later\r\n", "mail_server_busy"],
    ["a limit", "TAG NO [LIMIT] too many connections\r\n", "mail_server_busy"],
    ["BYE", "* BYE too many connections\r\n", "mail_server_busy"],
    ["an alert", "TAG NO [ALERT] Too many simultaneous connections\r\n", "mail_server_busy"],
  ])(
    "I04: that answers the login with %s is tried at most twice, and again a minute later",
    async (_, say, code) => {
      const [hostile, smtp] = [await startHostileImap(), await startScriptedSmtp()];
      const clock = createTestClock();
      await withProduct({ clock }, async (product) => {
        const user = { address: "ann@example.test", password: "any" };
        const { client } = await connectPerson(product, {
          user,
          servers: { imap: hostile.server, smtp: smtp.server },
        });
        hostile.become({ LOGIN: { say } });
        const before = hostile.connections();
        for (let call = 0; call < 3; call++)
          expect((await client.try("list_mailboxes")).text).toContain(`(${code})`);
        expect(hostile.connections() - before).toBeWithin(1, 3);
        hostile.become({});
        clock.advance(61_000);
        expect((await client.try("list_mailboxes")).text).toContain("INBOX");
        await client.close();
      });
      await Promise.all([hostile.stop(), smtp.stop()]);
    },
  );
});

describeMail("A changed password", () => {
  test("I05: is answered with the advice to reconnect, causes one login per minute, and does not affect other people", async () => {
    const kit = await mailServer();
    const proxy = await startFaultProxy(kit.imap.port);
    const clock = createTestClock();
    await withProduct({ clock, rates: wideRates }, async (product) => {
      const servers = { imap: proxy.through(kit.imap), smtp: kit.smtp };
      const ann = await connectPerson(product, { user: await kit.newUser(), servers });
      await ann.client.call("list_mailboxes");
      await kit.changePassword(ann.user);
      proxy.drop();
      const before = proxy.connections();
      for (let call = 0; call < 5; call++) {
        const answer = await ann.client.try("list_mailboxes");
        expect(answer.text).toContain("(login_refused)");
        expect(answer.text).toMatch(/connect the mailbox again/i);
      }
      expect(proxy.connections() - before).toBe(1);
      clock.advance(61_000);
      await ann.client.try("list_mailboxes");
      await ann.client.try("list_mailboxes");
      expect(proxy.connections() - before).toBe(2);
      const ben = await connectPerson(product, { user: await kit.newUser(), servers });
      expect((await ben.client.try("list_mailboxes")).isError).toBe(false);
      await Promise.all([ann.client.close(), ben.client.close()]);
    });
    await proxy.stop();
  });
});
