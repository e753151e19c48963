/** The cookies of connections: at most twenty in a browser, and twenty browsers for a connection. */
import { expect, test } from "bun:test";
import { Hono } from "hono";
import { createConnectionCookies } from "../../src/approvals/connection-cookies.ts";
import { connectionCookieSeconds, createConnectionSecrets } from "../../src/approvals/connection-secrets.ts";
import { openStore } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createSecrets, newId, newKey } from "../../src/secrets.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

async function openServer() {
  const { db, close } = await openStore({ dataDir: temporaryFolder("cookies") });
  const clock = createTestClock();
  const connectionSecrets = createConnectionSecrets({
    ...{ db, clock, secrets: createSecrets([newKey()]) },
    toWrapContext: (grantId) => `test ${grantId}`,
  });
  const cookies = createConnectionCookies({
    config: { publicUrl: "https://mail.example" },
    connectionSecrets,
  });
  const known = new Map<string, Buffer>();
  const app = new Hono()
    .get("/set/:id", async (c) => {
      const grantId = c.req.param("id");
      await cookies.set(c, { grantId, dataKey: known.get(grantId) ?? newKey() });
      return c.text("");
    })
    .get("/list", async (c) => c.json((await cookies.list(c)).map(({ id }) => id)))
    .get("/open/:id", async (c) => {
      const { grant, isForeign } = await cookies.open(c, c.req.param("id"));
      return c.json({ isKnown: grant !== undefined, isForeign });
    });
  const newGrant = async () => {
    const id = newId("grt");
    known.set(id, newKey());
    const times = { createdAt: 1, lastUsedAt: 1, expiresAt: 2 };
    await db.insert(grants).values({
      ...{ id, clientId: "c", redirectHost: "h", level: "approve", state: "live" },
      ...times,
    } as const);
    return id;
  };
  /** A browser that keeps what it is given. */
  const newBrowser = () => {
    const jar = new Map<string, string>();
    return {
      jar,
      async get(path: string) {
        const Cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
        const response = await app.request(path, { headers: { Cookie } });
        for (const line of response.headers.getSetCookie()) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          if (value === "") jar.delete(name);
          else jar.set(name, value);
        }
        return response;
      },
    };
  };
  return { newGrant, newBrowser, clock, close };
}

test("A browser keeps the cookies of its twenty newest connections, each on its own", async () => {
  const { newGrant, newBrowser, close } = await openServer();
  const browser = newBrowser();
  const ids: string[] = [];
  for (let at = 0; at < 22; at += 1) {
    const id = await newGrant();
    ids.push(id);
    const [line = ""] = (await browser.get(`/set/${id}`)).headers
      .getSetCookie()
      .filter((each) => each.includes(id));
    expect(line).toMatch(/^__Host-connection-grt_[0-9a-f]{32}=[0-9a-f]{64}; Max-Age=15552000; Path=\/; /);
    for (const attribute of ["HttpOnly", "Secure", "SameSite=Lax"]) expect(line).toContain(attribute);
  }
  expect(browser.jar.size).toBe(20);
  const listed = await (await browser.get("/list")).json();
  expect(listed).toEqual(ids.slice(2));
  // Setting one again replaces it, and no other one goes.
  await browser.get(`/set/${ids[5]}`);
  expect(await (await browser.get("/list")).json()).toHaveLength(20);
  expect(await (await browser.get(`/open/${ids[0]}`)).json()).toEqual({ isKnown: false, isForeign: false });
  await close();
});

test("A connection is known to its twenty newest browsers; a secret under another connection's name is foreign", async () => {
  const { newGrant, newBrowser, clock, close } = await openServer();
  const [id, other] = [await newGrant(), await newGrant()];
  const browsers = Array.from({ length: 21 }, newBrowser);
  for (const browser of browsers) {
    await browser.get(`/set/${id}`);
    clock.advance(1);
  }
  const isKnown = await Promise.all(
    browsers.map(async (browser) => (await (await browser.get(`/open/${id}`)).json()).isKnown),
  );
  expect(isKnown).toEqual([false, ...Array(20).fill(true)]);

  const [, last] = browsers.slice(-2);
  const secret = [...(last?.jar.values() ?? [])][0] ?? "";
  last?.jar.set(`__Host-connection-${other}`, secret);
  expect(await (await last?.get(`/open/${other}`))?.json()).toEqual({ isKnown: false, isForeign: true });
  // Half a year later the cookie opens nothing.
  clock.advance(connectionCookieSeconds * 1_000);
  expect(await (await last?.get("/list"))?.json()).toEqual([]);
  await close();
});
