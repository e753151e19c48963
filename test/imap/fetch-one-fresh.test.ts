/** An email that arrived since the connection last looked: every tool that is given its id finds it. */
import { expect, test } from "bun:test";
import { fromEmailId, toEmailId } from "../../src/email/email-id.ts";
import { type ImapRewrite, startImapProxy } from "../support/imap-proxy.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { withWriter } from "../support/writer.ts";

const withAttachment = (subject: string) => `From: Ben <ben@example.test>
Subject: ${subject}
Message-ID: <${subject}@example.test>
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain

Words of ${subject}.
--b
Content-Type: text/csv; name="table.csv"
Content-Disposition: attachment; filename="table.csv"

a,b
--b--
`;

/** Hides emails by UID until the client sends NOOP, as servers do that report changes there alone. */
function createHiding() {
  const hidden = new Set<string>();
  const rewrite: ImapRewrite = {
    command(command) {
      if (/^\S+ NOOP$/i.test(command)) hidden.clear();
      const [, uid = ""] = /^\S+ UID FETCH (\d+) /i.exec(command) ?? [];
      return hidden.has(uid) ? { say: "TAG OK FETCH completed\r\n" } : command;
    },
    answer: (answer) => (answer.startsWith("* ID (") ? '* ID ("name" "Other")\r\n' : answer),
  };
  return { hidden, rewrite };
}

describeMail.each([["Dovecot"], ["a server that reports changes at NOOP alone"]])("On %s", (kind) => {
  test.each([
    ["is read", "get_email", (id: string) => ({ id })],
    ["is read with its thread", "get_thread", (id: string) => ({ id })],
    ["has its attachment read", "get_attachment", (id: string) => ({ id, index: 1 })],
    ["is replied to", "draft_email", (id: string) => ({ reply_to: id, body: "Yes." })],
    [
      "is forwarded",
      "draft_email",
      (id: string) => ({ forward: id, to: ["eve@example.test"], body: "See." }),
    ],
    [
      "gives its attachment to a draft",
      "draft_email",
      (id: string) => ({ to: ["eve@example.test"], body: "See.", attachments: [{ email: id, index: 1 }] }),
    ],
  ])("an email that arrived since the connection last looked %s", async (_, tool, toInput) => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, withAttachment("first"));
    const { hidden, rewrite } = createHiding();
    const proxy = await startImapProxy(kit, kind === "Dovecot" ? {} : rewrite);
    await withWriter({ kit, user, imap: proxy.imap }, async (writer) => {
      const { data } = await writer.call("get_recent_emails");
      const [{ id: first }] = data.emails as [{ id: string }];
      const uid = await kit.deliver(user, withAttachment("second"));
      hidden.add(String(uid));
      const answer = await writer.call(tool, toInput(toEmailId({ ...fromEmailId(first), uid })));
      expect(answer.text).toMatch(/second|table\.csv/);
    });
    await proxy.stop();
  });
});
