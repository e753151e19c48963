/**
 * The writing tools on accounts of real servers, without HTTP and OAuth, with a database of their own. `restart`
 * continues with what a new process has: the stored data.
 */

import { join } from "node:path";
import { localComposer } from "../../src/compose/composer.ts";
import type { ConnectionOwner, Credentials, MailServer } from "../../src/credentials.ts";
import { openStore } from "../../src/db/open.ts";
import { grants } from "../../src/db/schema.ts";
import { createDocumentReader } from "../../src/documents/sandbox.ts";
import { AppError } from "../../src/errors.ts";
import type { LiveGrant } from "../../src/grant.ts";
import type { ImapCommandLog } from "../../src/imap/command-log.ts";
import { openImap } from "../../src/imap/connect.ts";
import { createConnections } from "../../src/imap/connections.ts";
import { createSendLog, type SendLimits } from "../../src/ledger/send-log.ts";
import { createUndoLog } from "../../src/ledger/undo-log.ts";
import { createUnfinishedLog } from "../../src/ledger/unfinished-log.ts";
import { createLinks } from "../../src/links/links.ts";
import { createUploads, type Uploads } from "../../src/links/uploads.ts";
import { createLog } from "../../src/log.ts";
import { createMailAccount } from "../../src/mail/create-mail-account.ts";
import type { MailAccount } from "../../src/mail/mail-account.ts";
import { createSenderProfiles } from "../../src/mail/sending/kept-profiles.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { presets } from "../../src/providers/presets.ts";
import { createLocalRenderer } from "../../src/readable/render-task.ts";
import { createSecrets, newId, newKey, newToken } from "../../src/secrets.ts";
import { openSmtp, type SmtpDeadlines } from "../../src/smtp/connect.ts";
import { createSubmissions, type SubmissionLimits, type Submissions } from "../../src/smtp/submissions.ts";
import { chooseAccount } from "../../src/tools/choose-account.ts";
import type { ToolContext } from "../../src/tools/context.ts";
import { createFence } from "../../src/tools/fence.ts";
import { tools } from "../../src/tools/index.ts";
import { createSelections } from "../../src/tools/selections.ts";
import { testHeldActions } from "./held-actions.ts";
import type { MailServerKit, User } from "./mail-server.ts";
import { temporaryFolder } from "./temporary.ts";
import { createTestClock, type TestClock } from "./test-clock.ts";

export type WriterAnswer = { text: string; data: Record<string, unknown> };

export type Writer = {
  mail: MailAccount;
  accounts: readonly MailAccount[];
  clock: TestClock;
  submissions: Submissions;
  /** The owner of the first account's connections. */
  owner: ConnectionOwner;
  /** Uploads of the grant. */
  uploads: Uploads;
  /** Makes the database writable, or read-only as on a full disk. */
  writable(yes: boolean): Promise<void>;
  /** Calls a tool as the MCP server does. Throws AppError. */
  call(name: string, input?: Record<string, unknown>): Promise<WriterAnswer>;
  /** Returns the AppError of a call. Throws when the call succeeds. */
  refusal(
    name: string,
    input?: Record<string, unknown>,
  ): Promise<{ code: string; message: string; hint: string }>;
  /** Closes this writer and opens one on the same data. */
  restart(): Promise<Writer>;
  close(): Promise<void>;
};

export type WriterOptions = {
  user: User;
  kit: Pick<MailServerKit, "imap" | "smtp">;
  /** Users of further accounts of the grant. */
  others?: readonly User[];
  imap?: MailServer;
  smtp?: MailServer;
  /** Display name of the person. */
  name?: string;
  provider?: string;
  filesSentMail?: boolean;
  limits?: SendLimits;
  submission?: Partial<SubmissionLimits>;
  deadlines?: SmtpDeadlines;
  /** Signal of each call. */
  signal?: AbortSignal;
  /** Receives one-click requests to leave a list. */
  oneClick?: ToolContext["oneClick"]["post"];
  /** Receives the progress of calls. */
  progress?: ToolContext["progress"];
  /** Watches the IMAP connections, whose sessions then begin in one flight as those of the product do. */
  watch?: ImapCommandLog;
};

type Kept = { dataDir: string; key: Buffer; grant: LiveGrant; accountIds: string[]; clock: TestClock };

