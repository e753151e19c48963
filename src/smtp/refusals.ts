/** What a submission server's refusals mean, by reply code (RFC 5321) and enhanced status code (RFC 3463). */
import { AppError } from "../errors.ts";
import { toSmtpError } from "./failures.ts";

/** RFC 5321 section 4.2.1: what is put off, by greylisting or for load, may go some minutes later. */
const later = { retryAfterSeconds: 300, hint: "The mail server puts this off; try again in some minutes." };

/** RFC 3463: X.2.3 and X.3.4; 552 by itself says so, too (RFC 1870), but also a full mailbox or a forbidden file. */
const isSizeRefusal = (code: number, status: string) =>
  /^\d\.(2\.3|3\.4)$/.test(status) || (code === 552 && status === "");

/** Why an email was not taken, as an AppError that says that nothing was sent. */
export function toFailure(error: unknown): AppError {
  if (!isRecord(error)) return toSmtpError(error, "command");
  const refusals = Array.isArray(error.rejectedErrors) ? error.rejectedErrors.filter(isRecord) : [];
  const code = toReplyCode(error);
  if (refusals.length > 0) {
    const each = refusals.map((one) => `${String(one.recipient)} ${toRefusal(one)}`).join("; ");
    const isLater = code !== undefined && code < 500;
    return new AppError(isLater ? "mail_server_busy" : "recipient_refused", `Nothing was sent: ${each}.`, {
      cause: error,
      ...(isLater ? later : {}),
    });
  }
  const isTooLarge =
    code === undefined ? error.code === "EMESSAGE" : isSizeRefusal(code, toStatus(error)) && code >= 500;
  if (isTooLarge)
    return new AppError("too_large", "Nothing was sent: the email is larger than the mail server takes.", {
      cause: error,
      hint: "Leave attachments out, or send them in several emails.",
    });
  if (code !== undefined && error.code !== "EAUTH")
    return code < 500
      ? new AppError(
          "mail_server_busy",
          `Nothing was sent: the mail server puts it off (${toCodes(error)}).`,
          {
            cause: error,
            ...later,
          },
        )
      : new AppError(
          "message_refused",
          `Nothing was sent: the mail server refused the email (${toCodes(error)}).`,
          { cause: error },
        );
  return toSmtpError(error, "command");
}

/** Why one recipient was refused, in our words with the server's codes. */
export function toRefusal(error: object): string {
  const codes = toCodes(error);
  const status = toStatus(error);
  const words: Record<string, string> = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such mail domain",
    "5.1.10": "the domain takes no mail",
    "5.2.1": "the mailbox is closed",
    "5.2.2": "the mailbox is full",
    "5.7.1": "not allowed",
  };
  const temporary = /^4/.test(codes);
  return `was refused${temporary ? " for now" : ""} (${[words[status], codes].filter(Boolean).join(", ")})`;
}

/** `550 5.1.1`: numbers only, never the server's text. */
function toCodes(error: object): string {
  return [toReplyCode(error) ?? "no reply code", toStatus(error)].filter(Boolean).join(" ");
}

/** The code of a refusal; of anything else a server says, nobody knows what it means for the email. */
export function toReplyCode(error: unknown): number | undefined {
  const code = isRecord(error) ? error.responseCode : undefined;
  return typeof code === "number" && code >= 400 ? code : undefined;
}

/** The enhanced status code, `5.1.1`; empty without one. */
function toStatus(error: object): string {
  const response = isRecord(error) && typeof error.response === "string" ? error.response : "";
  return /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
