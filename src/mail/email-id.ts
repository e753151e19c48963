/**
 * An email's id: one short opaque string that carries account, mailbox, UIDVALIDITY and UID, so that an id can
 * never hit another email. Format: base64url of `accountTag NUL uidValidity36 NUL uid36 NUL mailbox path`.
 */
import { AppError } from "../errors.ts";

export type EmailRef = {
  /** The first eight hex digits of the account's own id. */
  accountTag: string;
  mailbox: string;
  uidValidity: bigint;
  uid: number;
};

/** `acc_9f86d081…` -> `9f86d081`. */
export function toAccountTag(accountId: string): string {
  return accountId.replace(/^acc_/, "").slice(0, 8);
}

export function toEmailId(ref: EmailRef): string {
  const text = [ref.accountTag, ref.uidValidity.toString(36), ref.uid.toString(36), ref.mailbox].join("\0");
  return Buffer.from(text, "utf8").toString("base64url");
}

/** The reference again. Throws `invalid_input` for anything that toEmailId did not make. */
export function fromEmailId(id: string): EmailRef {
  const invalid = () =>
    new AppError("invalid_input", "This is not an email id.", {
      hint: "Pass an id exactly as a list, search or read answered it.",
    });
  const [accountTag, validity, uid, ...path] = Buffer.from(id, "base64url").toString("utf8").split("\0");
  if (!accountTag || !validity || !uid || path.length !== 1) throw invalid();
  if (!/^[0-9a-f]{8}$/.test(accountTag) || !/^[0-9a-z]{1,13}$/.test(validity) || !/^[0-9a-z]{1,7}$/.test(uid))
    throw invalid();
  const ref: EmailRef = {
    accountTag,
    mailbox: path[0] ?? "",
    uidValidity: [...validity].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n),
    uid: Number.parseInt(uid, 36),
  };
  if (toEmailId(ref) !== id) throw invalid();
  return ref;
}
