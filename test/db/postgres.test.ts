/** Postgres as the engine: the columns of both engines, and the rules that two replicas must keep together. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { z } from "zod";
import { toPostgresMigration } from "../../scripts/postgres-migrations.ts";
import { requireNoReplicas } from "../../src/cli/rotate-key.ts";
import type { Database } from "../../src/db/database.ts";
import { openStore, type Store } from "../../src/db/open.ts";
import { runTransaction, toPostgresStatement } from "../../src/db/postgres.ts";
import { replicas } from "../../src/db/replica-tables.ts";
import { createReplica } from "../../src/db/replicas.ts";
import { grants, sends } from "../../src/db/schema.ts";
import { createSharedRates } from "../../src/db/shared-rates.ts";
import type { LiveGrant } from "../../src/grant.ts";
import { createSendLog } from "../../src/ledger/send-log.ts";
import { createLog } from "../../src/log.ts";
import { createGrants } from "../../src/oauth/grants.ts";
import { createSecrets, newId, newKey, newToken, toCodeChallenge } from "../../src/secrets.ts";
import { toStorageError } from "../../src/storage-error.ts";
import { describePostgres } from "../support/installed.ts";
import { postgresServer } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

test("a statement of SQLite's dialect becomes one of Postgres: numbered placeholders, plain conflict targets", () => {
  expect(toPostgresStatement(`select "a?", '?' from t where x = ? and y in (?, ?)`)).toBe(
    `select "a?", '?' from t where x = $1 and y in ($2, $3)`,
  );
  expect(toPostgresStatement(`insert into "t" values (?) on conflict ("t"."a", "t"."b") do nothing`)).toBe(
    `insert into "t" values ($1) on conflict ("a", "b") do nothing`,
  );
});

test("a connection lost in COMMIT is answered as a write that may have been saved, one lost before it is not", async () => {
  const lost = Object.assign(new Error("closed"), {
    name: "PostgresError",
    code: "ERR_POSTGRES_CONNECTION_CLOSED",
  });
  const begin = async (work: (connection: undefined) => Promise<void>): Promise<void> => {
    await work(undefined);
    throw lost;
  };
  const fail = (work: () => Promise<void>) => runTransaction(begin, work).catch(toStorageError);
  expect(await fail(async () => {})).toMatchObject({
    code: "storage_unavailable",
    message: expect.stringContaining("may have been saved or not"),
    hint: "Look whether it was done before you repeat it.",
  });
  expect(await fail(() => Promise.reject(lost))).toMatchObject({
    code: "storage_unavailable",
    message: "The server could not reach its database.",
  });
});

test("each migration of SQLite has one of Postgres, as the mapping makes it", () => {
  const folder = join(import.meta.dir, "../../drizzle");
  const list = (engine: string) => readdirSync(join(folder, engine)).filter((name) => name.endsWith(".sql"));
  expect(list("postgres").sort()).toEqual(list("sqlite").sort());
  for (const name of list("sqlite"))
    expect(readFileSync(join(folder, "postgres", name), "utf8")).toBe(
      toPostgresMigration(readFileSync(join(folder, "sqlite", name), "utf8")),
    );
  const journal = (engine: string) => readFileSync(join(folder, engine, "meta/_journal.json"), "utf8");
  expect(journal("postgres")).toBe(journal("sqlite"));
});

const postgresClock = {
  nowMs: sql<number>`CAST(extract(epoch from clock_timestamp()) * 1000 AS bigint)`,
  isShared: true,
};

/** The functions of a database, some of which are on its prototype. */
const toParts = (db: Database): Database => ({
  select: db.select.bind(db),
  insert: db.insert.bind(db),
  update: db.update.bind(db),
  delete: db.delete.bind(db),
  run: db.run.bind(db),
  values: db.values.bind(db),
  transaction: db.transaction,
  lock: db.lock,
  purge: db.purge,
  readVersion: db.readVersion,
  replica: db.replica,
  signals: db.signals,
});

