/** Internationalized addresses as a submission server receives them. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { type ScriptedSmtp, startScriptedSmtp } from "../support/scripted-smtp.ts";
import { type Writer, withWriter } from "../support/writer.ts";

const hello = (to: string | string[]) => ({ to: [to].flat(), subject: "Hello", body: "How are you?" });

/** Runs `work` with a writer whose submission server announces `extensions`. */
async function withSmtp(
  { extensions = [] }: { extensions?: string[] },
  work: (writer: Writer, smtp: ScriptedSmtp) => Promise<void>,
) {
  const kit = await mailServer();
  const smtp = await startScriptedSmtp({ extensions });
  try {
    await withWriter({ kit, user: await kit.newUser(), smtp: smtp.server }, (writer) => work(writer, smtp));
  } finally {
    await smtp.stop();
  }
}

describeMail("Internationalized recipients", () => {
  const beyond = ["jörg@köln.example", "ben@bücher.example"];

  test("RFC 6531 section 3.4: a server with SMTPUTF8 gets the local part as it is and the domain in ASCII", async () => {
    await withSmtp({ extensions: ["SMTPUTF8"] }, async (writer, smtp) => {
      const sent = await writer.call("send_email", hello(beyond));
      const recipients = ["jörg@xn--kln-sna.example", "ben@xn--bcher-kva.example"];
      expect(sent.data.accepted).toEqual(recipients);
      expect(smtp.commands.find((line) => line.startsWith("MAIL"))).toEndWith("> SMTPUTF8 BODY=8BITMIME");
      expect(smtp.taken).toMatchObject([{ recipients }]);
      // RFC 6532 section 3.2: the header contains them in UTF-8.
      expect(smtp.taken[0]?.raw).toContain("To: jörg@köln.example, ben@xn--bcher-kva.example\r\n");
    });
  });

  test("a server without SMTPUTF8 gets no email for them, on a new or a kept connection, but one for an IDN domain", async () => {
    await withSmtp({}, async (writer, smtp) => {
      const refused = async () => {
        const refusal = await writer.refusal("send_email", hello(beyond));
        expect(refusal).toMatchObject({
          code: "not_supported",
          message: expect.stringContaining("SMTPUTF8): jörg@xn--kln-sna.example."),
        });
      };
      await refused();
      await writer.call("send_email", hello("ben@bücher.example"));
      expect(smtp.commands).toContain("RCPT TO:<ben@xn--bcher-kva.example>");
      expect(smtp.commands.filter((line) => line.startsWith("MAIL")).join()).not.toContain("SMTPUTF8");
      const before = smtp.connections();
      await refused();
      expect(smtp.connections()).toBe(before);
      expect(smtp.taken.length).toBe(1);
    });
  });
});
