/**
 * Actions that wait for a person: frozen completely when they are asked for, sealed under the grant's data key, and kept
 * for at most an hour. decide.ts carries them out.
 */
import type { Clock } from "../clock.ts";
import type { Database, Queries } from "../db/database.ts";
import { approvals as approvalRows } from "../db/schema.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import { hashSecret, newId, newToken, type Secrets, sameSecret, seal, unseal } from "../secrets.ts";
import { type Action, parseAction } from "./action.ts";
import {
  type ApprovalIdentity,
  type ApprovalKind,
  type ApprovalRow,
  type ApprovalState,
  type ApprovalStore,
  createApprovalStore,
} from "./approval-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** The job that deletes what has expired runs every 30 seconds: nothing is kept for longer than an hour. */
const lifetimeMs = hourMs - 60_000;
const chunkBytes = 1_000_000;

const maxWaiting = 5;
const maxBytesPerGrant = 25_000_000;
/** After this many declined approvals within an hour, no further one is made until the first is an hour old. */
const maxDeclinedPerHour = 3;

/** An approval as its caller and its person see it. `expiresAt`: milliseconds since the epoch. */
export type Approval = {
  id: string;
  kind: ApprovalKind;
  state: ApprovalState;
  url: string;
  createdAt: number;
  expiresAt: number;
  decidedAt: number | null;
  accountId: string;
  /** The JSON value that the decision left: what was done, or why it was not. */
  answer: unknown;
};

/** An approval with what it is about: undefined while it is being frozen, and once it is decided or expired. */
export type OpenedApproval = Approval & { action: Action | undefined };

type NewApproval = {
  kind: ApprovalKind;
  accountId: string;
  action: Action;
  bytes: Buffer | undefined;
};

export type Approvals = ReturnType<typeof createApprovals>;

type ApprovalsDeps = {
  db: Database;
  secrets: Secrets;
  clock: Clock;
  publicUrl: string;
  /** Frozen bytes over all grants. */
  maxTotalBytes: number;
  /** The additional data that binds a wrapped data key to its grant; the rotation of the server key uses the same. */
  toWrapContext: (grantId: string) => string;
};

type Room = ApprovalsDeps & { store: ApprovalStore };

