/**
 * Selections as strings: sealed under the grant's data key, so that they tell nothing and cannot be changed, and valid
 * for an hour. Nothing is stored: every replica of the server can open them.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Selection } from "../mail/mail-account.ts";
import { seal, unseal } from "../secrets.ts";

const lifetimeSeconds = 3_600;

/** Text that most selections contain, so that it takes no octets in theirs. */
const dictionary = Buffer.from(
  '"kind":"keyword","keyword":"not","of":{"kind":"size","over":"under":"field","field":"subject","text":"to",' +
    '"kind":"words","exact":true,"kind":"label","label":"kind":"sent","kind":"flag","flag":"flagged","set":true' +
    '[{"kind":"any","of":[{"kind":"all","of":[{"kind":"field","field":"from","text":"no-reply@newsletter@news@gmail.com' +
    '","exact":true},{"kind":"not","of":{"kind":"flag","flag":"seen","set":false}]}{"kind":"received","since":"202' +
    '{"kind":"all","of":[{"kind":"header","header":"List-Id","text":""},{"kind":"received","before":"2026-01-01' +
    'T00:00:00.000Z"}]},"Archive","[[{"kind":"header","header":"List-Id","text":".list-id.mcsv.net.list-manage.com' +
    '"},"INBOX","',
);

type Query = NonNullable<Selection["parts"][number]["query"]>;

/**
 * Account, time in seconds, count and hash as one string; then for each part its query, and path, UIDVALIDITY and UIDs
 * of each mailbox. Numbers are in base 36.
 */
const storedSelection = z.tuple([z.string(), z.array(z.tuple([z.custom<Query>().nullable()], z.string()))]);

export type Selections = {
  /** Makes a string of a selection. */
  seal(selection: Selection): string;
  /** Throws selection_expired for a string that is older than an hour, of another grant, or not copied exactly. */
  open(text: string): Selection;
};

/** The selections of one grant. */
export function createSelections({ grant, clock }: { grant: LiveGrant; clock: Clock }): Selections {
  const context = `v1 selection ${grant.id}`;
  const now = () => Math.floor(clock.now() / 1000);
  return {
    seal({ accountTag, parts, count, hash }) {
      const stored: z.input<typeof storedSelection> = [
        [accountTag, toBase36(now()), toBase36(count), hash].join("."),
        parts.map(({ query, mailboxes }) => [
          query ?? null,
          ...mailboxes.flatMap(({ path, uidValidity, nextUid, highestUid }) => [
            path,
            [BigInt(uidValidity).toString(36), toBase36(nextUid), toBase36(highestUid)].join("."),
          ]),
        ]),
      ];
      const packed = deflateRawSync(JSON.stringify(stored), { dictionary, level: 9 });
      return seal(grant.dataKey, packed, context).toString("base64url");
    },

    open(text) {
      const [head, parts] = parseSelection(grant, text.trim(), context);
      const [accountTag = "", madeAt, count, hash = ""] = head.split(".");
      if (now() - fromBase36(madeAt) > lifetimeSeconds)
        throw new AppError("selection_expired", "The selection is older than an hour.");
      return {
        accountTag,
        count: fromBase36(count),
        hash,
        parts: parts.map(([query, ...mailboxes]) => ({
          query: query === null ? undefined : reviveDates(query),
          mailboxes: toMailboxes(mailboxes),
        })),
      };
    },
  };
}

const toBase36 = (value: number) => value.toString(36);
const fromBase36 = (text = "") => Number.parseInt(text, 36);

/** Reads path and numbers of each mailbox, in turn. */
function toMailboxes(fields: readonly string[]): Selection["parts"][number]["mailboxes"] {
  return Array.from({ length: fields.length / 2 }, (_, at) => {
    const [validity = "", nextUid, highestUid] = (fields[2 * at + 1] ?? "").split(".");
    const digits = [...validity].map((digit) => BigInt(fromBase36(digit)));
    return {
      path: fields[2 * at] ?? "",
      uidValidity: String(digits.reduce((sum, digit) => sum * 36n + digit, 0n)),
      nextUid: fromBase36(nextUid),
      highestUid: fromBase36(highestUid),
    };
  });
}

/** Throws selection_expired. */
function parseSelection(grant: LiveGrant, text: string, context: string): z.output<typeof storedSelection> {
  try {
    const packed = unseal(grant.dataKey, Buffer.from(text, "base64url"), context);
    return storedSelection.parse(JSON.parse(inflateRawSync(packed, { dictionary }).toString("utf8")));
  } catch (cause) {
    throw new AppError("selection_expired", "This is not a selection of this connection.", {
      hint: "Pass `selection` exactly as search_emails or overview answered it, or search again.",
      cause,
    });
  }
}

/** JSON has no dates: turns those of a query back into dates. */
function reviveDates(query: Query): Query {
  switch (query.kind) {
    case "all":
    case "any":
      return { kind: query.kind, of: query.of.map(reviveDates) };
    case "not":
      return { kind: "not", of: reviveDates(query.of) };
    case "received":
    case "sent": {
      const { since, before } = query;
      return {
        kind: query.kind,
        since: since && new Date(since),
        before: before && new Date(before),
      };
    }
    default:
      return query;
  }
}
