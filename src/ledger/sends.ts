/**
 * What was sent, so that an email goes out once and no grant sends too much. Kept for 24 hours, across restarts.
 *
 * The row is written before the mail server hears of the email and settled after, so that whatever happens in between
 * (a lost connection, a killed process) leaves "may have been sent", which is never sent again by itself.
 */
import { and, desc, eq, gt, inArray, lt, or } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
import { sends } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { type Log, toErrorFields } from "../log.ts";
import { hashUnder, newId, seal, unseal } from "../secrets.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export type SendLimits = {
  perHour: number;
  perDay: number;
  /** How long the same email to the same people counts as a repetition. */
  repeatMs: number;
};

export const sendLimits: SendLimits = { perHour: 10, perDay: 50, repeatMs: 600_000 };

/** What makes two calls the same send. */
export type SendAttempt<Answer> = {
  accountId: string;
  /** The caller's idempotency key. */
  key?: string | undefined;
  /** What was asked for, as one string. */
  request: string;
  /** Reads an answer that was kept. */
  parse(kept: unknown): Answer;
};

export type PreparedSend<Answer> = {
  /** The finished email as one string, without time and Message-ID. */
  content: string;
  recipients: number;
  /** Hands it to the mail server. Throws maybe_sent when nobody can know. */
  send(): Promise<Answer>;
};

export type SendResult<Answer> = {
  answer: Answer;
  /** When it was sent before, milliseconds since the epoch; absent when it was sent by this call. */
  sentBeforeAt?: number;
};

export type Sends = ReturnType<ReturnType<typeof createSends>["forGrant"]>;

type Row = typeof sends.$inferSelect;

