/** overview: who writes to a mailbox, counted over all its emails in few round trips. */

import type { ImapFlow } from "imapflow";
import { decodeHeaderText, headerValue, parseHeaders, toIsoDate } from "../../email/headers.ts";
import { fetchByUid } from "../../imap/fetch.ts";
import { fetchMany } from "../../imap/fetch-many.ts";
import { formatUtcTime, lowerCaseFlags, toReceivedAt } from "../../imap/fetched-values.ts";
import type { MailboxCache } from "../../imap/mailbox-cache.ts";
import { atom } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import { readFresh } from "../../imap/sync.ts";
import { splitUids, toUidSet } from "../../imap/uid-set.ts";
import { parseQuery } from "../../query/parse-query.ts";
import type { Query } from "../../query/query.ts";
import { mapInTurns } from "../../turns.ts";
import type { Access } from "../access.ts";
import { withMailboxPath } from "../mailbox-paths.ts";
import type { Overview, OverviewSender } from "../reading.ts";
import { findUidsOf } from "./find-matches.ts";
import { withNearestMailbox } from "./nearest-mailbox.ts";
import { toSelection } from "./selection.ts";
import {
  type GroupedEmail,
  groupBySender,
  type SenderGroup,
  toGroupedEmail,
  toGroupQuery,
} from "./sender-groups.ts";

/** Emails that are counted at most, the newest: their headers take some 100 octets each. */
const maxEmails = 20_000;

type OverviewRequest = { mailbox: string; since?: string; unreadOnly: boolean; senders: number };

/** Throws mailbox_not_found, unsupported_query for `since`, and the failures of a connection. */
export async function getOverview(access: Access, request: OverviewRequest): Promise<Overview> {
  const condition = toCondition(access, request);
  const work = (imap: ImapFlow, cache: MailboxCache) =>
    readOverview(access, imap, cache, { condition, senders: request.senders });
  return withMailboxPath(access, request.mailbox, (named) =>
    withNearestMailbox(access, named, (path) => access.read(path, work)),
  );
}

/** The condition on the emails that are counted. */
function toCondition(access: Access, { since, unreadOnly }: OverviewRequest): Query[] {
  const span =
    since === undefined ? "" : /^\d+[dwmy]$/i.test(since) ? `newer_than:${since}` : `after:${since}`;
  const dated = span === "" ? [] : [parseQuery(span, { clock: access.clock, self: access.address })];
  return [...dated, ...(unreadOnly ? [{ kind: "flag" as const, flag: "seen" as const, set: false }] : [])];
}

async function readOverview(
  access: Access,
  imap: ImapFlow,
  cache: MailboxCache,
  { condition, senders }: { condition: Query[]; senders: number },
): Promise<Overview> {
  const { path, uidValidity } = requireSelected(imap);
  const query: Query | undefined = condition.length === 0 ? undefined : { kind: "all", of: condition };
  const uids = await readFresh(imap, () => findUidsOf({ imap, cache }, query, [atom("ALL")]));
  const counted = uids.slice(-maxEmails);
  const { emails, unreadable } = await fetchGrouped(imap, cache, counted);
  const groups = groupBySender(emails);
  const shown = groups.slice(0, senders);
  const subjects = await fetchNewest(imap, shown);
  return {
    mailbox: path,
    total: uids.length,
    counted: emails.length,
    unreadable,
    unread: emails.filter(({ unread }) => unread).length,
    groups: groups.length,
    senders: groups.map((group, at): OverviewSender => {
      const groupQuery = at < senders ? toGroupQuery(group, emails) : undefined;
      const { subject, date } = subjects.get(group.newest.uid) ?? { subject: "", date: "" };
      return {
        from: group.from,
        list: group.list || undefined,
        count: group.emails.length,
        unread: group.emails.filter(({ unread }) => unread).length,
        subject,
        newest: date || formatUtcTime(group.newest.receivedAt),
        selection:
          groupQuery &&
          toSelection(access.accountTag, [
            {
              path,
              validity: String(uidValidity),
              query: condition.length === 0 ? groupQuery : { kind: "all", of: [groupQuery, ...condition] },
              uids: group.emails.map(({ uid }) => uid),
            },
          ]),
      };
    }),
  };
}

async function fetchGrouped(
  imap: ImapFlow,
  cache: MailboxCache,
  uids: readonly number[],
): Promise<{ emails: GroupedEmail[]; unreadable: number }> {
  const query = { uid: true, flags: true, internalDate: true, headers: ["from", "list-id"] };
  const emails: GroupedEmail[] = [];
  let unreadable = 0;
  for (const part of splitUids(uids)) {
    const fetched = await fetchMany(imap, cache, part, query);
    unreadable += fetched.unreadable.length;
    const grouped = await mapInTurns(fetched.emails, (email) =>
      toGroupedEmail(parseHeaders(email.headers ?? Buffer.alloc(0)), {
        uid: email.uid,
        receivedAt: toReceivedAt(email),
        unread: !lowerCaseFlags(email).has("\\seen"),
      }),
    );
    emails.push(...grouped);
  }
  return { emails, unreadable };
}

/** Subject and date of the newest email of each group. */
async function fetchNewest(
  imap: ImapFlow,
  groups: readonly SenderGroup[],
): Promise<Map<number, { subject: string; date: string }>> {
  if (groups.length === 0) return new Map();
  const set = toUidSet(groups.map(({ newest }) => newest.uid));
  const fetched = await fetchByUid(imap, set, { uid: true, headers: ["subject", "date"] });
  const newest = await mapInTurns(fetched, ({ uid, headers }) => {
    const fields = parseHeaders(headers ?? Buffer.alloc(0));
    const subject = decodeHeaderText(headerValue(fields, "subject"));
    return [uid, { subject, date: toIsoDate(headerValue(fields, "date")) ?? "" }] as const;
  });
  return new Map(newest);
}
