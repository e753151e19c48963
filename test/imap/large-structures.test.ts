/** Structures of very many parts: what is kept of a FETCH response, and what an email of 10,000 parts says. */
import { describe, expect, test } from "bun:test";
import { ImapFlow } from "imapflow";
import { cutStructure, handlesResponses } from "../../src/imap/large-structures.ts";
import { getEmailTool } from "../../src/tools/get-email.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { mimeBombs } from "../support/mime-bombs.ts";
import { withReader } from "../support/reader.ts";

const part = (name: string) => `("TEXT" "PLAIN" ("name" ${name}) NIL NIL "7BIT" 12 1 NIL NIL NIL NIL)`;
const respond = (parts: string) =>
  `* 1 FETCH (UID 5 BODYSTRUCTURE (${parts} "mixed" ("boundary" "b)(") NIL NIL NIL) BODY[HEADER] {1}\r\n)`;
const cut = (response: string, literals: string[] = []) => {
  const result = cutStructure({
    payload: Buffer.from(response, "latin1"),
    literals: literals.map((literal) => Buffer.from(literal)),
  });
  return { payload: result.payload.toString("latin1"), literals: result.literals.map(String) };
};
const omitted = '("x-email-connector" "omitted" NIL NIL NIL "7bit" 0)';

describe("The BODYSTRUCTURE of a FETCH response (RFC 3501 section 7.4.2)", () => {
  test("stays as it is within the limits", () => {
    const response = respond(part('"a"').repeat(400));
    expect(cut(response, ["!"])).toEqual({ payload: response, literals: ["!"] });
  });

  test("keeps 500 parts with their literals, and one part that stands for the others", () => {
    const names = Array.from({ length: 9_000 }, (_, at) => `name ${at}`);
    const { payload, literals } = cut(respond(part("{9}\r\n").repeat(9_000)), [...names, "!"]);
    expect(payload).toBe(respond(part("{9}\r\n").repeat(500) + omitted));
    expect(literals).toEqual([...names.slice(0, 500), "!"]);
  });

  test("keeps the first part of each multipart when all together are too many", () => {
    const inner = `(${part('"(a\\")"').repeat(100)} "alternative")`;
    const { payload } = cut(respond(inner.repeat(400)));
    expect(payload.length).toBeLessThan(150_000);
    expect(payload).toContain(`${omitted} "mixed" ("boundary" "b)(") NIL NIL NIL) BODY[HEADER] {1}\r\n)`);
  });

  test("keeps 400 parameters, and 500 addresses of an attached email without a mark among them", () => {
    const parameters = '"a" "b" '.repeat(10_000).trim();
    const long = cut(respond(`("TEXT" "PLAIN" (${parameters}) NIL NIL "7BIT" 12 1)`)).payload;
    expect(long).toContain(`("TEXT" "PLAIN" (${'"a" "b" '.repeat(200).trim()}) NIL NIL "7BIT" 12 1)`);
    const people = '("x" NIL "y" "z")'.repeat(4_000);
    const envelope = `("date" "subject" (${people}) NIL NIL NIL NIL NIL NIL NIL)`;
    const message = `("message" "rfc822" NIL NIL NIL "7bit" 10 ${envelope} (${part('"a"').repeat(2)} "mixed") 5)`;
    const { payload } = cut(respond(message));
    expect(payload.match(/\("x" NIL/g)).toHaveLength(500);
    expect(payload).toContain(`(${part('"a"').repeat(2)} "mixed") 5)`);
    expect(payload).not.toContain(omitted);
  });

  test("of no other response is touched, nor a response that never ends", () => {
    const search = `* SEARCH ${"1 ".repeat(20_000)}`;
    expect(cut(search).payload).toBe(search);
    const endless = respond(part('"a"').repeat(2_000)).slice(0, 100_000);
    expect(cut(endless).payload.length).toBeLessThan(60_000);
  });

  test("passes through a method of imapflow that exists", () => {
    expect(handlesResponses(new ImapFlow({ host: "localhost", port: 993, logger: false }))).toBe(true);
  });
});

describeMail("An email with 10,000 parts", () => {
  test("D01: is read as far as its first parts, and says so", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, mimeBombs["10,000 parts"]?.() ?? "");
    await withReader(kit, user, async (reader) => {
      const { emails } = await reader.mail.listEmails({ mailbox: "inbox", limit: 1 });
      const { text } = await reader.call(getEmailTool, { id: emails[0]?.id });
      expect(text).toContain("The email has more parts than are read");
    });
  });
});
