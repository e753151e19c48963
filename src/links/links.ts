/**
 * One-time links for a person's browser. The URL holds a secret of which only the hash is stored. The grant's data key
 * is wrapped under that secret, so that the target of a link can be unsealed with the link, and not from the disk.
 */
import { and, count, eq, gt, isNull, lte } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database, Queries } from "../db/database.ts";
import { grants, links } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { hashSecret, newToken, type Secrets, seal, unseal } from "../secrets.ts";

type LinkKind = "download" | "upload";

/** A link, read with its secret. */
type LinkContent = {
  grant: LiveGrant;
  /** The JSON value given to `create`; the caller validates its shape. */
  target: unknown;
  used: boolean;
};

/** Maximum number of unused links of one grant. */
const maxUnused: Readonly<Record<LinkKind, number>> = { download: 100, upload: 20 };

export type Links = ReturnType<typeof createLinks>;

type LinksDeps = {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  publicUrl: string;
  /** The additional data that binds a wrapped data key to its grant; the rotation of the server key uses the same. */
  toWrapContext: (grantId: string) => string;
};

export function createLinks(deps: LinksDeps) {
  const { db, clock } = deps;
  return {
    /**
     * Creates a link; `target` is a JSON value, `expiresAt` in milliseconds since the epoch. Throws rate_limited when
     * the grant has too many unused links.
     */
    create: (
      grant: Pick<LiveGrant, "id" | "dataKey">,
      link: { kind: LinkKind; target: unknown; lifetimeSeconds: number },
    ): Promise<{ url: string; expiresAt: number }> =>
      db.transaction(async (tx) => {
        await db.lock(tx, grant.id);
        return createLink(deps, tx, grant, link);
      }),

    /** Reads a link without using it, for example for the link preview of a mail program. Throws link_expired. */
    read: (kind: LinkKind, secret: string): Promise<LinkContent> => readLink(deps, kind, secret),

    /** Reads a link and marks it as used: of two concurrent requests, one succeeds. Throws link_expired. */
    async redeem(kind: LinkKind, secret: string): Promise<LinkContent> {
      const link = await readLink(deps, kind, secret);
      const redeemed = await db
        .update(links)
        .set({ usedAt: clock.now() })
        .where(and(eq(links.hash, hashSecret(secret)), isNull(links.usedAt)))
        .returning({ hash: links.hash })
        .all();
      if (redeemed.length === 0) throw new AppError("link_expired", "This link was used already.");
      return link;
    },

    /** Makes a redeemed link usable again after its purpose failed. */
    async restore(secret: string): Promise<void> {
      await db
        .update(links)
        .set({ usedAt: null })
        .where(eq(links.hash, hashSecret(secret)))
        .run();
    },

    /** Deletes expired links. */
    async sweep(): Promise<void> {
      await db.delete(links).where(lte(links.expiresAt, clock.now())).run();
    },
  };
}

async function createLink(
  { secrets, clock, publicUrl, toWrapContext }: LinksDeps,
  tx: Queries,
  grant: Pick<LiveGrant, "id" | "dataKey">,
  { kind, target, lifetimeSeconds }: { kind: LinkKind; target: unknown; lifetimeSeconds: number },
): Promise<{ url: string; expiresAt: number }> {
  const now = clock.now();
  const unused = await tx
    .select({ number: count() })
    .from(links)
    .where(
      and(eq(links.grantId, grant.id), eq(links.kind, kind), isNull(links.usedAt), gt(links.expiresAt, now)),
    )
    .get();
  if ((unused?.number ?? 0) >= maxUnused[kind])
    throw new AppError("rate_limited", `There are ${maxUnused[kind]} unused links already.`, {
      hint: "Use one of them, or wait until they expire.",
      retryAfterSeconds: lifetimeSeconds,
    });
  const secret = newToken();
  const expiresAt = now + lifetimeSeconds * 1000;
  await tx
    .insert(links)
    .values({
      hash: hashSecret(secret),
      grantId: grant.id,
      kind,
      wrappedKey: secrets.wrapKey(grant.dataKey, secret, toWrapContext(grant.id)),
      target: seal(grant.dataKey, JSON.stringify(target), toTargetContext(kind, grant.id)),
      expiresAt,
    })
    .run();
  return { url: `${publicUrl}/${kind}/${secret}`, expiresAt };
}

async function readLink(
  { db, secrets, clock, toWrapContext }: LinksDeps,
  kind: LinkKind,
  secret: string,
): Promise<LinkContent> {
  const row = await db
    .select({ link: links, grant: grants })
    .from(links)
    .innerJoin(grants, eq(grants.id, links.grantId))
    .where(and(eq(links.hash, hashSecret(secret)), eq(links.kind, kind), gt(links.expiresAt, clock.now())))
    .get();
  if (!row) throw new AppError("link_expired", "This link has expired.");
  const { id, clientId, level } = row.grant;
  const { wrappedKey, target, expiresAt, usedAt } = row.link;
  const dataKey = secrets.unwrapKey(wrappedKey, secret, toWrapContext(id));
  const plain = unseal(dataKey, target, toTargetContext(kind, id)).toString("utf8");
  return {
    grant: { id, clientId, level, dataKey, expiresAt },
    target: JSON.parse(plain),
    used: usedAt !== null,
  };
}

/** Additional data of the sealed target: binds it to its kind and grant. */
function toTargetContext(kind: LinkKind, grantId: string): string {
  return `v1 link ${kind} ${grantId}`;
}
