/**
 * The beginnings of text parts, and the previews of the mail server (RFC 8970, which imapflow does not know), by several
 * FETCH commands in one flight. Dovecot answers such commands at the same time, so a response belongs to none of them:
 * each is read for all that it holds.
 */
import type { ImapFlow } from "imapflow";
import { isRefusal } from "./failures.ts";
import { sendTogether } from "./pipeline.ts";
import { isHiddenUid } from "./private-mailboxes.ts";
import { atom, canExecute } from "./raw-search.ts";

/** Octets `start` up to `end` of one part of these emails. */
export type PartRange = { uids: readonly number[]; part: string; start: number; end: number };

/** `octets`: of the part that was asked for. */
export type Beginning = { preview?: string; octets?: Buffer };

export const offersPreviews = (imap: ImapFlow): boolean =>
  imap.capabilities.has("PREVIEW") && canExecute(imap);

/**
 * Fetches ranges of parts, each email's in one of `ranges` at most, and the previews of the emails `previewed`: 256
 * characters each (RFC 8970 section 4). Emails that are not there, and those of a refused command, are missing. Throws
 * the failures of a connection.
 */
export async function fetchBeginnings(
  imap: ImapFlow,
  ranges: readonly PartRange[],
  previewed: readonly number[],
): Promise<Map<number, Beginning>> {
  const found = new Map<number, Beginning>();
  if (!canExecute(imap)) return found;
  const asked = new Map(ranges.flatMap((range) => range.uids.map((uid) => [uid, range])));
  const isPreviewed = new Set(previewed);

  async function take({ attributes = [] }: { attributes?: readonly unknown[] }): Promise<void> {
    const items = toItems(attributes.find((token) => Array.isArray(token)));
    const uid = Number(items.get("UID"));
    if (isHiddenUid(imap, uid)) return;
    const range = asked.get(uid);
    const preview = isPreviewed.has(uid) ? items.get("PREVIEW") : undefined;
    const octets = range && items.get(`BODY[${range.part}]`);
    const email = found.get(uid) ?? {};
    if (preview) email.preview = preview.toString("utf8");
    // Some servers send more than they were asked for.
    if (octets && range) email.octets = octets.subarray(0, range.end - range.start);
    found.set(uid, email);
  }

  const send = async (uids: readonly number[], item: object) => {
    if (uids.length === 0) return;
    const set = { type: "SEQUENCE", value: uids.join(",") };
    try {
      const response = await imap.exec("UID FETCH", [set, [atom("UID"), item]], {
        untagged: { FETCH: take },
      });
      response.next();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  };
  await sendTogether(imap, () =>
    Promise.all([
      send(previewed, atom("PREVIEW")),
      ...ranges.map(({ uids, part, start, end }) =>
        send(uids, { ...atom("BODY.PEEK"), section: [atom(part)], partial: [start, end - start] }),
      ),
    ]),
  );
  return found;
}

/** The values of a FETCH response by their names; those of parts as `BODY[1.2]`. NIL is left out. */
function toItems(list: unknown): Map<string, Buffer> {
  const items = new Map<string, Buffer>();
  const tokens = Array.isArray(list) ? list : [];
  for (let at = 0; at + 1 < tokens.length; at += 2) {
    const value = readValue(tokens[at + 1]);
    if (value !== undefined) items.set(toItemName(tokens[at]), Buffer.from(value));
  }
  return items;
}

function toItemName(token: unknown): string {
  const name = String(readValue(token) ?? "").toUpperCase();
  const hasSection = typeof token === "object" && token !== null && "section" in token;
  if (!hasSection || !Array.isArray(token.section)) return name;
  return `${name}[${token.section.map(readValue).join(" ")}]`;
}

function readValue(token: unknown): string | Buffer | undefined {
  const value = typeof token === "object" && token !== null && "value" in token ? token.value : undefined;
  return typeof value === "string" || Buffer.isBuffer(value) ? value : undefined;
}
