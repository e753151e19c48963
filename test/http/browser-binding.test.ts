/** The connect form belongs to the browser that opened it: Origin, Sec-Fetch-Site and the cookie of the form. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { fieldNames, type NextStep } from "../../src/pages/connect-form.ts";
import {
  type Authorization,
  beginAuthorization,
  formFields,
  readForm,
  redirectUri,
} from "../support/authorize.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, type User } from "../support/mail-server.ts";
import { freePort } from "../support/ports.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";
import { startTcpListener, type TcpListener } from "../support/tcp-listener.ts";

type Headers = Readonly<Record<string, string>>;

/** The field that a pressed button adds. */
const next = (button: NextStep) => ({ [fieldNames.next]: button });

const query = (clientId: string) =>
  new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update("v".repeat(43)).digest("base64url"),
    code_challenge_method: "S256",
    state: "s",
  });

describeMail("D05: The connect form", () => {
  let product: TestProduct;
  let kit: MailServerKit;
  let user: User;
  let listener: TcpListener;
  beforeAll(async () => {
    product = await startProduct();
    kit = await mailServer();
    user = await kit.newUser();
    listener = await startTcpListener();
  });
  afterAll(async () => {
    await product.stop();
    await listener.stop();
  });

  const post = (path: string, fields: Readonly<Record<string, string>>, headers: Headers) =>
    fetch(`${product.url}${path}`, {
      method: "POST",
      redirect: "manual",
      headers,
      body: new URLSearchParams(fields),
    });

  /** Sends a form, by default with servers that count their connections. */
  const submit = (
    { fields }: Pick<Authorization, "fields">,
    headers: Headers,
    entered: Readonly<Record<string, string>> = formFields(user, {
      imap: { host: "127.0.0.1", port: listener.port, security: "tls" },
      smtp: { host: "127.0.0.1", port: listener.port, security: "tls" },
    }),
  ) => post("/oauth/connect", { ...fields, ...entered }, headers);

  const evil = "https://evil.test";
  const refusals: [string, Headers][] = [
    ["a foreign Origin without Sec-Fetch-Site", { Origin: evil }],
    ["a foreign Origin with same-origin", { Origin: evil, "Sec-Fetch-Site": "same-origin" }],
    ["a foreign Origin with none", { Origin: evil, "Sec-Fetch-Site": "none" }],
    ["a foreign Origin with cross-site", { Origin: evil, "Sec-Fetch-Site": "cross-site" }],
    ["an Origin that may call /mcp", { Origin: "https://claude.ai" }],
    ["another port of this machine", { Origin: "http://localhost:6274" }],
    ["Origin null, as a sandboxed frame sends it", { Origin: "null" }],
    ["Origin null with cross-site", { Origin: "null", "Sec-Fetch-Site": "cross-site" }],
    ["Origin null with none", { Origin: "null", "Sec-Fetch-Site": "none" }],
    ["cross-site without an Origin", { "Sec-Fetch-Site": "cross-site" }],
    ["same-site without an Origin", { "Sec-Fetch-Site": "same-site" }],
  ];

  test.each(refusals)("with %s is refused with 403, and no server is contacted", async (_, headers) => {
    const begun = await beginAuthorization(product);
    const response = await submit(begun, headers);
    expect(response.status).toBe(403);
    expect(response.headers.get("Location")).toBeNull();
    expect(await response.text()).toContain("This form was sent from somewhere else");
    const discovery = await post("/oauth/discover", { ...begun.fields, address: "a@gmail.com" }, headers);
    expect(discovery.status).toBe(400);
    expect(await discovery.text()).not.toContain("gmail");
    expect(listener.connections()).toBe(0);
  });

  test("is accepted from a program (neither header) and from our own page, also when that hides its Origin", async () => {
    const { host } = new URL(product.url);
    const accepted: Headers[] = [
      {},
      { "Sec-Fetch-Site": "none" },
      { Origin: product.url },
      { Origin: product.url, "Sec-Fetch-Site": "same-origin" },
      { Origin: "null", "Sec-Fetch-Site": "same-origin" },
      // Another name of the same loopback server, opened by a person.
      { Host: host.replace("localhost", "127.0.0.1"), Origin: product.url.replace("localhost", "127.0.0.1") },
    ];
    for (const headers of accepted) {
      const response = await submit(await beginAuthorization(product), headers, formFields(user, kit));
      expect([headers, response.status]).toEqual([headers, 303]);
    }
  });

  /** Opens the form with a cookie, or none. Returns the form and the cookie that the response sets. */
  async function open(cookie?: string) {
    const response = await fetch(`${product.url}/oauth/authorize?${query(product.clientId)}`, {
      headers: cookie === undefined ? {} : { Cookie: cookie },
    });
    const [set = null, ofTab = null] = response.headers.getSetCookie();
    const toPair = (line: string | null) => line?.split(";")[0] ?? "";
    return { ...readForm(await response.text()), set, cookie: toPair(set), ofTab, tabCookie: toPair(ofTab) };
  }

  test("sets a cookie with one random id, which later pages keep", async () => {
    const first = await open();
    expect(first.set).toMatch(/^browser=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await open(first.cookie)).set).toBeNull();
    expect((await open()).cookie).not.toBe(first.cookie);
    // Any other value than an id of ours is replaced.
    expect((await open("browser=x")).set).toMatch(/^browser=[0-9a-f]{64};/);
  });

  test("is accepted from two tabs that a browser without a cookie opened at once, and from no third one", async () => {
    const [first, second, stranger] = await Promise.all([open(), open(), open()]);
    expect(first.ofTab).toMatch(/^browser-[0-9a-f]{16}=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax$/);
    // The second response has replaced the cookie of the first.
    const cookies = [second.cookie, first.tabCookie, second.tabCookie];
    const headers = { Cookie: cookies.join("; ") };
    for (const tab of [first, second])
      expect((await submit(tab, headers, formFields(user, kit))).status).toBe(303);
    expect((await submit(stranger, headers)).status).toBe(403);
    // A page that is opened later keeps the id.
    expect((await open(headers.Cookie)).set).toBeNull();
    // A Cookie header full of ids is not searched without end.
    const many = Array.from({ length: 10 }, (_, at) => `browser-${at}=${"0".repeat(64)}`);
    expect((await submit(stranger, { Cookie: [...many, stranger.tabCookie].join("; ") })).status).toBe(403);
    expect(listener.connections()).toBe(0);
  });

  test("with the cookie of another browser is refused with 403, and no server is contacted", async () => {
    const [mine, other] = [await open(), await open()];
    for (const cookie of [other.cookie, "browser=x", "browser="]) {
      const response = await submit(mine, { Cookie: cookie });
      expect([cookie, response.status]).toEqual([cookie, 403]);
      const fields = { ...mine.fields, address: "a@gmail.com" };
      expect((await post("/oauth/discover", fields, { Cookie: cookie })).status).toBe(400);
    }
    expect(listener.connections()).toBe(0);
  });

  test("is accepted with its own cookie through all pages, and without one, as a web view sends it", async () => {
    const mine = await open();
    const second = await open(mine.cookie);
    const headers = { Cookie: `other=1; ${mine.cookie}` };
    const wrong = await submit(second, headers, { ...formFields(user, kit), password: "wrong" });
    expect(wrong.status).toBe(400);
    const again = readForm(await wrong.text());
    const connected = await submit(again, headers, { ...formFields(user, kit), ...next("ask") });
    expect(connected.status).toBe(200);
    const page = readForm(await connected.text());
    expect((await submit(page, { Cookie: (await open()).cookie }, next("finish"))).status).toBe(403);
    expect((await submit(page, headers, next("finish"))).status).toBe(303);
    expect((await submit(mine, {}, formFields(user, kit))).status).toBe(303);
  });

  test("of a public server has a cookie with the prefix __Host- and Secure", async () => {
    const port = String(await freePort());
    const settings = { PORT: port, PUBLIC_URL: "https://mail.example" };
    await withProduct({ settings }, async ({ clientId }) => {
      const response = await fetch(`http://localhost:${port}/oauth/authorize?${query(clientId)}`);
      const [kept, ofTab] = response.headers.getSetCookie();
      expect(kept).toMatch(/^__Host-browser=[0-9a-f]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      expect(ofTab).toMatch(
        /^__Host-browser-[0-9a-f]{16}=[0-9a-f]{64}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      const form = readForm(await response.text());
      // The public origin is ours; that of the host behind the proxy is not.
      for (const [origin, status] of [
        ["https://mail.example", 400],
        [`http://localhost:${port}`, 403],
      ] as const) {
        const answer = await fetch(`http://localhost:${port}/oauth/connect`, {
          method: "POST",
          headers: { Origin: origin },
          body: new URLSearchParams({ ...form.fields, address: "no address", password: "x" }),
        });
        expect([origin, answer.status]).toEqual([origin, status]);
      }
    });
  });
});
