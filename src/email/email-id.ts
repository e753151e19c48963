/**
 * Email ids: short opaque strings of account, mailbox, UIDVALIDITY and UID, so that an id never refers to another email.
 * Format: base64url of `accountTag checksum NUL uidValidity NUL uid NUL mailbox path`, the numbers in base 36.
 */
import { AppError, quoted } from "../errors.ts";

export type EmailRef = {
  /** The first eight hex digits of the account's id. */
  accountTag: string;
  mailbox: string;
  uidValidity: bigint;
  uid: number;
};

/** `acc_9f86d081…` -> `9f86d081`. */
export function toAccountTag(accountId: string): string {
  return accountId.replace(/^acc_/, "").slice(0, 8);
}

export function toEmailId({ accountTag, uidValidity, uid, mailbox }: EmailRef): string {
  const location = [uidValidity.toString(36), uid.toString(36), mailbox].join("\0");
  return Buffer.from(`${accountTag}${toChecksum(location)}\0${location}`, "utf8").toString("base64url");
}

/** Three characters that reveal an id which a model copied wrongly: it must not delete a neighboring email. */
function toChecksum(location: string): string {
  return (Bun.hash.crc32(location) % 36 ** 3).toString(36).padStart(3, "0");
}

/** Decodes an id. Throws invalid_input for anything that toEmailId did not make. */
export function fromEmailId(id: string): EmailRef {
  const invalid = () =>
    new AppError(
      "invalid_input",
      `${quoted(id.slice(0, 80))} is not an email id, or was not copied exactly.`,
      {
        hint: "Pass an id exactly as a list, search or read answered it.",
      },
    );
  const [tag, validity, uid, ...path] = Buffer.from(id, "base64url").toString("utf8").split("\0");
  if (!tag || !validity || !uid || path.length !== 1) throw invalid();
  if (
    !/^[0-9a-f]{8}[0-9a-z]{3}$/.test(tag) ||
    !/^[0-9a-z]{1,13}$/.test(validity) ||
    !/^[0-9a-z]{1,7}$/.test(uid)
  )
    throw invalid();
  const ref: EmailRef = {
    accountTag: tag.slice(0, 8),
    mailbox: path[0] ?? "",
    uidValidity: [...validity].reduce((sum, digit) => sum * 36n + BigInt(Number.parseInt(digit, 36)), 0n),
    uid: Number.parseInt(uid, 36),
  };
  if (toEmailId(ref) !== id) throw invalid();
  return ref;
}
