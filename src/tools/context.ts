/**
 * The environment of a tool call. Tools import no other room for it: assemble.ts and mcp hand in objects that fit these
 * types.
 */
import type { Level } from "../grant.ts";
import type { AttachedFile, Change, ComposedEmail, MailAccount, Selection } from "../mail/mail-account.ts";
import type { Selections } from "./selections.ts";

export type ToolContext = ToolServices &
  GrantStores & {
    /** All accounts of the grant, in the order they were connected. */
    accounts: readonly MailAccount[];
    /** Number of accounts whose stored credentials cannot be read. */
    damagedAccounts: number;
    /** Selects the account of a call. Throws account_unknown, account_ambiguous, invalid_input. */
    accountFor(choice: AccountChoice): MailAccount;
    grant: { id: string; level: Level; asksForNewPeople?: boolean };
    /** Aborted at the call's deadline, and when the caller goes away. */
    signal: AbortSignal;
    /** Reports progress to a caller that asked for it: `done` of `total` steps, and a message. */
    progress(done: number, total: number, message: string): void;
  };

/** Selects an account: by its address, or by email ids or a selection, which carry their account. */
export type AccountChoice = {
  account?: string | undefined;
  id?: string | undefined;
  ids?: readonly string[] | undefined;
  selection?: Selection | undefined;
};

/** Created once, and the same for every call. */
export type ToolServices = {
  providers: readonly KnownProvider[];
  /** Sends the one-click request of RFC 8058; false when the list's server refuses it or cannot be reached. */
  oneClick: { post(url: string, signal: AbortSignal): Promise<boolean> };
};

/** Kept for one grant. */
export type GrantStores = {
  sendLog: SendLog;
  undoLog: UndoLog;
  uploads: UploadedFiles;
  downloads: DownloadLinks;
  selections: Selections;
  approvals: HeldActions;
  card: CardDecisions;
};

type MailServerAddress = { host: string; port: number; security: "tls" | "starttls" };

/** A mail company, its servers, and its rule for app passwords. */
export type KnownProvider = {
  id: string;
  name: string;
  domains: readonly string[];
  imap: MailServerAddress;
  smtp: MailServerAddress;
  appPassword: { kind: "needed" | "optional" | "unavailable"; url?: string; steps: string };
  /** The name of the issuer at which its mailboxes are opened on this server. */
  signIn?: string | undefined;
};

/** A transaction of the database, which a tool passes on. */
type Transaction = object;

/** The emails the grant sent. */
type SendLog = {
  /**
   * Sends the email that `prepare` makes, unless `key` or the email was sent before: then returns the earlier answer
   * with `sentBeforeAt`, in milliseconds since the epoch. An email that waits for the person is returned as `held`.
   * `request` is the request as one string, `content` the finished email as one string. Throws maybe_sent,
   * rate_limited, invalid_input, and what `send` throws.
   */
  sendOnce<Answer, Held>(
    attempt: {
      accountId: string;
      key?: string | undefined;
      request: string;
      parse(stored: unknown): Answer;
      findHeld?(identity: ActionIdentity, tx?: Transaction): Promise<Held | undefined>;
    },
    prepare: () => Promise<
      { content: string; recipients: number } & (
        | { send(): Promise<Answer> }
        | {
            hold(
              identity: ActionIdentity & { contentHash: string },
              tx: Transaction,
            ): Promise<() => Promise<Held>>;
          }
      )
    >,
  ): Promise<{ answer: Answer; sentBeforeAt?: number } | { held: Held }>;
};

/** Keyed hashes by which the same action is recognized. */
type ActionIdentity = {
  keyHash?: string | undefined;
  requestHash: string;
  contentHash?: string | undefined;
};

/** The kinds of actions that wait for the person. */
type HeldKind = "send" | "erase" | "answer" | "unsubscribe";

