/** Raw emails for tests, composed by nodemailer so that headers and encodings are right. */

import type { SendMailOptions } from "nodemailer";
import MailComposer from "nodemailer/lib/mail-composer";

/** One email as bytes with CRLF line ends. `date` and `messageId` are taken over when given. */
export function toRaw(email: SendMailOptions): Promise<Buffer> {
  return new MailComposer({ from: "Ann Example <ann@example.test>", to: "ben@example.test", ...email })
    .compile()
    .build();
}
