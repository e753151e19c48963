/** Writes on servers that do not say where emails went, or that file copies of sent emails by themselves. */
import { expect, test } from "bun:test";
import type { ConnectionOwner } from "../../src/credentials.ts";
import { openImap } from "../../src/imap/connect.ts";
import { createConnections } from "../../src/imap/connections.ts";
import { createAccess } from "../../src/mail/access.ts";
import { send } from "../../src/mail/sending/send.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { startImapProxy } from "../support/imap-proxy.ts";
import { withoutCapabilities } from "../support/imap-rewrites.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { localRenderer } from "../support/reader.ts";
import { createTestClock } from "../support/test-clock.ts";
import { withWriter } from "../support/writer.ts";

describeMail("On a server", () => {
  test("that offers UIDPLUS and moves without COPYUID (RFC 4315 section 3), no undo is offered", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, "Subject: one\n\nx\n");
    const proxy = await startImapProxy(kit, { answer: (text) => text.replace(/\[COPYUID [^\]]*\] /g, "") });
    await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const [row] = (await writer.call("get_recent_emails")).data.emails as { id: string }[];
      const { data, text } = await writer.call("move_email", { ids: [row?.id], mailbox: "archive" });
      expect([data.done, data.operation_id]).toEqual([1, undefined]);
      expect(text).toContain("did not say where 1 of them went: undo does not bring these back");
      expect((await kit.read(user, "Archive")).map(({ subject }) => subject)).toEqual(["one"]);
    });
    await proxy.stop();
  });

  test("whose COPYUID names none of the moved emails (RFC 4315 section 3), the move is told, and undone", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    for (const subject of ["first", "one"])
      await kit.deliver(user, `Subject: ${subject}\nMessage-ID: <${subject}@x.test>\n\nx\n`);
    const answer = (text: string) => text.replace(/\[COPYUID (\d+) \S+ \S+\]/, "[COPYUID $1 77 77]");
    const proxy = await startImapProxy(kit, { answer });
    await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const [row] = (await writer.call("get_recent_emails")).data.emails as { id: string }[];
      const { data } = await writer.call("move_email", { ids: [row?.id], mailbox: "archive" });
      expect(data.done).toBe(1);
      expect((await kit.read(user, "Archive")).map(({ subject }) => subject)).toEqual(["one"]);
    });
    await proxy.stop();
  });

  test.each([
    ["with UIDPLUS", withoutCapabilities("X")],
    ["without UIDPLUS", withoutCapabilities("UIDPLUS")],
  ])(
    "that limits reading, %s, the copy of a sent email is not said to be missing, and a draft is not said to be unsaved",
    async (_, answer) => {
      const kit = await mailServer();
      const [user, ben] = [await kit.newUser(), await kit.newUser()];
      let isLimited = false;
      const limited = new Set<string>();
      const proxy = await startImapProxy(kit, {
        command: (line) => {
          isLimited ||= / APPEND /.test(line);
          if (isLimited && /FETCH|SEARCH|SORT/.test(line)) limited.add(line.split(" ", 1)[0] ?? "");
          return line;
        },
        // In its turn: the command may have been sent behind another one.
        answer: (line, session) => {
          const [tag = ""] = line.split(" ", 1);
          return limited.has(tag) ? `${tag} NO [THROTTLED] slow down\r\n` : answer(line, session);
        },
      });
      await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
        const { text } = await writer.call("send_email", { to: [ben.address], subject: "sent", body: "x" });
        expect(text).toContain('The copy is in "Sent".');
        await writer.call("draft_email", { to: [ben.address], subject: "draft", body: "x" });
        for (const [mailbox, subject] of [
          ["Sent", "sent"],
          ["Drafts", "draft"],
        ])
          expect((await kit.read(user, mailbox)).map((email) => email.subject)).toEqual([subject ?? ""]);
      });
      await proxy.stop();
    },
  );

  test("that files its own copy of a sent email, ours is removed, and not appended again the next time", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const proxy = await startImapProxy(kit, {});
    const outbound = createOutbound({ allowPrivateHosts: ["localhost"] });
    const clock = createTestClock();
    const connections = createConnections({
      open: (credentials, signal) => openImap(credentials, { outbound, signal }),
      clock,
    });
    const { address, password } = user;
    const credentials = { address, username: address, password, provider: "generic", imap: proxy.imap };
    const owner: ConnectionOwner = { grantId: "grt_1", accountId: "acc_00000001", credentials };
    const { signal } = new AbortController();
    const access = createAccess({ owner, connections, signal, clock, renderer: localRenderer });
    const submissions = {
      async submit(_: ConnectionOwner, { raw }: { raw: Uint8Array }) {
        await kit.deliver(user, raw, { mailbox: "Sent" });
        return { accepted: ["ben@example.test"], refused: [] };
      },
      closeGrant() {},
      close: async () => {},
    };
    const deps = { owner, submissions, signal, access, afterwards: () => access, filesSentMail: false };
    for (const number of [1, 2]) {
      const messageId = `<${number}@example.test>`;
      const raw = Buffer.from(`Subject: ${number}\r\nMessage-ID: ${messageId}\r\n\r\nx\r\n`);
      const composed = {
        ...{
          messageId,
          recipients: ["ben@example.test"],
          content: "",
          notes: [],
          replacesOwnDraft: true,
          raw,
          copy: raw,
        },
        preview: { from: { address }, to: [], cc: [], bcc: [], subject: "", text: "", attachments: [] },
      };
      expect(await send(deps, composed, undefined)).toMatchObject({ copyIn: "Sent", warnings: [] });
    }
    expect((await kit.read(user, "Sent")).map(({ subject }) => subject)).toEqual(["1", "2"]);
    expect(proxy.commands.filter((line) => line.startsWith("UID EXPUNGE"))).toHaveLength(1);
    await connections.close();
    await proxy.stop();
  });
});
