/**
 * One-time download links for attachments, valid for ten minutes. The file is streamed from the mail server to the
 * browser; no part of it is written to the disk.
 */
import { z } from "zod";
import type { Vault } from "../accounts/vault.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Links } from "./links.ts";

const downloadLinkSeconds = 600;

const attachmentTarget = z.object({ id: z.string(), index: z.int() });

type Download = { name: string; body: ReadableStream<Uint8Array> };

export type Downloads = ReturnType<typeof createDownloads>;

export function createDownloads({ links, vault }: { links: Links; vault: Pick<Vault, "withAccounts"> }) {
  return {
    forGrant: (grant: Pick<LiveGrant, "id" | "dataKey">) => ({
      /** Creates a link to one attachment. Throws rate_limited. */
      create: (attachment: { id: string; index: number }) =>
        links.create(grant, {
          kind: "download",
          target: attachment,
          lifetimeSeconds: downloadLinkSeconds,
        }),
    }),

    /** Checks a link without redeeming it. Throws link_expired when it is used, expired or unknown. */
    async requireUnused(secret: string): Promise<void> {
      if ((await links.read("download", secret)).used)
        throw new AppError("link_expired", "This link was used already.");
    },

    /**
     * Redeems the link and starts the download, which ends with `signal`. Throws link_expired and the errors of
     * reading the email before the first byte; the link is usable again then. A later failure aborts the stream.
     */
    async open(secret: string, signal: AbortSignal): Promise<Download> {
      const { grant, target } = await links.redeem("download", secret);
      const { id, index } = attachmentTarget.parse(target);
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      const download = Promise.withResolvers<Download>();
      let started = false;
      vault
        .withAccounts(grant, signal, async (accounts) => {
          const account = accounts.find((candidate) => candidate.ownsEmailId(id));
          if (!account) throw new AppError("link_expired", "The account is not connected any more.");
          await account.streamAttachment({ id, index }, async ({ name, chunks }) => {
            started = true;
            download.resolve({ name, body: readable });
            await writeAll(chunks, writer);
          });
        })
        .catch(async (error: unknown) => {
          download.reject(error);
          if (!started) await links.restore(secret);
          // Through the writer: a locked stream cannot be aborted itself, and the browser would wait for its end.
          await writer.abort(error).catch(() => {});
        })
        // On a full disk the link cannot be restored; the answer has been sent, so there is nobody to report it to.
        .catch(() => {});
      return download.promise;
    },
  };
}

async function writeAll(
  chunks: AsyncIterable<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  for await (const chunk of chunks) {
    await writer.ready;
    await writer.write(chunk);
  }
  await writer.close();
}