/** Settles what a former process left open: it may have been sent. */
export function createSends(deps: { db: Database; clock: Clock; log: Log; limits?: SendLimits }) {
  const { db, clock, log, limits = sendLimits } = deps;
  const underWay = new Map<string, Promise<unknown>>();
  db.update(sends).set({ state: "maybe_sent" }).where(eq(sends.state, "sending")).run();

  const sealContext = (row: { id: string; grantId: string }) => `v1 send ${row.grantId} ${row.id}`;
  const isOpen = inArray(sends.state, ["sending", "sent", "maybe_sent"]);

  return {
    /** Forgets what is older than a day. */
    sweep(): void {
      db.delete(sends)
        .where(lt(sends.createdAt, clock.now() - dayMs))
        .run();
    },

    forGrant(grant: LiveGrant) {
      // Under the data key, which outlives a rotation of the server key, and which the disk does not open.
      const hash = (purpose: string, value: string) => hashUnder(grant.dataKey, `send ${purpose}`, value);

      /** The send this one repeats: by its key within a day, else by what it is within ten minutes. */
      function find(marks: {
        keyHash?: string | undefined;
        requestHash: string;
        contentHash?: string;
      }): Row | undefined {
        const same = [
          eq(sends.requestHash, marks.requestHash),
          ...(marks.contentHash ? [eq(sends.contentHash, marks.contentHash)] : []),
        ];
        const now = clock.now();
        return db
          .select()
          .from(sends)
          .where(
            and(
              eq(sends.grantId, grant.id),
              isOpen,
              or(
                ...(marks.keyHash
                  ? [and(eq(sends.keyHash, marks.keyHash), gt(sends.createdAt, now - dayMs))]
                  : []),
                and(or(...same), gt(sends.createdAt, now - limits.repeatMs)),
              ),
            ),
          )
          .orderBy(desc(sends.createdAt))
          .get();
      }

      /** Throws rate_limited with when the next one may go. */
      function requireRoom(): void {
        const now = clock.now();
        const times = db
          .select({ at: sends.createdAt })
          .from(sends)
          .where(and(eq(sends.grantId, grant.id), isOpen, gt(sends.createdAt, now - dayMs)))
          .orderBy(desc(sends.createdAt))
          .all()
          .map(({ at }) => at);
        const overHour = times.filter((at) => at > now - hourMs)[limits.perHour - 1];
        const overDay = times[limits.perDay - 1];
        const free = Math.max(
          overHour === undefined ? 0 : overHour + hourMs,
          overDay === undefined ? 0 : overDay + dayMs,
        );
        if (free <= now) return;
        const which =
          overDay === undefined ? `${limits.perHour} emails an hour` : `${limits.perDay} emails a day`;
        throw new AppError(
          "rate_limited",
          `This connection may send ${which}; the next may go at ${toIso(free)}.`,
          {
            hint: "Nothing was sent. Save it as a draft, or wait until then.",
            retryAfterSeconds: Math.ceil((free - now) / 1000),
          },
        );
      }

      async function repeat<Answer>(row: Row, attempt: SendAttempt<Answer>): Promise<SendResult<Answer>> {
        const running = underWay.get(row.id);
        if (running) return { answer: attempt.parse(await running), sentBeforeAt: row.createdAt };
        if (row.state === "sent" && row.answer) {
          const kept: unknown = JSON.parse(
            unseal(grant.dataKey, row.answer, sealContext(row)).toString("utf8"),
          );
          return { answer: attempt.parse(kept), sentBeforeAt: row.createdAt };
        }
        throw new AppError(
          "maybe_sent",
          `The same email may have been sent at ${toIso(row.createdAt)}; it was not sent again.`,
        );
      }

      /** Sends and settles the row. A success is a success even when it cannot be written down any more. */
      async function settle<Answer>(id: string, work: Promise<Answer>): Promise<Answer> {
        const write = (values: Partial<Row>) => {
          try {
            db.update(sends).set(values).where(eq(sends.id, id)).run();
          } catch (error) {
            // The row stays "sending", which a repetition takes for "may have been sent".
            log.error("send_unwritten", { grant: grant.id, error: toErrorFields(error) });
          }
        };
        try {
          const answer = await work;
          const kept = seal(grant.dataKey, JSON.stringify(answer), sealContext({ id, grantId: grant.id }));
          write({ state: "sent", answer: kept });
          return answer;
        } catch (error) {
          const unsure = !(error instanceof AppError) || error.code === "maybe_sent";
          write({ state: unsure ? "maybe_sent" : "failed" });
          throw error;
        } finally {
          underWay.delete(id);
        }
      }

      return {
        /**
         * Sends what `prepare` makes, unless the same was sent before: then the former answer comes back.
         * Throws maybe_sent, rate_limited, invalid_input (a key used for another email), and what `send` throws.
         */
        async once<Answer>(
          attempt: SendAttempt<Answer>,
          prepare: () => Promise<PreparedSend<Answer>>,
        ): Promise<SendResult<Answer>> {
          const { accountId, key } = attempt;
          const keyHash = key === undefined ? undefined : hash("key", key);
          const requestHash = hash("request", `${accountId}\0${attempt.request}`);
          /** The key is the same and what is asked is not. */
          const isAnother = (row: Row) => row.requestHash !== requestHash && row.keyHash === keyHash;
          const known = find({ keyHash, requestHash });
          if (known) {
            if (isAnother(known)) throw keyTaken();
            return repeat(known, attempt);
          }
          requireRoom();
          const prepared = await prepare();
          const contentHash = hash("content", `${accountId}\0${prepared.content}`);
          const id = newId("snd");
          // One synchronous statement block: of two calls at once, one finds the other's row.
          const former = db.transaction((): Row | undefined => {
            const meanwhile = find({ keyHash, requestHash, contentHash });
            if (meanwhile) return meanwhile;
            requireRoom();
            db.insert(sends)
              .values({
                id,
                grantId: grant.id,
                accountId,
                keyHash: keyHash ?? null,
                requestHash,
                contentHash,
                state: "sending",
                recipients: prepared.recipients,
                createdAt: clock.now(),
              })
              .run();
            return undefined;
          });
          if (former && isAnother(former) && former.contentHash !== contentHash) throw keyTaken();
          if (former) return repeat(former, attempt);
          const sending = settle(id, prepared.send());
          underWay.set(id, sending);
          return { answer: await sending };
        },
      };
    },
  };
}

const keyTaken = () =>
  new AppError("invalid_input", "This `idempotency_key` was used for another email within the last day.", {
    hint: "Nothing was sent. Use a new key for a new email, or none.",
  });

const toIso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