export async function openWriter(options: WriterOptions, kept?: Kept): Promise<Writer> {
  const { kit, user } = options;
  const users = [user, ...(options.others ?? [])];
  const mine: Kept = kept ?? {
    dataDir: join(temporaryFolder("writer")),
    key: newKey(),
    grant: {
      id: newId("grt"),
      clientId: "test",
      level: "send",
      dataKey: newKey(),
      expiresAt: Number.MAX_SAFE_INTEGER,
    },
    accountIds: users.map(() => newId("acc")),
    clock: createTestClock(),
  };
  const { grant, clock } = mine;
  const database = await openStore({ dataDir: mine.dataDir });
  const { db } = database;
  if (!kept)
    await db
      .insert(grants)
      .values({
        id: grant.id,
        clientId: grant.clientId,
        redirectHost: "localhost",
        level: grant.level,
        state: "live",
        createdAt: 0,
        lastUsedAt: 0,
        expiresAt: Number.MAX_SAFE_INTEGER,
      })
      .run();
  const outbound = createOutbound({ allowPrivateHosts: ["localhost", "127.0.0.0/8"] });
  const connections = createConnections({
    open: (credentials, signal, facts) =>
      openImap(
        credentials,
        options.watch ? { outbound, signal, facts, logCommands: options.watch } : { outbound, signal },
      ),
    clock,
  });
  const { deadlines } = options;
  const submissions = createSubmissions({
    open: (credentials, signal) =>
      openSmtp(credentials, { outbound, signal, ...(deadlines ? { deadlines } : {}) }),
    ...(options.submission ? { limits: options.submission } : {}),
  });
  const secrets = createSecrets([mine.key]);
  const log = createLog("silent");
  const sends = createSendLog({ db, clock, log, limits: options.limits });
  await sends.markInterrupted();
  const sendLog = sends.forGrant(grant);
  const links = createLinks({
    db,
    secrets,
    clock,
    publicUrl: "http://localhost:3000",
    toWrapContext: (id) => id,
  });
  const uploads = createUploads({ db, clock, links });
  const undoLog = createUndoLog({ db, clock, log }).forGrant(grant);
  const unfinished = createUnfinishedLog({ db, clock, log });
  const signal = options.signal ?? AbortSignal.timeout(60_000);
  const owners = users.map(({ address, password }, position): ConnectionOwner => {
    const credentials: Credentials = {
      address,
      username: address,
      password,
      provider: options.provider ?? "generic",
      imap: options.imap ?? kit.imap,
      smtp: options.smtp ?? kit.smtp,
      ...(options.name ? { name: options.name } : {}),
    };
    return { grantId: grant.id, accountId: mine.accountIds[position] ?? "", credentials };
  });
  const profiles = createSenderProfiles({ clock });
  const accounts = owners.map((owner) =>
    createMailAccount({
      renderer: createLocalRenderer(createDocumentReader()),
      composer: localComposer,
      owner,
      connections,
      submissions,
      signal,
      clock,
      own: users.map((one) => one.address),
      filesSentMail: options.filesSentMail ?? false,
      profile: profiles.forAccount(grant.dataKey, owner.accountId),
      unfinished: unfinished.forAccount(grant, owner.accountId),
    }),
  );
  const [mail] = accounts;
  const [owner] = owners;
  if (!mail || !owner) throw new Error("no account");
  const context: ToolContext = {
    providers: presets,
    oneClick: { post: options.oneClick ?? (async () => false) },
    sendLog,
    undoLog,
    uploads: uploads.forGrant(grant),
    approvals: testHeldActions({ db, secrets, clock }).forGrant(grant),
    card: { decide: () => Promise.reject(new Error("no card decides here")) },
    downloads: { create: async () => ({ url: "", expiresAt: 0 }) },
    selections: createSelections({ grant, clock }),
    accounts,
    damagedAccounts: 0,
    accountFor: (choice) => chooseAccount(accounts, choice),
    grant: { id: grant.id, level: grant.level },
    signal,
    progress: options.progress ?? (() => {}),
  };

  const call: Writer["call"] = async (name, input = {}) => {
    const tool = tools.find((candidate) => candidate.name === name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const { content, structured } = await tool.call(
      tool.input.parse(input),
      context,
      createFence(newToken(8)),
    );
    const text = content.map((item) => (item.type === "text" ? item.text : "")).join("\n");
    return { text, data: structured };
  };

  let closed = false;
  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    await Promise.all([connections.close(), submissions.close()]);
    await database.close();
  }

  return {
    mail,
    accounts,
    clock,
    submissions,
    owner,
    uploads,
    async writable(yes) {
      await db.run(`PRAGMA query_only = ${yes ? "OFF" : "ON"}`);
    },
    call,
    async refusal(name, input) {
      try {
        const answer = await call(name, input);
        throw new Error(`${name} was done: ${answer.text}`);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { code: error.code, message: error.message, hint: error.hint };
      }
    },
    async restart() {
      await close();
      return openWriter(options, mine);
    },
    close,
  };
}

/** Runs `work` with a writer and closes it. */
export async function withWriter<T>(
  options: WriterOptions,
  work: (writer: Writer) => Promise<T>,
): Promise<T> {
  const writer = await openWriter(options);
  try {
    return await work(writer);
  } finally {
    await writer.close();
  }
}
