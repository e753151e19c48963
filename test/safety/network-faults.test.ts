/**
 * Network faults between the product and a real mail server, during tool calls: each call ends within its deadline with
 * an answer that says what to do, and the next one works. SECURITY.md, I06.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Fault, type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { type MailServerKit, mailServer, startMailServer } from "../support/mail-server.ts";
import { loopMsOf } from "../support/own-time.ts";
import { connectPerson, type Person, wideRates } from "../support/person.ts";
import { startProduct, type TestProduct, withProduct } from "../support/product.ts";
import { eventually } from "../support/waiting.ts";

const callMs = 1_200;
/** Tolerance for a busy machine. Without a deadline a call would last a minute. */
const graceMs = 3_000;
const deadlines = { callMs, imap: { connectMs: 800, greetingMs: 800, openMs: 1_000 } };
/** The form of an error: sentences without line breaks, and the failure code. */
const errorForm = /^[A-Z][^\n]{10,300}\([a-z_]+\)$/;

describeMail("A faulty network connection", () => {
  let kit: MailServerKit;
  let proxy: FaultProxy;
  let product: TestProduct;
  let person: Person;
  /** Without the short deadlines: rendering an email takes the first call some time. */
  let patient: { product: TestProduct; person: Person };

  beforeAll(async () => {
    kit = await mailServer();
    proxy = await startFaultProxy(kit.imap.port);
    product = await startProduct({ deadlines, rates: wideRates });
    const user = await kit.newUser();
    const raw = `From: a@example.test\r\nSubject: number one\r\n\r\n${"long text ".repeat(2_000)}\r\n`;
    await kit.deliverAll(user, [{ raw }, { raw: raw.replace("one", "two") }]);
    const servers = { imap: proxy.through(kit.imap), smtp: kit.smtp };
    person = await connectPerson(product, { user, servers });
    const other = await startProduct({ rates: wideRates });
    patient = { product: other, person: await connectPerson(other, { user, servers }) };
  });

  afterAll(async () => {
    await Promise.all([person, patient?.person].map((one) => one?.client.close()));
    await Promise.all([product?.stop(), patient?.product.stop()]);
    await proxy?.stop();
  });

  test("I06: cut before the login, it is lost, and the server of a connected mailbox is not called no mail server", async () => {
    for (const afterBytes of [0, 900]) {
      proxy.drop();
      proxy.set({ kind: "cut", afterBytes });
      const { text } = await person.client.try("list_mailboxes");
      expect(text).toMatch(/\((mail_server_failed|mail_server_busy|host_unreachable)\)$/);
      expect(text).not.toContain("before a login");
    }
    proxy.set(undefined);
    proxy.drop();
  });

  /** Makes one call on a new connection with the fault, and then one without it. */
  async function callThrough(
    fault: Fault,
    name: string,
    input: Record<string, unknown>,
    { client } = person,
  ) {
    proxy.drop();
    proxy.set(fault);
    const calling = client.try(name, input);
    const ms = await loopMsOf(() => calling);
    proxy.set(undefined);
    proxy.drop();
    const next = await client.try(name, input);
    return { answer: await calling, ms, next };
  }

  /** Counts the bytes that the server sends for one call on a new connection. */
  async function sizeOf(name: string, input: Record<string, unknown>, { client } = person): Promise<number> {
    proxy.drop();
    const before = proxy.connections();
    await client.call(name, input);
    expect(proxy.connections()).toBe(before + 1);
    return proxy.passed();
  }

  test.each([
    ["cut", 16],
    ["reset", 16],
    ["stall", 6],
    ["slow", 6],
  ] as const)(
    'I06: With the fault "%s" after N bytes, for N over the whole call, each call ends within its deadline and the next one works',
    async (kind, steps) => {
      const calls = [["get_recent_emails", { mailbox: "inbox" }]] as const;
      for (const [name, input] of calls) {
        const size = await sizeOf(name, input);
        expect(size).toBeGreaterThan(2_000);
        for (let step = 0; step < steps; step++) {
          const afterBytes = Math.floor((size * step) / steps) + (step % 3);
          const { answer, ms, next } = await callThrough({ kind, afterBytes, slowMs: 15 }, name, input);
          const where = `${kind} after ${afterBytes} of ${size}`;
          expect(ms, where).toBeLessThan(callMs + graceMs);
          if (answer.isError) expect(answer.text, where).toMatch(errorForm);
          else expect(answer.text, where).toContain("number two");
          expect(next.isError, `${where}, then: ${next.text}`).toBe(false);
          expect(next.text).toContain("number two");
        }
      }
    },
  );

  test("I06: The same holds for reading, searching and listing, cut at eight points each", async () => {
    const { data } = await patient.person.client.call("get_recent_emails", {});
    const id = (data.emails as { id: string }[])[0]?.id ?? "";
    for (const [name, input, expected] of [
      ["get_email", { id }, "long text"],
      ["search_emails", { query: "subject:number" }, "number two"],
      ["list_mailboxes", {}, "INBOX"],
      ["get_thread", { id }, "number two"],
    ] as const) {
      const size = await sizeOf(name, input, patient.person);
      for (let step = 0; step < 8; step++) {
        const afterBytes = Math.floor((size * step) / 8) + 7;
        const { answer, ms, next } = await callThrough(
          { kind: "cut", afterBytes },
          name,
          input,
          patient.person,
        );
        const where = `${name}, cut after ${afterBytes} of ${size}`;
        expect(ms, where).toBeLessThan(callMs + graceMs);
        if (answer.isError) expect(answer.text, where).toMatch(errorForm);
        // A search reports the mailboxes it could not search.
        else
          expect(answer.text.includes(expected) || answer.text.includes("Not searched: INBOX"), where).toBe(
            true,
          );
        expect(next.text, where).toContain(expected);
      }
    }
  });

  test("I06: After one cut in the middle of a long email the call is repeated, and the answer is complete", async () => {
    const { data } = await patient.person.client.call("get_recent_emails", {});
    const id = (data.emails as { id: string }[])[0]?.id ?? "";
    const size = await sizeOf("get_email", { id }, patient.person);
    proxy.drop();
    proxy.set({ kind: "cut", afterBytes: size - 4_000, connections: 1 });
    const answer = await patient.person.client.call("get_email", { id });
    proxy.set(undefined);
    expect(answer.text).toContain("long text");
  });

  test("I06: A move whose response is lost is not made twice", async () => {
    const raw = "From: a@example.test\r\nSubject: to move\r\n\r\nx\r\n";
    await kit.deliver(person.user, raw);
    const found = await person.client.call("search_emails", { query: "subject:move" });
    const id = (found.data.emails as { id: string }[])[0]?.id ?? "";
    const size = await sizeOf("list_mailboxes", {});
    proxy.drop();
    // After login and SELECT, before the responses of the move.
    proxy.set({ kind: "reset", afterBytes: size, connections: 1 });
    const answer = await person.client.try("move_email", { ids: [id], mailbox: "archive" });
    proxy.set(undefined);
    const inbox = (await kit.read(person.user)).filter(({ subject }) => subject === "to move");
    const archive = (await kit.read(person.user, "Archive")).filter(({ subject }) => subject === "to move");
    expect(inbox.length + archive.length).toBe(1);
    if (answer.isError) expect(answer.text).toMatch(errorForm);
    expect((await person.client.try("get_recent_emails", {})).isError).toBe(false);
  });
});

describeMail("A mail server that restarts", () => {
  test("I06: is reported as unreachable while it is down, and works again without further action", async () => {
    const own = await startMailServer();
    await withProduct({ deadlines, rates: wideRates }, async (product) => {
      const person = await connectPerson(product, { user: await own.newUser(), servers: own });
      await person.client.call("list_mailboxes");
      await own.dovecot.kill();
      const down = await person.client.try("list_mailboxes");
      expect(down.isError).toBe(true);
      expect(down.text).toMatch(errorForm);
      expect(down.text).toContain("(host_unreachable)");
      await own.dovecot.start();
      const up = await eventually(async () => {
        const answer = await person.client.try("list_mailboxes");
        return answer.isError ? undefined : answer;
      });
      expect(up.text).toContain("INBOX");
      await person.client.close();
    });
    await own.stop();
  });
});
