/** The ways out of the connect flow: cancel, go on without a mailbox, remove one, and going back after the end. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fieldNames, type NextStep } from "../../src/pages/connect-form.ts";
import {
  type Authorization,
  beginAuthorization,
  formFields,
  readForm,
  redeemCode,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { startTcpListener } from "../support/tcp-listener.ts";

describeMail("The ways out of the connect flow", () => {
  let product: TestProduct;
  let kit: MailServerKit;
  let ann: User;
  let office: User;
  beforeAll(async () => {
    product = await startProduct();
    kit = await mailServer();
    [ann, office] = [await kit.newUser(), await kit.newUser()];
  });
  afterAll(() => product.stop());

  const next = (button: NextStep) => ({ [fieldNames.next]: button });
  const submit = (form: Parameters<typeof submitForm>[1], fields: Record<string, string>) =>
    submitForm(product, form, fields);
  const begin = () => beginAuthorization(product);
  /** Connects a mailbox, and returns the page after it. */
  const connect = async (authorization: Pick<Authorization, "action" | "fields">, user: User) => {
    const response = await submit(authorization, { ...formFields(user, kit), ...next("ask") });
    expect(response.status).toBe(200);
    return response.text();
  };
  const expectDenied = async (response: Response, authorization: Authorization) => {
    expect(response.status).toBe(303);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Location")).toStartWith("https://claude.ai/api/mcp/auth_callback?");
    expect(Object.fromEntries(await requireCode(response))).toEqual({
      error: "access_denied",
      error_description: expect.any(String),
      state: authorization.state,
      iss: product.url,
    });
  };
  const titleOf = (html: string) => /<h1>([^<]*)/.exec(html)?.[1];

  test("RFC 6749 section 4.1.2.1: Cancel on the first form answers access_denied with state and iss (RFC 9207)", async () => {
    const authorization = await begin();
    const listener = await startTcpListener();
    const half = {
      ...formFields(ann, kit),
      imap_host: "127.0.0.1",
      imap_port: String(listener.port),
    };
    await expectDenied(await submit(authorization, { ...half, ...next("cancel") }), authorization);
    expect(listener.connections()).toBe(0);
    await listener.stop();
    // The request is over: another form of it connects nothing, and says why.
    const late = await submit(authorization, { ...formFields(ann, kit), ...next("go") });
    expect(late.status).toBe(400);
    expect(titleOf(await late.text())).toBe("You have cancelled this");
  });

  test("Cancel after a login deletes what the flow had stored", async () => {
    const authorization = await begin();
    const connected = readForm(await connect(authorization, ann));
    await expectDenied(await submit(connected, next("cancel")), authorization);
    expect(product.logged.findLast((line) => line.includes("grant_ended"))).toContain(`"reason":"cancelled"`);
    expect((await submit(connected, next("finish"))).status).toBe(400);
  });

  test("the form for a second mailbox goes on to the client with the first, whether the second failed or not", async () => {
    const authorization = await begin();
    const connected = await connect(authorization, ann);
    const adding = await (await submit(readForm(connected), next("add"))).text();
    expect(adding).toMatch(/value="finish"[^>]*>Go on to claude\.ai without it</);
    const wrong = { ...formFields({ ...office, password: "wrong" }, kit), ...next("ask") };
    const refused = await submit(readForm(adding), wrong);
    expect(refused.status).toBe(400);
    const html = await refused.text();
    expect(html).toMatch(/value="finish"[^>]*>Go on to claude\.ai without it</);
    const code = (await requireCode(await submit(readForm(html), next("finish")))).get("code") ?? "";
    const { accessToken } = await redeemCode(product, code, authorization.verifier);
    const client = await openClient(product, accessToken);
    const { text } = await client.call("list_mailboxes");
    expect(text).toContain(ann.address);
    expect(text).not.toContain(office.address);
    await client.close();
  });

  test("a mailbox that is removed on the connected page is not part of the connection", async () => {
    const authorization = await begin();
    const first = await connect(authorization, ann);
    const both = await connect(readForm(await (await submit(readForm(first), next("add"))).text()), office);
    const removed = await submit(readForm(both), { [fieldNames.remove]: ann.address });
    expect(removed.status).toBe(200);
    const left = await removed.text();
    expect(left).toContain(office.address);
    expect(left).not.toContain(ann.address);
    const code = (await requireCode(await submit(readForm(left), next("finish")))).get("code") ?? "";
    const { accessToken } = await redeemCode(product, code, authorization.verifier);
    const client = await openClient(product, accessToken);
    expect((await client.call("list_mailboxes")).text).not.toContain(ann.address);
    await client.close();
  });

  test("after the last mailbox is removed, the first form follows, with its choice of the level", async () => {
    const authorization = await begin();
    const connected = await connect(authorization, ann);
    const empty = await (await submit(readForm(connected), { [fieldNames.remove]: ann.address })).text();
    expect(empty).toMatch(/You are giving/);
    expect(readForm(empty).fields[fieldNames.level]).toBe("send");
    const read = { ...formFields(office, kit), level: "read", ...next("go") };
    const code = (await requireCode(await submit(readForm(empty), read))).get("code") ?? "";
    expect((await redeemCode(product, code, authorization.verifier)).scope).toBe("email:read");
  });

  test("a form that is sent again after the end says that the mailbox is connected already", async () => {
    const authorization = await begin();
    await requireCode(await submit(authorization, { ...formFields(ann, kit), ...next("go") }));
    for (const step of ["go", "ask", "finish", "add", "cancel"] as const) {
      const late = await submit(authorization, { ...formFields(ann, kit), ...next(step) });
      expect(late.status).toBe(400);
      expect(titleOf(await late.text())).toBe("You are already connected");
    }
  });

  test("the same browser that opens a finished request again is told so, and can connect once more", async () => {
    const query = new URLSearchParams({
      response_type: "code",
      client_id: product.clientId,
      redirect_uri: "https://claude.ai/api/mcp/auth_callback",
      code_challenge: "c".repeat(43),
      code_challenge_method: "S256",
      state: "s<1>",
    });
    const open = (path: string, headers: Record<string, string>) =>
      fetch(`${product.url}${path}`, { headers: { Accept: "text/html", ...headers } });
    const path = `/oauth/authorize?${query}`;
    const first = await open(path, {});
    const Cookie = (first.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
    const form = readForm(await first.text());
    expect(titleOf(await (await open(path, { Cookie })).text())).not.toBe("You are already connected");
    const fields = { ...formFields(ann, kit), ...next("go") };
    await requireCode(await submitForm(product, form, fields, { Cookie }));

    const again = await open(path, { Cookie });
    expect(again.status).toBe(200);
    const html = await again.text();
    expect(titleOf(html)).toBe("You are already connected");
    expect(html).toContain("Go back to claude.ai.");
    const link = /<a href="([^"]*)">Connect once more/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(readForm(await (await open(link, { Cookie })).text()).action).toBe("/oauth/connect");
    // The tab's id counts, too, where a tab that was opened at the same time has replaced the browser's.
    const ofTab = `browser=${"0".repeat(64)}; browser-${"0".repeat(16)}=${Cookie.split("=")[1]}`;
    expect(titleOf(await (await open(path, { Cookie: ofTab })).text())).toBe("You are already connected");
    // Another browser, and another request of the same browser, get the form.
    expect(readForm(await (await open(path, {})).text()).action).toBe("/oauth/connect");
    expect(readForm(await (await open(`${path}2`, { Cookie })).text()).action).toBe("/oauth/connect");
  });
});