export function createApprovals(deps: ApprovalsDeps) {
  const store = createApprovalStore(deps.db);
  const room: Room = { ...deps, store };
  const { db, clock } = deps;

  return {
    /** Ends what waits for longer than its lifetime; start.ts calls it on a timer. */
    expire: () => purgeAfter(room, store.expire(clock.now())),

    /** Marks the decisions that an earlier process left unfinished. */
    markInterrupted: () =>
      purgeAfter(room, store.markInterrupted(db.replica.isOrphan(db, approvalRows.owner))),

    /** Deletes approvals older than a day. */
    sweep: () => store.deleteBefore(clock.now() - dayMs),

    /** Declines all that waits in a grant, whose level no longer allows it. */
    declineAll: (grantId: string) => purgeAfter(room, store.declineAll(grantId, clock.now())),

    /** Declines all that waits for an account, which is not connected any more. */
    declineAccount: (grantId: string, accountId: string) =>
      purgeAfter(room, store.declineAccount(grantId, accountId, clock.now())),

    /** Finds an approval by the secret of its URL. Throws approval_unknown. */
    find: (id: string, linkSecret: string) => findByLink(room, id, linkSecret),

    /** Unwraps the grant's data key with the secret of the URL; undefined once the approval is decided or expired. */
    openByLink: (id: string, linkSecret: string) => openByLink(room, id, linkSecret),

    /** Reads an approval of a grant with what it is about. Throws approval_unknown. */
    open: async (grant: LiveGrant, id: string) =>
      openApproval(room, grant, await requireRow(room, grant.id, id)),

    /** Reads the frozen bytes of an approval whose action is complete. */
    readBytes: async (grant: LiveGrant, id: string) =>
      readBytes(room, grant, await requireRow(room, grant.id, id)),

    /** Lists the approvals of the last day, newest first. */
    async list(grant: LiveGrant): Promise<OpenedApproval[]> {
      await purgeAfter(room, store.expire(clock.now()));
      const rows = await store.list(grant.id);
      return rows.map((row) => openApproval(room, grant, row));
    },

    /** The hashes by which an approval is recognized. Throws approval_unknown. */
    async identityOf(grant: LiveGrant, id: string): Promise<ApprovalIdentity & { contentHash: string }> {
      const { keyHash, requestHash, contentHash } = await requireRow(room, grant.id, id);
      return { keyHash: keyHash ?? undefined, requestHash, contentHash };
    },

    /** Takes an approval for its decision: of two requests at once, one gets true. */
    take: (id: string) => store.take(id, clock.now(), db.replica.id()),
    release: store.release,
    finish: (...decided: Parameters<ApprovalStore["finish"]>) => purgeAfter(room, store.finish(...decided)),
    addWrongPassword: store.addWrongPassword,

    /** Seals the outcome of a decision. */
    sealAnswer: (grant: LiveGrant, id: string, answer: unknown) =>
      seal(grant.dataKey, JSON.stringify(answer), toContext(grant.id, id, "answer")),

    /** `repeated`: the id of the approval about which the person was asked and which the call repeats. */
    forGrant: (grant: LiveGrant, repeated?: string) => ({
      /**
       * Finds the same action where it waits or was done within an hour of asking. A declined, expired or failed one
       * does not bind, except the repeated one. Throws invalid_input when the idempotency key was used for another
       * email.
       */
      find: (identity: ApprovalIdentity, tx?: Queries) =>
        findSame(room, tx ?? deps.db, { grant, repeated }, identity),

      /** True when the person approved the same action within an hour of asking, and it could not be done. */
      hasFailed: async (identity: ApprovalIdentity): Promise<boolean> =>
        (await store.findSame(grant.id, identity, { since: clock.now() - hourMs, states: ["failed"] })) !==
        undefined,

      /**
       * Stores an action in `tx`, so that a second call of the same finds it. The function that it resolves with freezes
       * it until the person decides: `complete` adds what takes time to find out; the person can decide after that.
       * Throws rate_limited, too_large, busy; the function throws what `complete` throws.
       */
      hold: async (
        tx: Queries,
        approval: NewApproval,
        identity: ApprovalIdentity & { contentHash: string },
        complete?: () => Promise<Action>,
      ): Promise<() => Promise<Approval>> => {
        const id = await insertHeld(room, tx, grant, { approval, identity });
        return () => freeze(room, grant, id, { approval, complete });
      },

      /** Holds an action as `hold` does, unless the same one is found. */
      async holdOnce(
        approval: NewApproval,
        identity: ApprovalIdentity & { contentHash: string },
      ): Promise<Approval> {
        const held = await deps.db.transaction(async (tx) => {
          await deps.db.lock(tx, grant.id);
          const found = await findSame(room, tx, { grant, repeated }, identity);
          return found ?? { id: await insertHeld(room, tx, grant, { approval, identity }) };
        });
        return "state" in held ? held : freeze(room, grant, held.id, { approval, complete: undefined });
      },
    }),
  };
}

/** Throws invalid_input when only the key is the same, as the send log does. */
function requireSameAction(row: ApprovalRow, { keyHash, requestHash, contentHash }: ApprovalIdentity): void {
  const isSame = row.requestHash === requestHash || row.contentHash === contentHash;
  if (keyHash === undefined || row.keyHash !== keyHash || isSame) return;
  throw new AppError(
    "invalid_input",
    "This `idempotency_key` is that of another email, which waits for the person or was decided.",
    { hint: "Nothing was sent. Use a new key for a new email, or none." },
  );
}

/** Purges the database when approvals were ended, whose content is deleted with that. */
async function purgeAfter({ db }: Room, ending: Promise<number>): Promise<void> {
  if ((await ending) > 0) await db.purge();
}

