/** The end of a grant: within a second nothing is left that could act on the person's behalf. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { toDatabaseFile } from "../../src/db/open.ts";
import {
  beginAuthorization,
  formFields,
  redeemCode,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { bestOf, ownMsOf } from "../support/own-time.ts";
import { wideRates } from "../support/person.ts";
import { type TestProduct, withProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

/** Counts the grants and, per table with a grant_id, the rows that belong to a grant. */
function countRows(product: TestProduct): Record<string, number> {
  const db = new Database(toDatabaseFile(product.dataDir), { readonly: true });
  const tables = db
    .query<{ name: string }, []>(
      "select m.name as name from sqlite_master m where m.type = 'table' and (m.name = 'grants' or exists (select 1 from pragma_table_info(m.name) where name = 'grant_id'))",
    )
    .all()
    .map(({ name }) => name);
  const counts = tables.map(
    (name) =>
      [
        name,
        db
          .query<{ n: number }, []>(
            `select count(*) as n from "${name}" where ${name === "grants" ? "id" : "grant_id"} is not null`,
          )
          .get()?.n ?? 0,
      ] as const,
  );
  db.close();
  return Object.fromEntries(counts);
}

/** Connects a person: tokens, a session, an open stream, a pooled connection, and the used code. */
async function connectAndWork(product: TestProduct, imapPort: number) {
  const kit = await mailServer();
  const user = await kit.newUser();
  await kit.deliver(user, "From: a@example.test\r\nSubject: one\r\n\r\nx\r\n");
  const begun = await beginAuthorization(product);
  const servers = { imap: { ...kit.imap, port: imapPort }, smtp: kit.smtp };
  const query = await requireCode(await submitForm(product, begun, formFields(user, servers)));
  const code = query.get("code") ?? "";
  const tokens = await redeemCode(product, code, begun.verifier);
  const client = await openClient(product, tokens.accessToken);
  const { data } = await client.call("get_recent_emails", {});
  const id = (data.emails as { id: string }[])[0]?.id ?? "";
  // These calls leave rows in the undo log and the links.
  await client.call("mark_as_read", { ids: [id] });
  await client.call("request_upload", {});
  const stream = await fetch(`${product.url}/mcp`, {
    headers: {
      Authorization: `Bearer ${tokens.accessToken}`,
      "Mcp-Session-Id": client.transport.sessionId ?? "",
      Accept: "text/event-stream",
    },
  });
  const reader = stream.body?.getReader();
  await reader?.read();
  return { code, verifier: begun.verifier, tokens, client, reader };
}

type ConnectedPerson = Awaited<ReturnType<typeof connectAndWork>>;

const ends: Readonly<Record<string, (product: TestProduct, person: ConnectedPerson) => Promise<unknown>>> = {
  "revoking the access token": (product, { tokens }) =>
    fetch(`${product.url}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({
        token: tokens.accessToken,
        client_id: product.clientId,
        client_secret: product.clientSecret,
      }),
    }),
  "revoking the refresh token": (product, { tokens }) =>
    fetch(`${product.url}/oauth/revoke`, {
      method: "POST",
      body: new URLSearchParams({
        token: tokens.refreshToken,
        client_id: product.clientId,
        client_secret: product.clientSecret,
      }),
    }),
  "replaying the code": (product, { code, verifier }) =>
    requestToken(product, {
      grant_type: "authorization_code",
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    }),
};

describeMail("The end of a grant", () => {
  test.each(Object.keys(ends))(
    "by %s removes tokens, session, stream, connections, undo log and credentials within a second",
    async (how) => {
      const kit = await mailServer();
      const proxy = await startFaultProxy(kit.imap.port);
      const end = async (product: TestProduct) => {
        const person = await connectAndWork(product, proxy.port);
        expect(proxy.open()).toBeGreaterThan(0);
        expect(countRows(product)).toMatchObject({
          grants: 1,
          accounts: 1,
          operations: 1,
          sessions: 1,
          links: 1,
        });
        const ms = await ownMsOf(async () => {
          await ends[how]?.(product, person);
          // The server closes the stream.
          let piece = await person.reader?.read();
          while (piece && !piece.done) piece = await person.reader?.read();
          await eventually(() => proxy.open() === 0, { what: "the IMAP connections to close" });
        });
        expect(Object.entries(countRows(product)).filter(([, rows]) => rows > 0)).toEqual([]);
        const call = await fetch(`${product.url}/mcp`, {
          method: "POST",
          headers: {
            Authorization: `Bearer ${person.tokens.accessToken}`,
            "Content-Type": "application/json",
          },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
        });
        expect(call.status).toBe(401);
        const refresh = await requestToken(product, {
          grant_type: "refresh_token",
          refresh_token: person.tokens.refreshToken,
        });
        expect(refresh.status).toBe(400);
        await person.client.close();
        return ms;
      };
      const ms = await bestOf(1_000, () => withProduct({ rates: wideRates }, end));
      expect(ms).toBeLessThan(1_000);
      await proxy.stop();
    },
  );

  test("ends a running call with an error", async () => {
    const kit = await mailServer();
    const proxy = await startFaultProxy(kit.imap.port);
    const end = async (product: TestProduct) => {
      const person = await connectAndWork(product, proxy.port);
      proxy.drop();
      proxy.set({ kind: "stall", afterBytes: 2_000 });
      const before = proxy.connections();
      const running = person.client.try("get_recent_emails", {});
      await eventually(() => proxy.connections() > before);
      const ms = await ownMsOf(async () => {
        await ends["revoking the access token"]?.(product, person);
        await running;
      });
      const answer = await running;
      expect(answer.isError).toBe(true);
      expect(answer.text).toContain("Connect the mailbox again");
      await person.client.close();
      proxy.set(undefined);
      return ms;
    };
    const ms = await bestOf(1_000, () => withProduct({ rates: wideRates }, end));
    expect(ms).toBeLessThan(1_000);
    await proxy.stop();
  });

  test("by expiry refuses calls and refreshes", async () => {
    const kit = await mailServer();
    const clock = createTestClock();
    const proxy = await startFaultProxy(kit.imap.port);
    await withProduct({ rates: wideRates, clock }, async (product) => {
      const person = await connectAndWork(product, proxy.port);
      await person.client.close();
      clock.advance(400 * 86_400_000);
      for (const token of [person.tokens.accessToken, person.tokens.refreshToken]) {
        const call = await fetch(`${product.url}/mcp`, {
          method: "POST",
          headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
        });
        expect(call.status).toBe(401);
      }
      const refresh = await requestToken(product, {
        grant_type: "refresh_token",
        refresh_token: person.tokens.refreshToken,
      });
      expect(refresh.status).toBe(400);
    });
    await proxy.stop();
  });
});
