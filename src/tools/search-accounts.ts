/**
 * One search over all accounts of a grant: each asked side by side, the rows merged newest first. The cursor keeps,
 * for each account, the page it is in and the last row of it that was shown; so nothing repeats and nothing is
 * skipped, also while mail arrives.
 */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { EmailPage, EmailRow, Mail } from "../mail/mail.ts";

export type AccountsRequest = { query: string; mailbox?: string; limit: number; cursor?: string };

/** What `account` means them all. */
export const allAccounts = "all";

/** A row says whose it is where an answer holds several accounts'. */
export type AccountsPage = Omit<EmailPage, "emails"> & { emails: (EmailRow & { account: string })[] };

/** `page`: the account's own cursor, absent at the start. `shown`: how many of its rows were, and which was the last. */
const place = z.object({
  account: z.string(),
  page: z.string().optional(),
  shown: z.object({ count: z.int(), last: z.string() }).optional(),
  finished: z.boolean().optional(),
});
type Place = z.output<typeof place>;
const cursorShape = z.object({ asked: z.string(), places: z.array(place) });

/** What one account has to offer for the next rows; `after` is its next page, absent at its end. */
type Offer = { mail: Mail; place: Place; rows: EmailRow[]; after: string | undefined; page: EmailPage };

/** Throws when no account could be searched, cursor_expired for a cursor to another question. */
export async function searchAccounts(
  mails: readonly Mail[],
  request: AccountsRequest,
  signal: AbortSignal,
): Promise<AccountsPage> {
  const asked = digest(JSON.stringify([request.query, request.mailbox ?? ""]));
  const places = request.cursor === undefined ? [] : fromCursor(request.cursor, asked);
  const placeOf = ({ accountId }: Mail): Place =>
    places.find(({ account }) => account === accountId) ?? { account: accountId };

  const answers = await Promise.allSettled(mails.map((mail) => look(mail, placeOf(mail), request)));
  const offers = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const failures = answers.map((answer) => (answer.status === "rejected" ? answer.reason : undefined));
  const unforeseen = failures.find((failure) => failure !== undefined && !(failure instanceof AppError));
  if (unforeseen || signal.aborted || offers.length === 0) throw unforeseen ?? failures.find(Boolean);

  const taken = merge(offers, request.limit);
  const next = mails.map((mail) => {
    const offer = offers.find((candidate) => candidate.mail === mail);
    return offer ? toNext(offer, taken) : placeOf(mail);
  });
  const several = (mail: Mail, text: string) => `${mail.address}: ${text}`;
  return {
    emails: taken.map(({ offer, row }) => ({ ...row, account: offer.mail.address })),
    total: offers.reduce((sum, { page }) => sum + page.total, 0),
    searched: offers.flatMap(({ mail, page }) => page.searched.map((path) => several(mail, path))),
    skipped: [
      ...offers.flatMap(({ mail, page }) =>
        page.skipped.map(({ mailbox, reason }) => ({ mailbox: several(mail, mailbox), reason })),
      ),
      ...mails.flatMap((mail, at) => {
        const failure = failures[at];
        return failure instanceof AppError ? [{ mailbox: mail.address, reason: failure.message }] : [];
      }),
    ],
    ...(next.every(({ finished }) => finished) ? {} : { cursor: toCursor({ asked, places: next }) }),
  };
}

/** The account's rows from its place on, without those that were shown. */
async function look(mail: Mail, from: Place, request: AccountsRequest): Promise<Offer> {
  const { query, mailbox } = request;
  // Rows that were shown come again at the head of their page: ask for as many more.
  const limit = Math.min(100, request.limit + (from.shown?.count ?? 0));
  const ask = (cursor: string | undefined) =>
    mail.searchEmails({
      query,
      limit,
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(cursor === undefined ? {} : { cursor }),
    });
  const page = await ask(from.page);
  if (from.finished) return { mail, place: from, rows: [], after: undefined, page };
  const rows = page.emails.slice(countShown(page.emails, from.shown));
  if (rows.length > 0 || page.cursor === undefined)
    return { mail, place: from, rows, after: page.cursor, page };
  const further = await ask(page.cursor);
  const place = { account: from.account, page: page.cursor };
  return { mail, place, rows: further.emails, after: further.cursor, page: further };
}

/** By the last row that was shown; where that email is gone, by how many there were. */
function countShown(rows: readonly EmailRow[], shown: Place["shown"]): number {
  if (!shown) return 0;
  const last = rows.findIndex(({ id }) => digest(id) === shown.last);
  return last >= 0 ? last + 1 : shown.count;
}

type Taken = { offer: Offer; row: EmailRow };

/**
 * The newest `limit` rows of all. An account whose rows ran out but which has more stops the merge there: its next
 * row could be newer than what another account still has.
 */
function merge(offers: readonly Offer[], limit: number): Taken[] {
  const heads = new Map(offers.map((offer) => [offer, 0]));
  const taken: Taken[] = [];
  while (taken.length < limit) {
    if (offers.some((offer) => offer.after && (heads.get(offer) ?? 0) >= offer.rows.length)) break;
    const candidates = offers.flatMap((offer) => {
      const row = offer.rows[heads.get(offer) ?? 0];
      return row ? [{ offer, row }] : [];
    });
    const [newest] = candidates.toSorted((a, b) => Date.parse(b.row.date) - Date.parse(a.row.date));
    if (!newest) break;
    taken.push(newest);
    heads.set(newest.offer, (heads.get(newest.offer) ?? 0) + 1);
  }
  return taken;
}

function toNext(offer: Offer, taken: readonly Taken[]): Place {
  const { account, page, shown } = offer.place;
  const own = taken.filter((each) => each.offer === offer);
  if (own.length === offer.rows.length)
    return offer.after === undefined ? { account, page, finished: true } : { account, page: offer.after };
  const last = own.at(-1);
  if (!last) return offer.place;
  return { account, page, shown: { count: (shown?.count ?? 0) + own.length, last: digest(last.row.id) } };
}

/** Short and not secret: to recognise, not to protect. */
function digest(text: string): string {
  return Bun.hash(text).toString(36);
}

function toCursor(cursor: z.output<typeof cursorShape>): string {
  return Buffer.from(JSON.stringify(cursor), "utf8").toString("base64url");
}

function fromCursor(text: string, asked: string): Place[] {
  const expired = () =>
    new AppError("cursor_expired", "The cursor belongs to another question.", {
      hint: "Repeat the same arguments with the cursor, or start again without it.",
    });
  try {
    const parsed = cursorShape.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    if (parsed.asked === asked) return parsed.places;
  } catch {
    throw expired();
  }
  throw expired();
}