/** Finds the same action; see `find`. */
async function findSame(
  room: Room,
  tx: Queries,
  caller: { grant: LiveGrant; repeated: string | undefined },
  identity: ApprovalIdentity,
): Promise<Approval | undefined> {
  const { grant } = caller;
  const store = createApprovalStore(tx);
  const now = room.clock.now();
  await store.expire(now);
  const row = await store.findSame(grant.id, identity, {
    since: now - hourMs,
    states: ["waiting", "deciding", "done", "maybe_done"],
  });
  if (row) requireSameAction(row, identity);
  const found = row ?? (await store.findById(grant.id, caller.repeated, identity));
  return found && toApproval(room, grant, found);
}

/** Inserts the row of an action, which nobody can decide about until it is frozen. Returns its id. */
async function insertHeld(
  room: Room,
  tx: Queries,
  grant: LiveGrant,
  {
    approval: { kind, accountId, bytes },
    identity,
  }: { approval: NewApproval; identity: ApprovalIdentity & { contentHash: string } },
): Promise<string> {
  const { secrets, clock, toWrapContext } = room;
  const store = createApprovalStore(tx);
  await requireRoom(room, store, grant, bytes?.length ?? 0);
  const id = newId("apr");
  const link = newToken();
  const now = clock.now();
  const sealed = (field: string, value: string) => seal(grant.dataKey, value, toContext(grant.id, id, field));
  await store.insert({
    ...identity,
    id,
    grantId: grant.id,
    accountId,
    kind,
    state: "waiting",
    linkHash: hashSecret(link),
    wrappedKey: secrets.wrapKey(grant.dataKey, link, toWrapContext(grant.id)),
    link: sealed("link", link),
    // Until it is complete, nobody can decide.
    action: null,
    sizeBytes: bytes?.length ?? 0,
    createdAt: now,
    expiresAt: now + lifetimeMs,
    owner: room.db.replica.id(),
  });
  return id;
}

/** Stores the bytes and the action of a row, after which the person can decide. Removes the row when that fails. */
async function freeze(
  room: Room,
  grant: LiveGrant,
  id: string,
  {
    approval: { action, bytes },
    complete,
  }: { approval: NewApproval; complete: (() => Promise<Action>) | undefined },
): Promise<Approval> {
  const { store } = room;
  try {
    if (bytes) await storeBytes(room, grant, id, bytes);
    const whole = JSON.stringify(complete ? await complete() : action);
    await store.setAction(id, seal(grant.dataKey, whole, toContext(grant.id, id, "action")));
  } catch (error) {
    await store.remove(id);
    throw error;
  }
  return toApproval(room, grant, await requireRow(room, grant.id, id));
}

async function storeBytes({ store }: Room, grant: LiveGrant, id: string, bytes: Buffer): Promise<void> {
  for (let position = 0; position * chunkBytes < bytes.length; position += 1) {
    const chunk = bytes.subarray(position * chunkBytes, (position + 1) * chunkBytes);
    await store.insertChunk(
      id,
      position,
      seal(grant.dataKey, chunk, toContext(grant.id, id, `chunk ${position}`)),
    );
    // Yields to other requests between two chunks.
    await Bun.sleep(0);
  }
}

/** Throws rate_limited, too_large or busy. */
async function requireRoom(room: Room, store: ApprovalStore, grant: LiveGrant, bytes: number): Promise<void> {
  const { clock, maxTotalBytes } = room;
  await store.expire(clock.now());
  const waiting = (await store.list(grant.id)).filter(({ state }) => state === "waiting");
  if (waiting.length >= maxWaiting)
    throw new AppError(
      "rate_limited",
      `${waiting.length} actions wait for the person already: ${waiting.map((row) => describeWaiting(room, grant, row)).join("; ")}.`,
      {
        hint: "Nothing was prepared. The person decides those first, each under its link.",
        retryAfterSeconds: Math.ceil(
          (Math.min(...waiting.map(({ expiresAt }) => expiresAt)) - clock.now()) / 1000,
        ),
      },
    );
  if ((await store.countDeclined(grant.id, clock.now() - hourMs)) > maxDeclinedPerHour)
    throw new AppError("rate_limited", "The person has declined several times within the hour.", {
      hint: "Nothing was prepared. Ask the person in the conversation what they want.",
      retryAfterSeconds: hourMs / 1000,
    });
  if ((await store.countBytes(grant.id)) + bytes > maxBytesPerGrant)
    throw new AppError("too_large", "All that waits for the person may have 25 MB together.", {
      hint: "Nothing was prepared. Use fewer or smaller attachments, or save it with draft_email.",
    });
  if ((await store.countBytes()) + bytes > maxTotalBytes)
    throw new AppError("busy", "This server holds as many waiting emails as it may.", {
      retryAfterSeconds: 600,
    });
}

