/** @jsxImportSource hono/jsx */
/** The person's own pages: the connections of a browser, and one of them with what it may do and what it did. */
import type { Level } from "../grant.ts";
import { ConnectedAccounts } from "./connected-accounts.tsx";
import { showHidden } from "./hidden-characters.ts";
import { Layout, toDocument } from "./layout.tsx";
import { formatMinute } from "./minute.ts";
import { PasskeyProofForm } from "./passkey-parts.tsx";
import { PasskeySection, type ShownPasskeys } from "./passkey-section.tsx";
import { ProofForm, type ProofProblem } from "./proof-form.tsx";
import type { PageFrame } from "./props.ts";
import { scripts } from "./scripts.ts";
import { approveTextsFor } from "./text/approve.ts";
import { type ConnectionTexts, connectionTextsFor } from "./text/connection.ts";
import { textsFor } from "./text/texts.ts";

/** An action that waits. `expiresAt`: milliseconds since the epoch. */
export type ShownWaiting = {
  kind: "send" | "erase" | "answer" | "unsubscribe";
  path: string;
  expiresAt: number;
  subject?: string | undefined;
  count?: number | undefined;
};

/** Something that Claude did. `at`: milliseconds since the epoch; `count`: recipients or emails. */
export type ShownDeed = {
  at: number;
  deed: "sent" | "maybe_sent" | "moved" | "marked" | "erased";
  count: number;
  /** Absent where it cannot be put back. */
  undo?: { operationId: string; isUndone: boolean } | undefined;
};

type ConnectionListProps = PageFrame & {
  connections: readonly { path: string; redirectHost: string; addresses: readonly string[]; level: Level }[];
};

export type ConnectionPageProps = PageFrame & {
  /** The path of the page, for its forms. */
  path: string;
  redirectHost: string;
  accounts: readonly {
    id: string;
    address: string;
    canSend: boolean;
    privateMailboxes: readonly { path: string }[];
    /** Emails are signed with the signature that the person uses. */
    signature: boolean;
  }[];
  level: Level;
  asksForNewPeople: boolean;
  passkeys: ShownPasskeys;
  /** The use of a passkey, or the registration of one, did not verify. */
  passkeyFailed?: "proof" | "registration" | undefined;
  waiting: readonly ShownWaiting[];
  deeds: readonly ShownDeed[];
  /** Milliseconds since the epoch. */
  createdAt: number;
  lastUsedAt: number;
  /** Wrong passwords: before it was connected, and on its pages within a day. */
  failedGuesses: number;
  wrongProofs: number;
  /** The mailboxes of each account that may be private, once they are asked for. */
  choosable?:
    | readonly {
        accountId: string;
        address: string;
        mailboxes: readonly { path: string; isPrivate: boolean }[];
      }[]
    | undefined;
  /** The issuer at which the person proves themselves; undefined when a password does it. */
  issuerName?: string | undefined;
  /** Proves the person for one change; undefined before they have proven themselves. */
  proof?: string | undefined;
  /** The outcome of the last form. */
  told?: ConnectionNotice | undefined;
  problem?: ProofProblem | undefined;
  retryAfterSeconds?: number | undefined;
};

type ConnectionNotice =
  | "changed"
  | "undone"
  | "not_undone"
  | "needs_proof"
  | "connect_again"
  | "last_account";

export function connectionListPage(props: ConnectionListProps): string {
  const text = connectionTextsFor(props.language);
  const levels = textsFor(props.language).connect.level;
  return toDocument(
    <Layout frame={props} title={text.listTitle}>
      <h1>{text.listTitle}</h1>
      {props.connections.length === 0 ? <p>{text.howToGetHere}</p> : null}
      <ul class="accounts">
        {props.connections.map(({ path, redirectHost, addresses, level }) => (
          <li>
            <span>
              <a href={path}>
                <strong>{redirectHost}</strong>
              </a>
              <small>
                {addresses.join(", ")} · {levels[level]}
              </small>
            </span>
          </li>
        ))}
      </ul>
    </Layout>,
  );
}

