/** Connections opened before a client's first call. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LiveGrant } from "../../src/grant.ts";
import { createWarmUp } from "../../src/mcp/warm-up.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient } from "../support/mcp-client.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

const hour = 3_600_000;

describe("Warming up", () => {
  function create(fails = false) {
    const clock = createTestClock();
    const opened: string[] = [];
    const open = async ({ id }: LiveGrant) => {
      opened.push(id);
      if (fails) throw new Error("refused");
    };
    const grant: LiveGrant = {
      id: "grt_1",
      clientId: "client",
      level: "send",
      dataKey: new Uint8Array(32),
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
    return { clock, opened, warmUp: createWarmUp({ clock, open }), grant };
  }

  test("is for grants that called a tool within the last day", () => {
    const { clock, opened, warmUp, grant } = create();
    warmUp.offer(grant);
    expect(opened).toEqual([]);
    warmUp.noteCall(grant.id);
    clock.advance(23 * hour);
    warmUp.offer(grant);
    expect(opened).toEqual(["grt_1"]);
    clock.advance(2 * hour);
    warmUp.offer(grant);
    expect(opened).toEqual(["grt_1"]);
  });

  test("is done at most once in ten minutes", () => {
    const { clock, opened, warmUp, grant } = create();
    warmUp.noteCall(grant.id);
    warmUp.offer(grant);
    clock.advance(599_999);
    warmUp.offer(grant);
    expect(opened.length).toBe(1);
    clock.advance(1);
    warmUp.offer(grant);
    expect(opened.length).toBe(2);
  });

  test("is not repeated after a failure before the next call", async () => {
    const { clock, opened, warmUp, grant } = create(true);
    warmUp.noteCall(grant.id);
    warmUp.offer(grant);
    await Promise.resolve();
    clock.advance(hour);
    warmUp.offer(grant);
    expect(opened.length).toBe(1);
    warmUp.noteCall(grant.id);
    warmUp.offer(grant);
    expect(opened.length).toBe(2);
  });
});

describeMail("A client that initializes again", () => {
  let product: TestProduct;
  let imap: CountingProxy;

  beforeAll(async () => {
    product = await startProduct({ settings: { WARM_UP: "on" } });
    imap = await startCountingProxy((await mailServer()).imap.port);
  });

  afterAll(() => Promise.all([product?.stop(), imap?.stop()]));

  test("has its mailbox opened before its first call, once a tool was called", async () => {
    const kit = await mailServer();
    const servers = { imap: { ...kit.imap, port: imap.port }, smtp: kit.smtp };
    const { accessToken } = await grantFor(product, await kit.newUser(), { servers });
    const first = await openClient(product, accessToken);
    expect(imap.count().connections).toBe(0);
    await first.call("list_mailboxes");
    expect(imap.count().connections).toBe(1);
    imap.drop();
    const second = await openClient(product, accessToken);
    await eventually(() => imap.count().connections === 2);
    await Promise.all([first, second].map((client) => client.close()));
  });
});
