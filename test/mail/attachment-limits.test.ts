/** Limits on fetching attachments, from the server's BODYSTRUCTURE, and ids that no longer match. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import type { MessageStructureObject } from "imapflow";
import { toEmailContents } from "../../src/email/email-contents.ts";
import { fromEmailId, toAccountTag, toEmailId } from "../../src/email/email-id.ts";
import { toPart } from "../../src/email/part.ts";
import type { AppError } from "../../src/errors.ts";
import { toRaw } from "../support/emails.ts";
import { type HostileImap, startHostileImap } from "../support/hostile-imap.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { idsOf } from "../support/small-mailbox.ts";
import { openWriter, type Writer, withWriter } from "../support/writer.ts";

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "done",
    (error: AppError) => error.code,
  );
const asWhole = { index: 1, offset: 0, maxCharacters: 1_000 };

describeMail("An attachment as BODYSTRUCTURE describes it", () => {
  let server: HostileImap;
  let writer: Writer;
  let id: string;

  beforeEach(async () => {
    server = await startHostileImap({ exists: 1 });
    const user = { address: "ann@example.test", password: "x" };
    writer = await openWriter({ kit: await mailServer(), user, imap: server.server });
    const accountTag = toAccountTag(writer.owner.accountId);
    id = toEmailId({ accountTag, mailbox: "INBOX", uidValidity: 7n, uid: 1 });
  });

  afterEach(async () => {
    await writer.close();
    await server.stop();
  });

  const fetches = () => server.commands.filter((line) => line.includes(" FETCH ")).length;
  const tell = (type: string, octets: number) =>
    server.become({
      FETCH: {
        say: `* 1 FETCH (UID 1 BODYSTRUCTURE (${type} ("name" "a.bin") NIL NIL "base64" ${octets} NIL ("attachment" ("filename" "a.bin")) NIL NIL))\r\nTAG OK done\r\n`,
      },
    });

  test.each([
    ["that is too large to be read", '"application" "octet-stream"', 30_000_000, /too large/],
    ["that holds no text, as sound and film do", '"audio" "mpeg"', 1_000, /no text/],
  ])("%s is not fetched", async (_, type, octets, note) => {
    tell(type, octets);
    const read = await writer.mail.getAttachment({ id, ...asWhole });
    expect([read.kind, read.notes.join()]).toEqual(["none", expect.stringMatching(note)]);
    expect(fetches()).toBe(1);
  });

  test("of an email that is missing at first is fetched again after a NOOP", async () => {
    server.become({ FETCH: { say: "TAG OK done\r\n" } });
    expect(await codeOf(writer.mail.getAttachment({ id, ...asWhole }))).toBe("email_not_found");
    expect(server.commands.slice(-3).map((line) => line.split(" ").slice(1, 3).join(" "))).toEqual([
      "UID FETCH",
      "NOOP",
      "UID FETCH",
    ]);
  });
});

test("An email with 1,000 parts is listed with 500", () => {
  const file = { type: "application/pdf", disposition: "attachment", childNodes: [] };
  const mixed = (childNodes: MessageStructureObject[]): MessageStructureObject => ({
    type: "multipart/mixed",
    childNodes,
  });
  const files = () => mixed(Array.from({ length: 400 }, () => ({ ...file })));
  expect(toEmailContents(toPart(mixed([files(), files(), files()]))).attachments.length).toBe(500);
});

describeMail("An attachment", () => {
  test("under another UIDVALIDITY is neither read, described nor streamed", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const attachments = [{ filename: "a.txt", content: "theirs" }];
    await kit.deliver(user, await toRaw({ subject: "Files", text: "x", attachments }));
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer)).get("Files") ?? "";
      const ref = fromEmailId(id);
      const former = toEmailId({ ...ref, uidValidity: ref.uidValidity + 1n });
      const { mail } = writer;
      expect(await codeOf(mail.describeAttachment({ id, index: 1 }))).toBe("done");
      expect(await codeOf(mail.describeAttachment({ id: former, index: 1 }))).toBe("email_moved");
      expect(await codeOf(mail.getAttachment({ id: former, ...asWhole }))).toBe("email_moved");
      expect(await codeOf(mail.readAttachment(former, 1))).toBe("email_moved");
      const seen: string[] = [];
      const stream = mail.streamAttachment(
        { id: former, index: 1 },
        async ({ name }) => void seen.push(name),
      );
      expect([await codeOf(stream), seen]).toEqual(["email_moved", []]);
    });
  });

  test("that is a picture of over 1 MB is not shown, and the answer says that it is too large", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const content = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(1_000_001)]);
    const attachments = [{ filename: "a.png", content }];
    await kit.deliver(user, await toRaw({ subject: "Picture", text: "x", attachments }));
    await withWriter({ kit, user }, async (writer) => {
      const id = (await idsOf(writer)).get("Picture") ?? "";
      const read = await writer.mail.getAttachment({ id, ...asWhole });
      expect([read.kind, read.images]).toEqual(["none", undefined]);
      expect(read.notes.join()).toContain("too large to be shown");
    });
  });
});
