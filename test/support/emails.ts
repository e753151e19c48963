/** Raw emails for tests, composed by nodemailer so that headers and encodings are valid. */

import type { SendMailOptions } from "nodemailer";
import MailComposer from "nodemailer/lib/mail-composer";

/** Composes an email as bytes with CRLF line ends. */
export function toRaw(email: SendMailOptions): Promise<Buffer> {
  return new MailComposer({ from: "Ann Example <ann@example.test>", to: "ben@example.test", ...email })
    .compile()
    .build();
}
