/** Two replicas on one Postgres behind a client that goes to both, and a move from SQLite to Postgres. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { runCommand } from "../support/command.ts";
import { grantFor } from "../support/grant.ts";
import { describePostgresMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { postgresServer } from "../support/postgres.ts";
import { startProduct, type TestProduct, testSettings } from "../support/product.ts";
import { eventually } from "../support/waiting.ts";

/** Sends one message to /mcp. Resolves with its status and session id. */
async function post({ url }: TestProduct, token: string, method: string, session?: string) {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...(session === undefined ? {} : { "Mcp-Session-Id": session }),
    },
    body: JSON.stringify({
      ...{ jsonrpc: "2.0", id: 1, method },
      params:
        method === "initialize"
          ? { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } }
          : {},
    }),
  });
  await response.text();
  return { status: response.status, session: response.headers.get("Mcp-Session-Id") ?? undefined };
}

describePostgresMail("Two replicas", () => {
  let replicas: TestProduct[] = [];
  let url = "";
  const key = "11".repeat(32);
  beforeAll(async () => {
    url = await (await postgresServer()).newDatabase();
    const settings = { DATABASE_URL: url, ENCRYPTION_KEY: key, DRAIN_SECONDS: "0" };
    replicas = await Promise.all([startProduct({ settings }), startProduct({ settings })]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
  });
  const at = (number: number): TestProduct => {
    const replica = replicas[number % 2];
    if (!replica) throw new Error("no replica");
    return replica;
  };

  test("serve one session in turn, and a session that one deletes ends at the other", async () => {
    const { accessToken } = await grantFor(at(0), await (await mailServer()).newUser());
    const { session } = await post(at(0), accessToken, "initialize");
    for (let number = 0; number < 20; number += 1)
      expect((await post(at(number), accessToken, "ping", session)).status).toBe(200);
    await fetch(`${at(1).url}/mcp`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${accessToken}`, "Mcp-Session-Id": session ?? "" },
    });
    await eventually(async () => (await post(at(0), accessToken, "ping", session)).status === 404);
  });

  test("answer tools of one person, and a grant that the operator revokes ends at both", async () => {
    const { accessToken } = await grantFor(at(0), await (await mailServer()).newUser());
    for (const number of [0, 1]) {
      const client = await openClient(at(number), accessToken);
      expect((await client.call("list_mailboxes")).text).toContain("INBOX");
      await client.close();
    }
    const env = testSettings({ DATABASE_URL: url, ENCRYPTION_KEY: key });
    const { printed } = await runCommand(["grants", "list"], env);
    const ids = printed.match(/grt_[0-9a-f]+/g) ?? [];
    for (const id of ids) await runCommand(["grants", "revoke", id], env);
    for (const number of [0, 1]) expect((await post(at(number), accessToken, "ping")).status).toBe(401);
  }, 60_000);

  test("answer 200 or 503 while Postgres crashes and starts again, and go on after that", async () => {
    const { accessToken } = await grantFor(at(0), await (await mailServer()).newUser());
    const statuses = new Set<number>();
    const restarted = (await postgresServer()).restart();
    let isOver = false;
    restarted.then(
      () => {
        isOver = true;
      },
      () => {},
    );
    for (let number = 0; !isOver; number += 1)
      statuses.add((await post(at(number), accessToken, "ping")).status);
    await restarted;
    for (const number of [0, 1])
      await eventually(async () => (await post(at(number), accessToken, "ping")).status === 200);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    // Signals are heard again as well.
    const { session } = await post(at(0), accessToken, "initialize");
    expect((await post(at(1), accessToken, "ping", session)).status).toBe(200);
    await fetch(`${at(0).url}/mcp`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${accessToken}`, "Mcp-Session-Id": session ?? "" },
    });
    await eventually(async () => (await post(at(1), accessToken, "ping", session)).status === 404);
  }, 60_000);
});

describePostgresMail("move-to", () => {
  test("takes everything of an installation along: its tokens go on under the same key", async () => {
    const settings = testSettings();
    const before = await startProduct({ settings });
    const { accessToken } = await grantFor(before, await (await mailServer()).newUser());
    await before.stop();
    const url = await (await postgresServer()).newDatabase();
    const moved = await runCommand(["move-to", url], settings);
    expect(moved).toMatchObject({ exitCode: 0, printedErrors: "" });
    expect(moved.printed).toContain("grants: 1");
    expect((await runCommand(["move-to", url], settings)).printedErrors).toContain("has rows already");
    const after = await startProduct({
      settings: {
        ...settings,
        ...{ DATABASE_URL: url, ENCRYPTION_KEY_FILE: join(before.dataDir, "server.key"), DRAIN_SECONDS: "0" },
      },
    });
    const client = await openClient(after, accessToken);
    expect((await client.call("list_mailboxes")).text).toContain("INBOX");
    await client.close();
    await after.stop();
  }, 60_000);
});
