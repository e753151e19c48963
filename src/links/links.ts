/**
 * One-time links for a person's browser. A link is a secret: only its hash is stored, and the grant's data key is
 * wrapped under it, so that what hangs on the link opens with the link and with nothing on the disk.
 */
import { and, count, eq, gt, isNull, lte } from "drizzle-orm";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/open.ts";
import { grants, links } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { hashSecret, newToken, type Secrets, seal, unseal } from "../secrets.ts";

export type LinkKind = "download" | "upload";

/** A link somebody came with. */
export type OpenLink = {
  grant: LiveGrant;
  /** What it points at, as it was given to `make`; the caller validates its shape. */
  target: unknown;
  expiresAt: number;
  /** Spent already. */
  used: boolean;
};

/** Unused links of one grant at once. */
const maxOpen: Readonly<Record<LinkKind, number>> = { download: 100, upload: 20 };

export type Links = ReturnType<typeof createLinks>;

export function createLinks(deps: {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  publicUrl: string;
  /** Binds a wrapped data key to its grant, as the rotation of the server key expects it. */
  toWrapContext: (grantId: string) => string;
}) {
  const { db, secrets, clock, publicUrl, toWrapContext } = deps;
  const toTargetContext = (kind: LinkKind, grantId: string) => `v1 link ${kind} ${grantId}`;

  function open(kind: LinkKind, secret: string): OpenLink {
    const row = db
      .select({ link: links, grant: grants })
      .from(links)
      .innerJoin(grants, eq(grants.id, links.grantId))
      .where(and(eq(links.hash, hashSecret(secret)), eq(links.kind, kind), gt(links.expiresAt, clock.now())))
      .get();
    if (!row) throw new AppError("link_expired", "This link has expired.");
    const { link, grant } = row;
    const dataKey = secrets.unwrapKey(link.wrappedKey, secret, toWrapContext(grant.id));
    const target: unknown = JSON.parse(
      unseal(dataKey, link.target, toTargetContext(kind, grant.id)).toString("utf8"),
    );
    return {
      grant: {
        id: grant.id,
        clientId: grant.clientId,
        level: grant.level,
        dataKey,
        expiresAt: link.expiresAt,
      },
      target,
      expiresAt: link.expiresAt,
      used: link.usedAt !== null,
    };
  }

  return {
    /** Makes a link. `target` is JSON. Throws rate_limited when the grant has too many open. */
    make(
      grant: Pick<LiveGrant, "id" | "dataKey">,
      link: { kind: LinkKind; target: unknown; lifetimeSeconds: number },
    ): { url: string; expiresAt: number } {
      const now = clock.now();
      const { kind, target, lifetimeSeconds } = link;
      const held = db
        .select({ number: count() })
        .from(links)
        .where(
          and(
            eq(links.grantId, grant.id),
            eq(links.kind, kind),
            isNull(links.usedAt),
            gt(links.expiresAt, now),
          ),
        )
        .get();
      if ((held?.number ?? 0) >= maxOpen[kind])
        throw new AppError("rate_limited", `There are ${maxOpen[kind]} unused links already.`, {
          hint: "Use one of them, or wait until they expire.",
          retryAfterSeconds: lifetimeSeconds,
        });
      const secret = newToken();
      const expiresAt = now + lifetimeSeconds * 1000;
      db.insert(links)
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
    },

    /** Looks at a link without spending it: a mail program's preview may do that. Throws link_expired. */
    open,

    /** Spends a link: of two that come at once, one gets it. Throws link_expired. */
    spend(kind: LinkKind, secret: string): OpenLink {
      const link = open(kind, secret);
      const spent = db
        .update(links)
        .set({ usedAt: clock.now() })
        .where(and(eq(links.hash, hashSecret(secret)), isNull(links.usedAt)))
        .returning({ hash: links.hash })
        .all();
      if (spent.length === 0) throw new AppError("link_expired", "This link was used already.");
      return link;
    },

    /** Makes a spent link usable again: what it was spent for came to nothing. */
    giveBack(secret: string): void {
      db.update(links)
        .set({ usedAt: null })
        .where(eq(links.hash, hashSecret(secret)))
        .run();
    },

    /** Forgets links that are over. */
    sweep(): void {
      db.delete(links).where(lte(links.expiresAt, clock.now())).run();
    },
  };
}