export function connectionPage(props: ConnectionPageProps): string {
  const text = connectionTextsFor(props.language);
  const { told, waiting, deeds, createdAt, lastUsedAt, failedGuesses, wrongProofs } = props;
  return toDocument(
    <Layout frame={props} title={text.title(props.redirectHost)} formOrigin scripts={[scripts.passkey]}>
      <h1>{text.title(props.redirectHost)}</h1>
      {told === undefined ? null : (
        <p role="status" class={told === "changed" || told === "undone" ? "found" : "problem"}>
          {text.told[told]}
        </p>
      )}
      <ConnectedAccounts {...props} text={text} />
      <h2>{text.waiting}</h2>
      {waiting.length === 0 ? <p class="hint">{text.nothingWaits}</p> : null}
      <WaitingList {...props} />
      <LevelForm {...props} text={text} />
      <PasskeySection {...props} proof={props.proof} failed={props.passkeyFailed === "registration"} />
      <PrivateMailboxes {...props} text={text} />
      <Signatures {...props} text={text} />
      <h2>{text.deeds}</h2>
      {deeds.length === 0 ? <p class="hint">{text.noDeeds}</p> : null}
      <DeedList {...props} text={text} />
      <dl class="facts">
        <dt>{text.since}</dt>
        <dd>{formatMinute(createdAt)}</dd>
        <dt>{text.lastUsed}</dt>
        <dd>{formatMinute(lastUsedAt)}</dd>
      </dl>
      {failedGuesses > 0 ? <p class="warning">{text.failedGuesses(failedGuesses)}</p> : null}
      {wrongProofs > 0 ? <p class="warning">{text.wrongProofs(wrongProofs)}</p> : null}
      <form method="post" action={props.path} class="actions">
        <button type="submit" name="action" value="end" class="quiet">
          {text.end}
        </button>
      </form>
      <p class="hint">{text.endHint}</p>
    </Layout>,
  );
}

/** The page after the end of a connection. */
export function connectionEndedPage(frame: PageFrame): string {
  const text = connectionTextsFor(frame.language);
  return toDocument(
    <Layout frame={frame} title={text.endedTitle}>
      <h1>{text.endedTitle}</h1>
      <p>{text.ended}</p>
    </Layout>,
  );
}

function WaitingList({ language, waiting }: ConnectionPageProps) {
  const text = connectionTextsFor(language);
  const titles = approveTextsFor(language).title;
  return (
    <ul class="waiting">
      {waiting.map(({ kind, path, expiresAt, subject, count }) => (
        <li>
          <a href={path}>{titles[kind]}</a> {subject === undefined ? null : <bdi>{showHidden(subject)}</bdi>}
          {count === undefined ? null : text.emails(count)}
          <small> {text.until(formatMinute(expiresAt))}</small>
        </li>
      ))}
    </ul>
  );
}

const levelOrder: readonly Level[] = ["read", "organise", "approve", "send"];

/** The choice of the level. What gives Claude more wants a proof, which the form below it makes. */
function LevelForm(props: ConnectionPageProps & { text: ConnectionTexts }) {
  const { language, text, path, level, asksForNewPeople, proof } = props;
  const levels = textsFor(language).connect.level;
  const rank = levelOrder.indexOf(level);
  const highest = level === "read" ? 0 : proof === undefined ? rank : levelOrder.length - 1;
  return (
    <>
      <h2>{levels.legend}</h2>
      <form method="post" action={path}>
        {proof === undefined ? null : <input type="hidden" name="proof" value={proof} />}
        <fieldset class="levels">
          {levelOrder.slice(0, highest + 1).map((value) => (
            <label class="level">
              <input type="radio" name="level" value={value} checked={value === level} />
              <span>
                <b>{levels[value]}</b>
                <small>{levels[`${value}More`]}</small>
              </span>
            </label>
          ))}
          {highest < 3 ? null : (
            <label class="level beneath">
              <input
                type="checkbox"
                name="ask_for_new_people"
                value="on"
                checked={asksForNewPeople || level !== "send"}
              />
              <span>{levels.askForNewPeople}</span>
            </label>
          )}
        </fieldset>
        <div class="actions">
          <button type="submit" name="action" value="level">
            {text.changeLevel}
          </button>
        </div>
      </form>
      {proof === undefined ? <MoreForm {...props} /> : null}
    </>
  );
}

