/** The effect of a deletion, before anything is done. */

import {
  decodeHeaderText,
  formatAddress,
  headerValue,
  parseAddresses,
  parseHeaders,
  toIsoDate,
} from "../../email/headers.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { formatUtcTime, toReceivedAt } from "../../imap/fetched-values.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { toUidSet } from "../../imap/uid-set.ts";
import { mapInTurns } from "../../turns.ts";
import type { Access } from "../access.ts";
import { toMailboxPath } from "../mailbox-paths.ts";
import type { DeletionPlan } from "../writing.ts";
import { toGroups } from "./email-groups.ts";

const query = { uid: true, internalDate: true, headers: ["from", "subject", "date"] };

/** See MailWriting.planDeletion. */
export async function planDeletion(
  access: Access,
  ids: readonly string[],
  permanently: boolean,
): Promise<DeletionPlan> {
  const [trash, tellsNewIds] = await Promise.all([
    toMailboxPath(access, "trash").catch(() => undefined),
    access.read(undefined, async (imap) => imap.capabilities.has("UIDPLUS")),
  ]);
  const isErased = (id: string) => permanently || access.toRef(id).mailbox === trash;
  return {
    toErase: ids.filter(isErased),
    toTrash: ids.filter((id) => !isErased(id)),
    tellsNewIds,
  };
}

/** See MailWriting.describeEmails. */
export async function describeEmails(access: Access, ids: readonly string[]) {
  const found = new Map<string, { from: string; subject: string; date: string; mailbox: string }>();
  for (const group of toGroups(access, ids))
    await access.read(group.mailbox, async (imap) => {
      if (requireSelected(imap).uidValidity !== group.uidValidity) return;
      const emails = await readFresh(imap, () => fetchByUid(imap, toUidSet([...group.ids.keys()]), query));
      await mapInTurns(emails, (email) => {
        const id = group.ids.get(email.uid);
        if (id === undefined) return;
        const headers = parseHeaders(email.headers ?? Buffer.alloc(0));
        const [from] = parseAddresses(headerValue(headers, "from"));
        found.set(id, {
          from: from ? formatAddress(from) : "",
          subject: decodeHeaderText(headerValue(headers, "subject")),
          date: toIsoDate(headerValue(headers, "date")) ?? formatUtcTime(toReceivedAt(email)),
          mailbox: group.mailbox,
        });
      });
    });
  return [...new Set(ids)].flatMap((id) => {
    const email = found.get(id);
    return email ? [{ id, ...email }] : [];
  });
}
