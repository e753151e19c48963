/**
 * Files that a person uploads for an email that is not written yet: sealed under the grant's data key, kept for at most
 * an hour, and deleted once used. An upload is one submission of the upload page, with one or more files.
 */
import { and, asc, count, eq, gt, lte } from "drizzle-orm";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { uploadChunks, uploads } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { AttachedFile } from "../mail/mail-account.ts";
import { newId, seal, unseal } from "../secrets.ts";
import type { Links } from "./links.ts";

export const maxUploadBytes = 25_000_000;
const maxFiles = 20;
const uploadLinkSeconds = 3_600;
/** Time until unused files expire. The sweep runs every ten minutes, so they are deleted within an hour. */
const uploadLifetimeMs = 50 * 60_000;
const chunkBytes = 1_000_000;
/** Maximum number of unused uploads of one grant. */
const maxUnusedUploads = 4;

const uploadTarget = z.object({ uploadId: z.string() });
const fileList = z.array(z.object({ name: z.string(), type: z.string(), size: z.int() }));

export type Uploads = ReturnType<typeof createUploads>;

type UploadsDeps = { db: Database; clock: Clock; links: Links };

export function createUploads(deps: UploadsDeps) {
  const { db, clock, links } = deps;
  return {
    /** Reads the state of an upload page. Throws link_expired. */
    async readState(secret: string): Promise<{ received: boolean }> {
      return { received: (await links.read("upload", secret)).used };
    },

    /**
     * Stores the files of one submission and redeems the link; the link is usable again when that fails. Throws
     * link_expired, too_large, invalid_input, rate_limited.
     */
    receive: (secret: string, files: readonly AttachedFile[]) => receiveFiles(deps, secret, files),

    /** Deletes expired uploads. */
    async sweep(): Promise<void> {
      await db.delete(uploads).where(lte(uploads.expiresAt, clock.now())).run();
    },

    forGrant: (grant: LiveGrant) => ({
      /** Creates an upload page and the id of its upload; `expiresAt` in epoch milliseconds. Throws rate_limited. */
      async request(): Promise<{ uploadId: string; url: string; expiresAt: number }> {
        await requireRoom(deps, grant.id);
        const uploadId = newId("upl");
        const link = { kind: "upload" as const, target: { uploadId }, lifetimeSeconds: uploadLinkSeconds };
        return { uploadId, ...(await links.create(grant, link)) };
      },

      /** Reads the files of an upload. Throws attachment_not_found when there are none. */
      read: (id: string): Promise<AttachedFile[]> => readFiles(deps, grant, id),

      /** Deletes an upload that was used. Never throws: the email exists, and the sweep deletes it later. */
      async remove(id: string): Promise<void> {
        try {
          await db
            .delete(uploads)
            .where(and(eq(uploads.id, id), eq(uploads.grantId, grant.id)))
            .run();
        } catch {
          // On a full disk a deletion fails as well.
        }
      },
    }),
  };
}

/** Throws rate_limited when the grant has the maximum number of unused uploads. */
async function requireRoom({ db, clock }: UploadsDeps, grantId: string): Promise<void> {
  const unused = await db
    .select({ number: count() })
    .from(uploads)
    .where(and(eq(uploads.grantId, grantId), gt(uploads.expiresAt, clock.now())))
    .get();
  if ((unused?.number ?? 0) >= maxUnusedUploads)
    throw new AppError("rate_limited", `There are already ${maxUnusedUploads} uploads that no email uses.`, {
      hint: "Send or draft the emails they are for; unused uploads are deleted after an hour.",
      retryAfterSeconds: uploadLifetimeMs / 1000,
    });
}

async function receiveFiles(
  deps: UploadsDeps,
  secret: string,
  files: readonly AttachedFile[],
): Promise<void> {
  const { db, links } = deps;
  const totalBytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (files.length === 0 || totalBytes === 0)
    throw new AppError("invalid_input", "No file was chosen.", { hint: "Choose at least one file." });
  if (totalBytes > maxUploadBytes || files.length > maxFiles)
    throw new AppError("too_large", `At most ${maxFiles} files with 25 MB together can be uploaded.`, {
      hint: "Choose fewer or smaller files.",
    });
  const { grant, target } = await links.redeem("upload", secret);
  const { uploadId } = uploadTarget.parse(target);
  try {
    // Checked again: a grant may have more unused links than unused uploads.
    await requireRoom(deps, grant.id);
    await storeFiles(deps, grant, uploadId, files);
  } catch (error) {
    await db.delete(uploads).where(eq(uploads.id, uploadId)).run();
    await links.restore(secret);
    throw error;
  }
}

/** Writes the files as one sequence of sealed chunks. `sizeBytes` stays 0 until the last one is written. */
async function storeFiles(
  { db, clock }: UploadsDeps,
  { id: grantId, dataKey }: LiveGrant,
  uploadId: string,
  files: readonly AttachedFile[],
): Promise<void> {
  const list = files.map(({ name, type, content }) => ({ name, type, size: content.length }));
  const whole = Buffer.concat(files.map(({ content }) => content));
  await db
    .insert(uploads)
    .values({
      id: uploadId,
      grantId,
      description: seal(dataKey, JSON.stringify(list), toUploadContext(grantId, uploadId, "description")),
      sizeBytes: 0,
      expiresAt: clock.now() + uploadLifetimeMs,
    })
    .run();
  for (let position = 0; position * chunkBytes < whole.length; position += 1) {
    const start = position * chunkBytes;
    const context = toUploadContext(grantId, uploadId, `chunk ${position}`);
    const content = seal(dataKey, whole.subarray(start, start + chunkBytes), context);
    await db.insert(uploadChunks).values({ uploadId, position, content }).run();
    // Yields to other requests between two chunks.
    await Bun.sleep(0);
  }
  await db.update(uploads).set({ sizeBytes: whole.length }).where(eq(uploads.id, uploadId)).run();
}

async function readFiles({ db, clock }: UploadsDeps, grant: LiveGrant, id: string): Promise<AttachedFile[]> {
  const row = await db
    .select()
    .from(uploads)
    .where(and(eq(uploads.id, id), eq(uploads.grantId, grant.id), gt(uploads.expiresAt, clock.now())))
    .get();
  if (!row || row.sizeBytes === 0)
    throw new AppError("attachment_not_found", "No file has arrived for this upload, or it has expired.", {
      hint: "Ask the person whether the page said that the files have arrived; make a new one with request_upload after an hour.",
    });
  const open = (sealed: Buffer, field: string) =>
    unseal(grant.dataKey, sealed, toUploadContext(grant.id, id, field));
  const list = fileList.parse(JSON.parse(open(row.description, "description").toString("utf8")));
  const chunks = await db
    .select()
    .from(uploadChunks)
    .where(eq(uploadChunks.uploadId, id))
    .orderBy(asc(uploadChunks.position))
    .all();
  const whole = Buffer.concat(chunks.map(({ content, position }) => open(content, `chunk ${position}`)));
  let start = 0;
  return list.map(({ name, type, size }) => {
    const content = whole.subarray(start, start + size);
    start += size;
    return { name, type, content };
  });
}

/** Additional data of a sealed field: binds it to its row. */
function toUploadContext(grantId: string, id: string, field: string): string {
  return `v1 upload ${grantId} ${id} ${field}`;
}
