import { afterAll, beforeAll, expect, test } from "bun:test";
import { fieldNames, type NextStep } from "../../src/pages/connect-form.ts";
import {
  beginAuthorization,
  connectMailbox,
  formFields,
  readForm,
  redeemCode,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { freePort } from "../support/ports.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";
import { startTcpListener, type TcpListener } from "../support/tcp-listener.ts";
import { createTestClock } from "../support/test-clock.ts";

describeMail("The connect form", () => {
  const clock = createTestClock();
  let product: TestProduct;
  let kit: MailServerKit;
  let user: User;
  beforeAll(async () => {
    product = await startProduct({ clock });
    kit = await mailServer();
    user = await kit.newUser();
  });
  afterAll(() => product.stop());

  /** The field that a pressed button adds. */
  const next = (button: NextStep) => ({ [fieldNames.next]: button });
  const begin = () => beginAuthorization(product);
  const filled = (who = user) => formFields(who, kit);

  test("RFC 6749 section 4.1.2: a form without a button is answered with 303, code, state and iss (RFC 9207)", async () => {
    const authorization = await begin();
    const { level: _, ...fields } = filled();
    const { request = "" } = authorization.fields;
    const response = await submitForm(product, { action: authorization.action, fields: { request } }, fields);
    expect(response.status).toBe(303);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const answer = await requireCode(response);
    expect(Object.fromEntries(answer)).toEqual({
      code: expect.stringMatching(/^[0-9a-f]{48}$/),
      state: authorization.state,
      iss: product.url,
    });
    const { scope } = await redeemCode(product, answer.get("code") ?? "", authorization.verifier);
    expect(scope).toBe("email:read email:write");
  });

  test("a form that was sent from no page (Sec-Fetch-Site: none) is accepted", async () => {
    const response = await submitForm(product, await begin(), filled(), { "Sec-Fetch-Site": "none" });
    expect(response.status).toBe(303);
  });

  test("a form without a level gets the scope that the client asked for", async () => {
    const authorization = await beginAuthorization(product, { scope: "email:read" });
    const { level: _, ...fields } = filled();
    const { request = "" } = authorization.fields;
    const response = await submitForm(product, { action: authorization.action, fields: { request } }, fields);
    const code = (await requireCode(response)).get("code") ?? "";
    expect((await redeemCode(product, code, authorization.verifier)).scope).toBe("email:read");
  });

  test("a wrong password is answered with 400 and the form, with all fields but the password", async () => {
    const authorization = await begin();
    const wrong = { ...filled(), password: "wrong-canary-password" };
    const response = await submitForm(product, authorization, wrong);
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).not.toContain("wrong-canary-password");
    const logLine = product.logged.findLast((line) => line.includes("connect_refused")) ?? "{}";
    expect(JSON.parse(logLine)).toMatchObject({ level: "info", code: "login_refused" });
    const again = readForm(html);
    expect(again.fields).toMatchObject({
      address: user.address,
      provider: "generic",
      imap_host: "localhost",
      imap_port: String(kit.imap.port),
      smtp_port: String(kit.smtp.port),
      password: "",
    });
    // The form of that page works.
    await requireCode(await submitForm(product, again, { password: user.password }));
  });

  test("an unknown user and a wrong password get the same answer", async () => {
    const toAnswer = async (fields: Record<string, string>) => {
      const authorization = await begin();
      const response = await submitForm(product, authorization, fields);
      const html = await response.text();
      const { request = "?" } = readForm(html).fields;
      return {
        status: response.status,
        html: html.replaceAll(request, "").replaceAll(fields.address ?? "?", ""),
      };
    };
    const wrong = await toAnswer({ ...filled(), password: "wrong" });
    const unknown = await toAnswer({ ...filled({ address: "nobody@example.test", password: "wrong" }) });
    expect(unknown).toEqual(wrong);
  });

  test("a second account joins the same grant, and one code is issued for both", async () => {
    const other = await kit.newUser();
    const authorization = await begin();
    const first = await submitForm(product, authorization, { ...filled(), ...next("ask") });
    expect(first.status).toBe(200);
    const connected = await first.text();
    expect(connected).toContain(user.address);

    const adding = await submitForm(product, readForm(connected), { ...next("add") });
    expect(adding.status).toBe(200);
    const form = readForm(await adding.text());
    const refused = await submitForm(product, form, { ...filled(other), password: "no", ...next("ask") });
    expect(refused.status).toBe(400);
    const second = await submitForm(product, readForm(await refused.text()), {
      ...filled(other),
      ...next("ask"),
    });
    const both = await second.text();
    expect(both).toContain(user.address);
    expect(both).toContain(other.address);

    const done = await requireCode(await submitForm(product, readForm(both), { ...next("finish") }));
    const { accessToken } = await redeemCode(product, done.get("code") ?? "", authorization.verifier);
    const client = await openClient(product, accessToken);
    const { text } = await client.call("list_mailboxes");
    expect(text).toContain(user.address);
    expect(text).toContain(other.address);
    await client.close();
    // The request is finished: none of its forms works again.
    for (const then of ["finish", "add", "go"] as const) {
      const late = await submitForm(product, readForm(both), { ...filled(), ...next(then) });
      expect(late.status).toBe(400);
      expect(late.headers.get("Location")).toBeNull();
    }
  });

  test("a form that is sent twice at the same time gets one code", async () => {
    const authorization = await begin();
    const fields = { ...filled(), ...next("go") };
    const answers = await Promise.all([1, 2].map(() => submitForm(product, authorization, fields)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 400]);
  });

  test("when the SMTP login fails, the page offers to continue without sending", async () => {
    const closed = await freePort();
    const authorization = await begin();
    const fields = { ...filled(), smtp_port: String(closed), ...next("ask") };
    const refused = await submitForm(product, authorization, fields);
    expect(refused.status).toBe(400);
    const page = await refused.text();
    expect(page).toContain(`name="${fieldNames.withoutSending}"`);
    const connected = await submitForm(product, readForm(page), {
      ...fields,
      [fieldNames.withoutSending]: "yes",
    });
    expect(connected.status).toBe(200);
    const done = await submitForm(product, readForm(await connected.text()), next("finish"));
    const code = (await requireCode(done)).get("code") ?? "";
    const { accessToken } = await redeemCode(product, code, authorization.verifier);
    const client = await openClient(product, accessToken);
    const names = (await client.client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain("move_email");
    expect(names).not.toContain("send_email");
    await client.close();
  });

  test("a second account can send when the first one was connected without sending", async () => {
    const authorization = await begin();
    const closed = { smtp_port: String(await freePort()), [fieldNames.withoutSending]: "yes" };
    const first = await submitForm(product, authorization, { ...filled(), ...closed });
    const other = await kit.newUser();
    const second = await submitForm(product, readForm(await first.text()), {
      ...filled(other),
      ...next("go"),
    });
    const code = (await requireCode(second)).get("code") ?? "";
    const { accessToken } = await redeemCode(product, code, authorization.verifier);
    const client = await openClient(product, accessToken);
    const write = (account: string) =>
      client.try("send_email", { account, to: [other.address], subject: "Which one", body: "The other." });
    expect((await write(user.address)).text).toContain("not_supported");
    expect((await write(other.address)).isError).toBe(false);
    await client.close();
  });

  test("the level of the first account is the level of the grant", async () => {
    const authorization = await begin();
    const first = await submitForm(product, authorization, { ...filled(), level: "read", ...next("ask") });
    const second = await submitForm(product, readForm(await first.text()), {
      ...filled(await kit.newUser()),
      level: "send",
      ...next("go"),
    });
    const code = (await requireCode(second)).get("code") ?? "";
    expect((await redeemCode(product, code, authorization.verifier)).scope).toBe("email:read");
  });

  test("pages are rate-limited per peer, by a page with 429 and Retry-After", async () => {
    await withProduct({ clock: createTestClock() }, async (busy) => {
      const ask = () => fetch(`${busy.url}/oauth/authorize`, { redirect: "manual" });
      let response = await ask();
      for (let tries = 0; response.status === 400 && tries < 500; tries++) response = await ask();
      expect(response.status).toBe(429);
      expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(response.headers.get("Content-Type")).toStartWith("text/html");
      expect(await response.text()).toContain("There were too many attempts from here.");
    });
  });

  test("an address that is connected twice in one flow is one account", async () => {
    const authorization = await begin();
    const once = await (
      await submitForm(product, authorization, { ...filled(), level: "read", ...next("ask") })
    ).text();
    const twice = await submitForm(product, readForm(once), {
      ...filled({ ...user, address: user.address.toUpperCase() }),
      ...next("ask"),
    });
    const count = (html: string) => html.toLowerCase().split(user.address.toLowerCase()).length;
    expect(count(await twice.text())).toBe(count(once));
  });

  test("each flow creates its own grant, also for the same address: revoking one leaves the other", async () => {
    const one = await connectMailbox(product, user);
    const two = await connectMailbox(product, user);
    await fetch(`${product.url}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({ token: one.accessToken }),
    });
    const client = await openClient(product, two.accessToken);
    expect((await client.try("list_mailboxes")).isError).toBe(false);
    await client.close();
  });

  test("with a script, the login steps are streamed as one JSON value per line, with the page that finishes as the last", async () => {
    const authorization = await begin();
    const post = (fields: Record<string, string>) =>
      fetch(`${product.url}/oauth/connect`, {
        method: "POST",
        redirect: "manual",
        headers: { Accept: "application/x-ndjson", "Sec-Fetch-Site": "same-origin" },
        body: new URLSearchParams({ ...authorization.fields, ...fields }),
      });
    const lines = async (response: Response) =>
      (await response.text())
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    const refused = await lines(await post({ ...filled(), password: "wrong" }));
    expect(refused).toEqual([{ step: "servers" }, { step: "imap" }, { html: expect.any(String) }]);
    const response = await post(filled());
    expect(response.headers.get("X-Accel-Buffering")).toBe("no");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const steps = await lines(response);
    expect(steps.slice(0, -1)).toEqual([{ step: "servers" }, { step: "imap" }, { step: "smtp" }]);
    // Its headers have left, so that it cannot set the cookie of the grant: a plain POST ends the passage.
    const form = readForm(steps.at(-1).html);
    const finished = await submitForm(product, form, next("finish"));
    expect(finished.headers.get("Location")).toStartWith("https://claude.ai/api/mcp/auth_callback?code=");
    expect(finished.headers.getSetCookie().join()).toMatch(/connection-grt_[0-9a-f]{32}=[0-9a-f]{64}/);
  });

  test("ALLOWED_EMAILS refuses other addresses before any login", async () => {
    const listener = await startTcpListener();
    await withProduct({ settings: { ALLOWED_EMAILS: "@friends.example" } }, async (closed) => {
      const authorization = await beginAuthorization(closed);
      const fields = { ...filled(), imap_host: "127.0.0.1", imap_port: String(listener.port) };
      const refused = await submitForm(closed, authorization, fields);
      expect(refused.status).toBe(403);
      expect(listener.connections()).toBe(0);
      const friend = { ...filled(), address: "friend@FRIENDS.example", password: "wrong" };
      expect((await submitForm(closed, authorization, friend)).status).toBe(400);
    });
    await listener.stop();
  });

  describeMail("A08: no server is contacted for", () => {
    let listener: TcpListener;
    beforeAll(async () => {
      listener = await startTcpListener();
    });
    afterAll(() => listener.stop());

    /** Form fields with servers that count their connections. */
    const watched = () => ({
      ...filled(),
      imap_host: "127.0.0.1",
      imap_port: String(listener.port),
      smtp_host: "127.0.0.1",
      smtp_port: String(listener.port),
    });

    async function expectRefused(response: Response, status: number): Promise<void> {
      expect(response.status).toBe(status);
      expect(response.headers.get("Location")).toBeNull();
      expect(await response.text()).not.toContain(user.password);
      expect(listener.connections()).toBe(0);
    }

    test("a finished request", async () => {
      const authorization = await begin();
      await requireCode(await submitForm(product, authorization, filled()));
      await expectRefused(await submitForm(product, authorization, watched()), 400);
    });

    test("a request older than an hour", async () => {
      const authorization = await begin();
      clock.advance(60 * 60_000);
      await expectRefused(await submitForm(product, authorization, watched()), 400);
    });

    test("a pending grant an hour after its last login", async () => {
      const authorization = await begin();
      const page = await (await submitForm(product, authorization, { ...filled(), ...next("ask") })).text();
      clock.advance(60 * 60_000);
      await expectRefused(await submitForm(product, readForm(page), { ...next("finish") }), 400);
      await expectRefused(await submitForm(product, readForm(page), { ...next("add") }), 400);
    });

    test("a request sealed by another server", async () => {
      const foreign = await withProduct({}, (other) => beginAuthorization(other));
      await expectRefused(await submitForm(product, foreign, watched()), 400);
    });

    test.each(["", "forged", "A".repeat(300)])("the forged request %p", async (request) => {
      const authorization = await begin();
      await expectRefused(
        await submitForm(product, { action: authorization.action, fields: { request } }, watched()),
        400,
      );
    });

    test("a request with one character changed", async () => {
      const authorization = await begin();
      const { request = "" } = authorization.fields;
      const changed = `${request.slice(0, 50)}${request[50] === "A" ? "B" : "A"}${request.slice(51)}`;
      await expectRefused(
        await submitForm(product, { action: authorization.action, fields: { request: changed } }, watched()),
        400,
      );
    });

    test.each(["cross-site", "same-site"])("a form from another site (Sec-Fetch-Site: %s)", async (site) => {
      const authorization = await begin();
      const response = await fetch(`${product.url}/oauth/connect`, {
        method: "POST",
        redirect: "manual",
        headers: { "Sec-Fetch-Site": site },
        body: new URLSearchParams({ ...authorization.fields, ...watched() }),
      });
      await expectRefused(response, 403);
    });

    test("a GET or a POST with a password in the query", async () => {
      const authorization = await begin();
      const query = new URLSearchParams({ ...authorization.fields, ...watched() });
      const get = await fetch(`${product.url}/oauth/connect?${query}`, { redirect: "manual" });
      expect(get.headers.get("Allow")).toBe("POST");
      await expectRefused(get, 405);
      const post = await fetch(`${product.url}/oauth/connect?password=x`, {
        method: "POST",
        redirect: "manual",
        body: query,
      });
      await expectRefused(post, 400);
    });

    test("a body of another media type, and a form over 16 KB", async () => {
      const authorization = await begin();
      const fields = { ...authorization.fields, ...watched() };
      const post = (body: string | FormData, headers: Record<string, string> = {}) =>
        fetch(`${product.url}/oauth/connect`, { method: "POST", redirect: "manual", headers, body });
      await expectRefused(await post(JSON.stringify(fields), { "Content-Type": "application/json" }), 415);
      const multipart = new FormData();
      for (const [name, value] of Object.entries(fields)) multipart.set(name, value);
      await expectRefused(await post(multipart), 415);
      const large = new URLSearchParams({ ...fields, pad: "x".repeat(16_384) });
      await expectRefused(
        await post(`${large}`, { "Content-Type": "application/x-www-form-urlencoded" }),
        413,
      );
    });
  });
});
