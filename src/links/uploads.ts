/**
 * Files that a person put on the upload page for an email to come: sealed under the grant's data key, kept for at
 * most an hour, deleted when used. One upload is one visit to the page, with one file or more.
 */
import { and, asc, count, eq, gt, lte } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
import { uploadChunks, uploads } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { File } from "../mail/mail-account.ts";
import { newId, seal, unseal } from "../secrets.ts";
import type { Links } from "./links.ts";

export const maxUploadBytes = 25_000_000;
const maxFiles = 20;
/** How long a link waits for files. */
const lifetimeSeconds = 3_600;
/** How long files wait for their email: with the sweep every ten minutes, gone from the disk within an hour. */
const keptMs = 50 * 60_000;
const chunkBytes = 1_000_000;
/** Uploads of one grant that wait to be used. */
const maxWaiting = 4;

const target = z.object({ uploadId: z.string() });
const description = z.array(z.object({ name: z.string(), type: z.string(), size: z.int() }));

export type Uploads = ReturnType<typeof createUploads>;

export function createUploads({ db, clock, links }: { db: Database; clock: Clock; links: Links }) {
  const toContext = (grantId: string, id: string, what: string) => `v1 upload ${grantId} ${id} ${what}`;

  /** Throws rate_limited when a grant has as many uploads as may wait for their emails. */
  function requireRoom(grantId: string): void {
    const waiting = db
      .select({ number: count() })
      .from(uploads)
      .where(and(eq(uploads.grantId, grantId), gt(uploads.expiresAt, clock.now())))
      .get();
    if ((waiting?.number ?? 0) >= maxWaiting)
      throw new AppError("rate_limited", `There are ${maxWaiting} uploads already that no email uses.`, {
        hint: "Send or draft the emails they are for; unused uploads go after an hour.",
        retryAfterSeconds: keptMs / 1000,
      });
  }

  return {
    /** What a link's page shows: whether its files have come. Throws link_expired. */
    look(secret: string): { received: boolean } {
      return { received: links.open("upload", secret).used };
    },

    /**
     * Takes the files of one visit and spends the link. Throws link_expired, too_large, invalid_input, rate_limited;
     * the link is good again when it comes to nothing.
     */
    async receive(secret: string, files: readonly File[]): Promise<void> {
      const total = files.reduce((sum, { content }) => sum + content.length, 0);
      if (files.length === 0 || total === 0)
        throw new AppError("invalid_input", "No file was chosen.", { hint: "Choose at least one file." });
      if (total > maxUploadBytes || files.length > maxFiles)
        throw new AppError("too_large", `At most ${maxFiles} files with 25 MB together can be uploaded.`, {
          hint: "Choose fewer or smaller files.",
        });
      const { grant, target: pointed } = links.spend("upload", secret);
      const { uploadId: id } = target.parse(pointed);
      try {
        // Asked again: more links may be open than uploads may wait.
        requireRoom(grant.id);
        const facts = files.map(({ name, type, content }) => ({ name, type, size: content.length }));
        db.insert(uploads)
          .values({
            id,
            grantId: grant.id,
            description: seal(grant.dataKey, JSON.stringify(facts), toContext(grant.id, id, "description")),
            // Nought until all of it is there.
            sizeBytes: 0,
            expiresAt: clock.now() + keptMs,
          })
          .run();
        let position = 0;
        const whole = Buffer.concat(files.map(({ content }) => content));
        for (let start = 0; start < whole.length; start += chunkBytes) {
          const content = seal(
            grant.dataKey,
            whole.subarray(start, start + chunkBytes),
            toContext(grant.id, id, `chunk ${position}`),
          );
          db.insert(uploadChunks).values({ uploadId: id, position, content }).run();
          position += 1;
          // Others are served between two chunks.
          await Bun.sleep(0);
        }
        db.update(uploads).set({ sizeBytes: total }).where(eq(uploads.id, id)).run();
      } catch (error) {
        db.delete(uploads).where(eq(uploads.id, id)).run();
        links.giveBack(secret);
        throw error;
      }
    },

    /** Forgets uploads that nobody used. */
    sweep(): void {
      db.delete(uploads).where(lte(uploads.expiresAt, clock.now())).run();
    },

    forGrant(grant: LiveGrant) {
      const mine = (id: string) =>
        and(eq(uploads.id, id), eq(uploads.grantId, grant.id), gt(uploads.expiresAt, clock.now()));

      return {
        /** A page for the person, and the id its files will have. Throws rate_limited. */
        request(): { uploadId: string; url: string; expiresAt: number } {
          requireRoom(grant.id);
          const uploadId = newId("upl");
          return {
            uploadId,
            ...links.make(grant, { kind: "upload", target: { uploadId }, lifetimeSeconds }),
          };
        },

        /** The files of an upload. Throws attachment_not_found when there are none, yet or any more. */
        read(id: string): File[] {
          const row = db.select().from(uploads).where(mine(id)).get();
          if (!row || row.sizeBytes === 0)
            throw new AppError("attachment_not_found", "Under this upload no file has come, or it is over.", {
              hint: "Ask the person whether the page said that the files have arrived; make a new one with request_upload after an hour.",
            });
          const facts = description.parse(
            JSON.parse(
              unseal(grant.dataKey, row.description, toContext(grant.id, id, "description")).toString("utf8"),
            ),
          );
          const whole = Buffer.concat(
            db
              .select()
              .from(uploadChunks)
              .where(eq(uploadChunks.uploadId, id))
              .orderBy(asc(uploadChunks.position))
              .all()
              .map(({ content, position }) =>
                unseal(grant.dataKey, content, toContext(grant.id, id, `chunk ${position}`)),
              ),
          );
          let start = 0;
          return facts.map(({ name, type, size }) => {
            const content = whole.subarray(start, start + size);
            start += size;
            return { name, type, content };
          });
        },

        /** Deletes an upload that was used. Never throws: its email is made, and the sweep comes within the hour. */
        remove(id: string): void {
          try {
            db.delete(uploads)
              .where(and(eq(uploads.id, id), eq(uploads.grantId, grant.id)))
              .run();
          } catch {
            // A full disk takes no deletion either.
          }
        },
      };
    },
  };
}