/** An action that waits for the person, or was decided by them. Times in milliseconds since the epoch. */
export type HeldAction = {
  id: string; // apr_…
  kind: HeldKind;
  state: string;
  /** The person's page. */
  url: string;
  expiresAt: number;
  decidedAt: number | null;
  /** The outcome of the decision. */
  answer: unknown;
};

/** The actions that wait for the person's decision. */
type HeldActions = {
  /**
   * Tells whether an email must wait: at the level `approve`, or because the person never wrote to a recipient.
   * `@example.org` stands for all addresses of an organizational domain.
   */
  holdsEmail(account: MailAccount, recipients: readonly string[]): Promise<boolean>;
  /** Finds the same action where it waits or was done within an hour. */
  find(identity: ActionIdentity, tx?: Transaction): Promise<HeldAction | undefined>;
  /**
   * Stores an email with its envelope in `tx`; the function that it resolves with freezes it. Throws rate_limited,
   * too_large, busy.
   */
  holdEmail(
    email: {
      kind: Exclude<HeldKind, "erase">;
      account: MailAccount;
      composed: ComposedEmail;
      draftId?: string | undefined;
      uploads: readonly string[];
      /** Sentences for the person's page. */
      notes?: readonly string[];
    },
    identity: ActionIdentity & { contentHash: string },
    tx: Transaction,
  ): Promise<() => Promise<HeldAction>>;
  /**
   * Keeps the one-click request to the list that sent the email `id`; `domain`: the organizational domain of the host.
   * Undefined when the person approved it within the hour and the list did not take it. Throws rate_limited,
   * email_not_found.
   */
  holdOneClick(request: {
    account: MailAccount;
    id: string;
    url: string;
    domain: string;
  }): Promise<HeldAction | undefined>;
  /** Keeps a deletion that cannot be undone until the person decides. Throws rate_limited, email_not_found. */
  holdDeletion(deletion: {
    account: MailAccount;
    ids: readonly string[];
    permanently: boolean;
  }): Promise<HeldAction>;
};

/** Deciding for the card that has an approval's secret. */
type CardDecisions = {
  /**
   * Throws approval_unknown for a wrong secret, an unknown id, and a grant whose cards do not decide. `problem`: why it
   * was not done. `limitedUntil`: the end of the send limit, in milliseconds since the epoch.
   */
  decide(request: {
    id: string;
    secret: string;
    decision: "send" | "edit" | "decline";
    /** Positions of the emails that are to be erased; undefined: all. */
    chosen?: readonly number[] | undefined;
  }): Promise<{ approval: HeldAction; problem?: string | undefined; limitedUntil?: number | undefined }>;
};

/** The changes the grant made to its mailboxes. */
export type UndoLog = {
  /** Writes an operation and returns its id, or the reason why it cannot be undone. */
  record(operation: { accountId: string; tool: string; changes: Change[]; erased?: number }): Promise<{
    id?: string;
    problem?: string;
  }>;
  /** Reads an operation and marks it as undone. Throws operation_unknown. */
  take(id: string): Promise<{ id: string; accountId: string; tool: string; changes: Change[] }>;
  /** Makes a taken operation available again with the changes that are still to be undone. */
  putBack(id: string, changes: readonly Change[]): Promise<void>;
};

/** The files a person uploaded for an email. */
type UploadedFiles = {
  /** Creates a one-time page for the person; `expiresAt` in milliseconds since the epoch. Throws rate_limited. */
  request(): Promise<{ uploadId: string; url: string; expiresAt: number }>;
  /** Throws attachment_not_found before the files are uploaded, and after they expire. */
  read(id: string): Promise<AttachedFile[]>;
  /** Deletes an upload that was used. Never throws. */
  remove(id: string): Promise<void>;
};

/** One-time links by which a person downloads an attachment. */
type DownloadLinks = {
  /** `expiresAt` in milliseconds since the epoch. Throws rate_limited. */
  create(attachment: { id: string; index: number }): Promise<{ url: string; expiresAt: number }>;
};
