/**
 * One-time links to attachments: ten minutes, once. The file goes from the mail server to the browser as it comes;
 * nothing of it touches the disk.
 */
import { z } from "zod";
import type { Vault } from "../accounts/vault.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { Links } from "./links.ts";

const lifetimeSeconds = 600;

const target = z.object({ id: z.string(), index: z.int() });

export type Download = { name: string; body: ReadableStream<Uint8Array> };

export type Downloads = ReturnType<typeof createDownloads>;

export function createDownloads({ links, vault }: { links: Links; vault: Pick<Vault, "withAccounts"> }) {
  return {
    forGrant: (grant: Pick<LiveGrant, "id" | "dataKey">) => ({
      /** A link to one attachment. Throws rate_limited. */
      make: (attachment: { id: string; index: number }) =>
        links.make(grant, { kind: "download", target: attachment, lifetimeSeconds }),
    }),

    /** Spends nothing. Throws link_expired for a link that gives nothing any more. */
    look(secret: string): void {
      if (links.open("download", secret).used)
        throw new AppError("link_expired", "This link was used already.");
    },

    /**
     * Spends the link and begins the file; it ends with `signal`. Throws link_expired and what reading the email
     * throws, before the first byte; then the link is good again. A failure later breaks the stream off.
     */
    async open(secret: string, signal: AbortSignal): Promise<Download> {
      const { grant, target: sealedTarget } = links.spend("download", secret);
      const { id, index } = target.parse(sealedTarget);
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      const begun = Promise.withResolvers<Download>();
      const whole = vault.withAccounts(grant, signal, async (accounts) => {
        const account = accounts.find((candidate) => candidate.ownsEmailId(id));
        if (!account) throw new AppError("link_expired", "The account is not connected any more.");
        await account.streamAttachment({ id, index }, async ({ name, chunks }) => {
          begun.resolve({ name, body: readable });
          for await (const chunk of chunks) {
            await writer.ready;
            await writer.write(chunk);
          }
          await writer.close();
        });
      });
      let started = false;
      begun.promise.then(
        () => {
          started = true;
        },
        () => {},
      );
      whole
        .catch(async (error: unknown) => {
          begun.reject(error);
          if (!started) links.giveBack(secret);
          // Through the writer: a stream that has one refuses to be aborted, and the browser would wait on.
          await writer.abort(error).catch(() => {});
        })
        // On a full disk the link stays spent; nobody is left to be told.
        .catch(() => {});
      return begun.promise;
    },
  };
}