function describeWaiting(room: Room, grant: LiveGrant, row: ApprovalRow): string {
  const { kind, url, expiresAt } = toApproval(room, grant, row);
  return `${kind} until ${new Date(expiresAt).toISOString()} at ${url}`;
}

async function requireRow({ store }: Room, grantId: string, id: string): Promise<ApprovalRow> {
  const found = await store.find(id);
  if (found?.approval.grantId !== grantId) throw approvalUnknown();
  return found.approval;
}

async function findByLink(room: Room, id: string, linkSecret: string) {
  const { store, clock } = room;
  await purgeAfter(room, store.expire(clock.now()));
  const found = await store.find(id);
  if (!found || !sameSecret(found.approval.linkHash, hashSecret(linkSecret))) throw approvalUnknown();
  const { approval } = found;
  return {
    id,
    grantId: approval.grantId,
    accountId: approval.accountId,
    kind: approval.kind,
    state: approval.state,
    expiresAt: approval.expiresAt,
    wrongPasswords: approval.wrongPasswords,
  };
}

async function openByLink(room: Room, id: string, linkSecret: string): Promise<LiveGrant | undefined> {
  const found = await room.store.find(id);
  if (!found || !sameSecret(found.approval.linkHash, hashSecret(linkSecret))) return undefined;
  const { approval, grant } = found;
  if (approval.wrappedKey.length === 0) return undefined;
  const dataKey = room.secrets.unwrapKey(approval.wrappedKey, linkSecret, room.toWrapContext(grant.id));
  const { id: grantId, clientId, level, asksForNewPeople } = grant;
  return { id: grantId, clientId, level, asksForNewPeople, dataKey, expiresAt: approval.expiresAt };
}

function toApproval({ publicUrl }: Room, grant: LiveGrant, row: ApprovalRow): Approval {
  const { id, kind, state, createdAt, expiresAt, decidedAt, accountId } = row;
  const open = (sealed: Buffer, field: string) =>
    unseal(grant.dataKey, sealed, toContext(grant.id, id, field)).toString("utf8");
  return {
    id,
    kind,
    state,
    createdAt,
    expiresAt,
    decidedAt,
    accountId,
    url: `${publicUrl}/approve/${id}/${open(row.link, "link")}`,
    answer: row.answer ? JSON.parse(open(row.answer, "answer")) : undefined,
  };
}

function openApproval(room: Room, grant: LiveGrant, row: ApprovalRow): OpenedApproval {
  const action = row.action
    ? parseAction(unseal(grant.dataKey, row.action, toContext(grant.id, row.id, "action")))
    : undefined;
  return { ...toApproval(room, grant, row), action };
}

async function readBytes({ store }: Room, grant: LiveGrant, row: ApprovalRow): Promise<Buffer> {
  const chunks = await store.listChunks(row.id);
  const bytes = Buffer.concat(
    chunks.map(({ position, content }) =>
      unseal(grant.dataKey, content, toContext(grant.id, row.id, `chunk ${position}`)),
    ),
  );
  if (bytes.length !== row.sizeBytes) throw new Error("the frozen bytes are not complete");
  return bytes;
}

function approvalUnknown(): AppError {
  return new AppError("approval_unknown", "There is no such approval.");
}

/** Additional data of a sealed field: binds it to its row. */
function toContext(grantId: string, id: string, field: string): string {
  return `v1 approval ${grantId} ${id} ${field}`;
}
