/** No secret, address or mail content reaches a log or a file: SECURITY.md, R08. */
import { expect, test } from "bun:test";
import { beginAuthorization, formFields, requestToken, submitForm } from "../support/authorize.ts";
import { canaryWord, countRecorded, findCanaries, findCanariesIn } from "../support/canaries.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { connectPersonByForm } from "../support/person.ts";
import { withProduct } from "../support/product.ts";

describeMail("Canaries", () => {
  test("R08: are in no log at level debug and in no file, after typical work and typical errors", async () => {
    const kit = await mailServer();
    await withProduct({ settings: { LOG_LEVEL: "debug" } }, async (product) => {
      const [ann, ben] = [await kit.newUser(), await kit.newUser()];
      const subject = `${canaryWord} subject`;
      await kit.deliver(
        ann,
        `From: "${canaryWord} sender" <${ben.address}>\r\nTo: ${ann.address}\r\nSubject: ${subject}\r\nContent-Type: text/html\r\n\r\n<p>${canaryWord} body</p>`,
      );
      // Typical errors: a wrong password, an unknown host, a forged form, an invalid code, an invalid token.
      const begun = await beginAuthorization(product, { state: `${canaryWord}-state` });
      await submitForm(product, begun, formFields({ ...ann, password: `${canaryWord}-wrong` }, kit));
      const elsewhere = { host: `${canaryWord}.example.test`, port: 993, security: "tls" } as const;
      await submitForm(product, begun, formFields(ann, { imap: elsewhere, smtp: kit.smtp }));
      await submitForm(
        product,
        { ...begun, fields: { ...begun.fields, request: canaryWord } },
        formFields(ann, kit),
      );
      await requestToken(product, {
        grant_type: "authorization_code",
        code: canaryWord,
        code_verifier: canaryWord,
      });
      await fetch(`${product.url}/mcp`, {
        method: "POST",
        headers: { Authorization: `Bearer ${canaryWord}` },
      });
      await fetch(`${product.url}/${canaryWord}?password=${ann.password}`);
      await fetch(`${product.url}/oauth/connect?password=${ann.password}`);

      const { client, tokens } = await connectPersonByForm(product, { user: ann });
      const { data } = await client.call("get_recent_emails", {});
      const id = (data.emails as { id: string }[])[0]?.id ?? "";
      expect((await client.call("get_email", { id })).text).toContain(canaryWord);
      await client.call("search_emails", { query: `subject:${canaryWord}` });
      await client.try("search_emails", { query: `nonsense:${canaryWord}` });
      await client.try("get_recent_emails", { mailbox: canaryWord });
      await client.try("get_email", { id: `${canaryWord}-id` });
      await client.try(`${canaryWord}_tool`).catch(() => undefined);
      const email = { to: [ben.address], subject, body: `${canaryWord} text` };
      await client.call("create_mailbox", { path: `${canaryWord} box` });
      await client.call("get_recent_emails", { mailbox: `${canaryWord} box` });
      await client.call("send_email", email);
      await client.try("send_email", { ...email, to: [`${canaryWord}@nowhere.test`] });
      await client.call("draft_email", email);
      await client.call("mark_as_read", { ids: [id] });
      await client.call("move_email", { ids: [id], mailbox: "archive" });
      await kit.changePassword(ann);
      await fetch(`${product.url}/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({
          token: tokens.accessToken,
          client_id: product.clientId,
          client_secret: product.clientSecret,
        }),
      });
      await client.close();
      expect(product.logged.length).toBeGreaterThan(20);
      // The commands and exchanges are logged: the search below would otherwise find nothing in nothing.
      const lines = product.logged.map((line): Record<string, unknown> => JSON.parse(line));
      const named = (event: string) => lines.filter((line) => line.event === event);
      const commands = named("imap_command").map(({ command }) => command);
      for (const command of [
        "AUTHENTICATE",
        "SELECT",
        "LIST",
        "UID FETCH",
        "UID SORT",
        "UID STORE",
        "APPEND",
        "CREATE",
      ])
        expect(commands).toContain(command);
      expect(named("imap_command")).toContainEqual({
        time: expect.any(String),
        level: "debug",
        event: "imap_command",
        connection: expect.any(Number),
        command: "UID FETCH",
        mailbox: 1,
        durationMs: expect.any(Number),
        sentOctets: expect.any(Number),
        receivedOctets: expect.any(Number),
        outcome: "OK",
      });
      const replies = named("smtp_command").map(({ command, code }) => `${command} ${code}`);
      expect(replies).toEqual(
        expect.arrayContaining([
          "greeting 220",
          "EHLO 250",
          "AUTH 235",
          "MAIL 250",
          "RCPT 250",
          "DATA 354",
          "message 250",
        ]),
      );
      expect(named("exchange")).toContainEqual(
        expect.objectContaining({
          method: "POST",
          route: "/mcp",
          status: 200,
          sentOctets: expect.any(Number),
        }),
      );
      expect(Math.max(...named("exchange").map(({ sentOctets }) => Number(sentOctets)))).toBeGreaterThan(
        1_000,
      );
    });
    expect(findCanaries()).toEqual([]);
  });

  test("R08: are found by the search of this test when they are planted", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    expect(countRecorded().pieces).toBeGreaterThan(20);
    const planted = [
      user.password,
      `for ${encodeURIComponent(user.address)}`,
      canaryWord,
      `{"token":"${"ab".repeat(32)}"}`,
    ];
    for (const secret of planted) expect(findCanariesIn(secret).length, secret.slice(0, 4)).toBe(1);
  });
});