/** The proof of the person, which is for one change that gives Claude more. */
function MoreForm(props: ConnectionPageProps & { text: ConnectionTexts }) {
  const { language, text, path, passkeys, accounts, problem, told } = props;
  const passkeyFailed = props.passkeyFailed === "proof";
  return (
    <details open={problem !== undefined || told === "needs_proof" || passkeyFailed}>
      <summary>{text.more}</summary>
      <p>{text.moreHint}</p>
      {passkeys.listed.length > 0 ? (
        <PasskeyProofForm language={language} path={path} failed={passkeyFailed} />
      ) : (
        <ProofForm
          language={language}
          action={`${path}/prove`}
          problem={problem}
          retryAfterSeconds={props.retryAfterSeconds}
          accounts={accounts}
          issuerName={props.issuerName}
        />
      )}
    </details>
  );
}

/** A switch for each account that sends. */
function Signatures({ text, path, accounts }: ConnectionPageProps & { text: ConnectionTexts }) {
  const sending = accounts.filter(({ canSend }) => canSend);
  if (sending.length === 0) return null;
  return (
    <>
      <h2>{text.signature}</h2>
      <p class="hint">{text.signatureHint}</p>
      {sending.map(({ id, address, signature }) => (
        <form method="post" action={path}>
          <input type="hidden" name="account" value={id} />
          <label class="mailbox">
            <input type="checkbox" name="signature" checked={signature} />
            <span>{text.sign(address)}</span>
          </label>
          <div class="actions">
            <button
              type="submit"
              name="action"
              value="signature"
              class="quiet"
              aria-label={`${text.saveSignature}: ${address}`}
            >
              {text.saveSignature}
            </button>
          </div>
        </form>
      ))}
    </>
  );
}

/** The private mailboxes by name; with `choosable` a list of check marks for each account. */
function PrivateMailboxes(props: ConnectionPageProps & { text: ConnectionTexts }) {
  const { text, path, accounts, choosable, proof } = props;
  const hidden = accounts.flatMap(({ privateMailboxes }) => privateMailboxes.map((each) => each.path));
  return (
    <>
      <h2>{text.private}</h2>
      <p class="hint">{text.privateHint}</p>
      {hidden.length === 0 ? null : (
        <ul class="private">
          {hidden.map((name) => (
            <li>
              <bdi>{showHidden(name)}</bdi>
            </li>
          ))}
        </ul>
      )}
      {choosable?.map(({ accountId, address, mailboxes }) => (
        <form method="post" action={path}>
          {proof === undefined ? null : <input type="hidden" name="proof" value={proof} />}
          <input type="hidden" name="account" value={accountId} />
          <fieldset class="mailboxes">
            <legend>{address}</legend>
            {mailboxes.map((mailbox) => (
              <label class="mailbox">
                <input type="checkbox" name="private" value={mailbox.path} checked={mailbox.isPrivate} />
                <bdi>{showHidden(mailbox.path)}</bdi>
              </label>
            ))}
          </fieldset>
          <div class="actions">
            <button type="submit" name="action" value="private">
              {text.changePrivate}
            </button>
          </div>
        </form>
      ))}
      {choosable === undefined ? (
        <form method="post" action={path} class="actions">
          {proof === undefined ? null : <input type="hidden" name="proof" value={proof} />}
          <button type="submit" name="action" value="mailboxes" class="quiet">
            {text.choosePrivate}
          </button>
        </form>
      ) : null}
    </>
  );
}

function DeedList({ text, path, deeds }: ConnectionPageProps & { text: ConnectionTexts }) {
  return (
    <ul class="deeds">
      {deeds.map(({ at, deed, count, undo }) => (
        <li>
          <span>
            {text.deed[deed](count)} <small>{formatMinute(at)}</small>
          </span>
          {undo?.isUndone ? <small>{text.isUndone}</small> : null}
          {undo && !undo.isUndone ? (
            <form method="post" action={path}>
              <input type="hidden" name="operation_id" value={undo.operationId} />
              <button type="submit" name="action" value="undo" class="quiet">
                {text.undo}
              </button>
            </form>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