describePostgres("On Postgres", () => {
  let one: Store;
  let two: Store;
  const clock = createTestClock();
  const secrets = createSecrets([newKey()]);
  beforeAll(async () => {
    const url = await (await postgresServer()).newDatabase();
    const database = { url, directUrl: undefined, connections: 8 };
    const open = () => openStore({ dataDir: "", database });
    // Two replicas that start at once on an empty database.
    [one, two] = await Promise.all([open(), open()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([one?.close(), two?.close()]);
  });

  async function newGrant(): Promise<LiveGrant> {
    const id = newId("grt");
    const times = { createdAt: 0, lastUsedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER };
    await one.db
      .insert(grants)
      .values({ id, clientId: "c", redirectHost: "h", level: "send", state: "live", ...times })
      .run();
    return { id, clientId: "c", level: "send", dataKey: newKey(), expiresAt: times.expiresAt };
  }

  test("every table has the columns that it has on SQLite", async () => {
    const file = await openStore({ dataDir: temporaryFolder("columns") });
    const types = new Map([
      ["integer", "bigint"],
      ["blob", "bytea"],
      ["text", "text"],
    ]);
    const ofSqlite = await file.db.values<[string, string, string, number]>(
      sql`SELECT m.name, c.name, lower(c.type), c."notnull" FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND substr(m.name, 1, 2) <> '__' AND substr(m.name, 1, 6) <> 'sqlite'`,
    );
    const ofPostgres = await one.db.values<[string, string, string, string]>(
      sql`SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public' AND substr(table_name, 1, 2) <> '__'`,
    );
    const sorted = (rows: string[][]) => rows.map((row) => row.join(" ")).sort();
    expect(ofSqlite.length).toBeGreaterThan(100);
    expect(sorted(ofPostgres.map((row) => [...row]))).toEqual(
      sorted(
        ofSqlite.map(([table, column, type, required]) => [
          table,
          column,
          types.get(type) ?? type,
          required === 1 ? "NO" : "YES",
        ]),
      ),
    );
    await file.close();
  });

  test("a transaction that fails is rolled back, and a grant's rows go with it", async () => {
    const { id } = await newGrant();
    const failing = one.db.transaction(async (tx) => {
      await tx.delete(grants).where(sql`id = ${id}`);
      throw new Error("interrupted");
    });
    await expect(failing).rejects.toThrow("interrupted");
    expect(await two.db.select({ id: grants.id }).from(grants).where(sql`id = ${id}`)).toEqual([{ id }]);
  });

  describe("of two replicas", () => {
    const log = createLog("silent");
    /** Asks both replicas to send 8 emails, 4 callers each; resolves with the number of submissions. */
    async function sendOverBoth(toDatabase: (db: Database) => Database): Promise<number> {
      const grant = await newGrant();
      const logs = [one, two].map(({ db }) =>
        createSendLog({
          db: toDatabase(db),
          clock,
          log,
          limits: { perHour: 100, perDay: 100, repeatMs: 600_000 },
        }),
      );
      let submitted = 0;
      const ask = async (at: number, caller: number) =>
        logs[caller % 2]
          ?.forGrant(grant)
          .sendOnce(
            { accountId: "acc_1", request: `email ${at}`, parse: (stored) => z.string().parse(stored) },
            async () => ({
              content: `email ${at}`,
              recipients: 1,
              async send() {
                submitted += 1;
                return "<id>";
              },
            }),
          );
      const asked = Array.from({ length: 8 }, (_, at) => [0, 1, 2, 3].map((caller) => ask(at, caller)));
      const outcomes = await Promise.allSettled(asked.flat());
      expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
      return submitted;
    }

    test("8 emails that 4 callers ask each to send are sent once each, and without the lock they are not", async () => {
      expect(await sendOverBoth((db) => db)).toBe(8);
      const unlocked = await sendOverBoth((db) => ({ ...toParts(db), lock: async () => {} }));
      expect(unlocked).toBeGreaterThan(8);
    });

    test("a send of a replica that fell silent becomes maybe_sent, and one of a living replica does not", async () => {
      const grant = await newGrant();
      const [dead, alive] = [createReplica(postgresClock), createReplica(postgresClock)];
      await dead.beat(one.db);
      await alive.beat(one.db);
      const former = dead.id();
      await one.db.update(replicas).set({ seenAt: 0 }).where(sql`id = ${former}`).run();
      const row = { grantId: grant.id, accountId: "a", requestHash: "r", contentHash: "c", createdAt: 1 };
      const rest = { ...row, recipients: 1, state: "sending" as const };
      await one.db
        .insert(sends)
        .values({ ...rest, id: "snd_dead", owner: former })
        .run();
      await one.db
        .insert(sends)
        .values({ ...rest, id: "snd_alive", owner: alive.id() })
        .run();
      await createSendLog({ db: two.db, clock, log }).markInterrupted();
      const states = await one.db
        .select({ id: sends.id, state: sends.state })
        .from(sends)
        .where(sql`grant_id = ${grant.id}`);
      expect(new Map(states.map(({ id, state }) => [id, state]))).toEqual(
        new Map([
          ["snd_dead", "maybe_sent"],
          ["snd_alive", "sending"],
        ]),
      );
      // rotate-key counts the living ones, and begins without any.
      const living = await one.db.replica.countLiving(one.db);
      await expect(requireNoReplicas(one.db)).rejects.toThrow(
        `Replicas that are running: ${living}. Stop them all`,
      );
      await one.db.update(replicas).set({ seenAt: 0 }).run();
      await requireNoReplicas(two.db);
      // It goes on under another id, under which its late outcome counts.
      await dead.beat(one.db);
      expect(dead.id()).not.toBe(former);
    });

    test("a rate holds over both: its burst at once, then one per interval, and a refund is one more", async () => {
      const rate = { burst: 3, everyMs: 10_000 };
      const [here, there] = [one, two].map(({ db }) =>
        createSharedRates({ db, hash: (value) => value }).toStore("page"),
      );
      const now = clock.now();
      const takes = Array.from({ length: 8 }, (_, at) =>
        (at % 2 === 0 ? here : there)?.take("peer", rate, now),
      );
      const excesses = await Promise.all(takes);
      expect(excesses.filter((excess) => excess === 0)).toHaveLength(3);
      expect(Math.max(...excesses.map(Number))).toBe(10_000);
      expect(await here?.take("peer", rate, now + 9_000)).toBe(1_000);
      expect(await there?.take("peer", rate, now + 10_000)).toBe(0);
      expect(await here?.take("another", rate, now)).toBe(0);
      await there?.refund("peer", rate);
      expect(await here?.take("peer", rate, now + 10_000)).toBe(0);
      expect(await there?.count("peer", rate, now + 10_000)).toBe(10_000);
      // A clock that was set back makes nobody wait longer than a burst.
      expect(await there?.take("peer", rate, now - 7_200_000)).toBe(0);
    });

    test("asked again at the other replica, a send is awaited while its own lives, and maybe_sent once that is dead", async () => {
      const grant = await newGrant();
      await Promise.all([one.db.replica.beat(one.db), two.db.replica.beat(two.db)]);
      const [here, there] = [one, two].map(({ db }) => createSendLog({ db, clock, log }));
      const ask = (at: typeof here, request: string, send: () => Promise<string>) =>
        at
          ?.forGrant(grant)
          .sendOnce(
            { accountId: "acc_1", request, parse: (stored) => z.string().parse(stored) },
            async () => ({ content: request, recipients: 1, send }),
          );
      const never = async () => {
        throw new Error("sent twice");
      };
      const slow = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      const first = ask(here, "slow", async () => {
        begun.resolve();
        return slow.promise;
      });
      await begun.promise;
      const second = ask(there, "slow", never);
      slow.resolve("<id>");
      expect([(await first)?.valueOf(), await second]).toMatchObject([
        { answer: "<id>" },
        { answer: "<id>" },
      ]);

      const sending = Promise.withResolvers<void>();
      void ask(here, "killed", async () => {
        sending.resolve();
        return new Promise(() => {});
      });
      await sending.promise;
      const waiting = ask(there, "killed", never);
      await one.db.update(replicas).set({ seenAt: 0 }).where(sql`id = ${one.db.replica.id()}`).run();
      await there?.markInterrupted();
      await expect(waiting).rejects.toMatchObject({ code: "maybe_sent" });
    });

    test("a signal is heard once by the other, also when it was missed, and not by its sender", async () => {
      const heard: string[] = [];
      one.db.signals.listen(({ subject }) => heard.push(`one ${subject}`));
      two.db.signals.listen(({ topic, subject }) => heard.push(`${topic} ${subject}`));
      await Promise.all([one.db.signals.poll(), two.db.signals.poll()]);
      await one.db.signals.send({ topic: "grant_ended", subject: "grt_1" });
      await one.db.signals.send({ topic: "session_closed", subject: "hash" });
      for (let count = 0; count < 3; count += 1)
        await Promise.all([one.db.signals.poll(), two.db.signals.poll()]);
      expect(heard).toEqual(["grant_ended grt_1", "session_closed hash"]);
    });

    test("10 redemptions of one code at both give one pair of tokens, and a refresh goes on at the other", async () => {
      const ended: string[] = [];
      const config = { accessTokenLifetimeSeconds: 2_592_000, authorizationCodeLifetimeSeconds: 300 };
      const replicas = [one, two].map(({ db }) =>
        createGrants({ db, secrets, clock, config, log, onEnd: (id) => ended.push(id) }),
      );
      const codeVerifier = "v".repeat(43);
      const redirectUri = "https://claude.ai/api/mcp/auth_callback";
      const newCode = async () => {
        const request = {
          ...{ secret: newToken(), clientId: "c", redirectUri, redirectHost: "claude.ai", browserHash: "" },
          codeChallenge: toCodeChallenge(codeVerifier),
        };
        const flow = replicas[0]?.authorizationFlow;
        await flow?.attachAccount(request, "send", async () => {});
        return (await replicas[1]?.authorizationFlow.issueCode(request, async () => "send")) ?? "";
      };
      const redeem = (code: string, at: number) =>
        replicas[at % 2]?.redeemCode({ code, clientId: "c", redirectUri, codeVerifier });
      const request = {
        ...{ secret: newToken(), clientId: "c", redirectUri, redirectHost: "claude.ai", browserHash: "" },
        codeChallenge: toCodeChallenge(codeVerifier),
      };
      // The same form, sent twice at once, makes one grant.
      const made = await Promise.all(
        replicas.map(({ authorizationFlow }) =>
          authorizationFlow.attachAccount(request, "send", async () => {}),
        ),
      );
      expect(new Set(made.map((pending) => pending?.grantId)).size).toBe(1);
      const code = await newCode();
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, at) => redeem(code, at)));
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      // RFC 6749 section 4.1.2: a code that is used more than once ends its grant.
      expect(new Set(ended).size).toBe(1);

      const pair = await redeem(await newCode(), 0);
      const next = await replicas[1]?.refresh({ refreshToken: pair?.refresh_token ?? "", clientId: "c" });
      expect(await replicas[0]?.findLive(next?.access_token ?? "")).toMatchObject({ level: "send" });
      await expect(
        replicas[0]?.refresh({ refreshToken: pair?.refresh_token ?? "", clientId: "c" }),
      ).rejects.toThrow("used before");
    });
  });
});
