/** The advice for an email of which nobody knows whether it was sent. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { withWriter } from "../support/writer.ts";

describeMail("After a connection lost behind the message's final dot", () => {
  test.each([
    ["Sent is no proof where this program files the copies", false, "Sent does not tell"],
    ["Sent is where to look when the mail company files the copies", true, "If it is in Sent"],
  ])("%s", async (_, filesSentMail, advice) => {
    const kit = await mailServer();
    const user = await kit.newUser();
    const smtp = await startScriptedSmtp({ cutAfterDot: "taken" });
    await withWriter({ kit, user, smtp: smtp.server, filesSentMail }, async (writer) => {
      const email = { to: ["ben@example.test"], subject: "One", body: "x" };
      expect(await writer.refusal("send_email", email)).toMatchObject({
        code: "maybe_sent",
        hint: expect.stringContaining(advice),
      });
      expect(await kit.read(user, "Sent")).toEqual([]);
      expect(smtp.taken).toHaveLength(1);
    });
    await smtp.stop();
  });
});
