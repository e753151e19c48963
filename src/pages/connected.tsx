/** @jsxImportSource hono/jsx */
/**
 * The page after a proven login: the connected accounts, what the client may do with them and how to take it back, and
 * the choice to go on or to add another account.
 */
import { isLocalClient } from "./client-heading.tsx";
import { fieldNames } from "./connect-form.ts";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import { Layout, toDocument } from "./layout.tsx";
import { PasskeyOffer } from "./passkey-offer.tsx";
import type { ConnectedPageProps } from "./props.ts";
import { scripts } from "./scripts.ts";
import { connectionTextsFor } from "./text/connection.ts";
import type { Texts } from "./text/en.ts";
import { signInTextsFor } from "./text/sign-in.ts";
import { textsFor } from "./text/texts.ts";
import { LeaveForm, leaveFormId, WaysOut } from "./ways-out.tsx";

export function connectedPage(props: ConnectedPageProps): string {
  const {
    language,
    redirectHost,
    request,
    accounts,
    level,
    failedGuesses,
    sendingProblem,
    issuerNames = [],
  } = props;
  const texts = textsFor(language);
  const text = texts.connected;
  const local = isLocalClient(redirectHost);
  return toDocument(
    <Layout frame={props} title={text.title} formOrigin scripts={[scripts.passkey]}>
      <h1>{text.heading}</h1>
      <form method="post" action="/oauth/connect">
        <input type="hidden" name={fieldNames.request} value={request} />
        <AccountList text={text} accounts={accounts} />
        {sendingProblem === undefined ? null : (
          <p class="warning">{signInTextsFor(language).sending[sendingProblem]}</p>
        )}
        {failedGuesses > 0 ? <p class="warning">{text.failedGuesses(failedGuesses)}</p> : null}
        <dl class="facts">
          <dt>{texts.connect.level.legend}</dt>
          <dd>{text.may[level]}</dd>
          <dt>{text.nextTitle}</dt>
          <dd>{local ? text.nextLocal : text.next(redirectHost)}</dd>
          <dt>{text.takeBackTitle}</dt>
          <dd>
            {issuerNames.length > 0
              ? signInTextsFor(language).takeBack(issuerNames.join(", "))
              : text.takeBack}{" "}
            <a href="/connection" target="_blank" rel="noopener noreferrer">
              {text.takeBackPage}
              <span class="unseen"> {texts.connect.opensNewTab}</span>
            </a>
          </dd>
        </dl>
        <PrivateField {...props} />
        <PasskeyOffer {...props} />
        <div class="actions">
          <button type="submit" name={fieldNames.next} value="finish" autofocus>
            {local ? texts.localClient.continueTo : text.continueTo(redirectHost)}
          </button>
          <button type="submit" name={fieldNames.next} value="add" class="quiet">
            {text.add}
          </button>
        </div>
        <WaysOut text={texts} redirectHost={redirectHost} connected={false} />
      </form>
      <LeaveForm request={request} />
    </Layout>,
  );
}

/** The names of mailboxes that are not to exist for the client, folded: most people have none. */
function PrivateField({ language, privateMailboxes = [], unknownMailboxes = [] }: ConnectedPageProps) {
  const text = connectionTextsFor(language);
  const problem =
    unknownMailboxes.length === 0 ? undefined : text.privateUnknown(unknownMailboxes.join(", "));
  return (
    <details class="field" open={problem !== undefined}>
      <summary>{text.private}</summary>
      <label for="private">{text.privateNames}</label>
      <textarea
        id="private"
        name={fieldNames.private}
        rows={3}
        {...toFieldAttributes("private", problem, "hint")}
      >
        {privateMailboxes.join("\n")}
      </textarea>
      <FieldProblem id="private" message={problem} />
      <p class="hint" id="private-hint">
        {text.privateHint}
      </p>
    </details>
  );
}

function AccountList(props: { text: Texts["connected"]; accounts: ConnectedPageProps["accounts"] }) {
  const { text, accounts } = props;
  return (
    <ul class="accounts">
      {accounts.map(({ address, canSend }) => (
        <li>
          <span>
            <strong>{address}</strong>
            {canSend ? null : <small>{text.readOnly}</small>}
          </span>
          <button
            type="submit"
            form={leaveFormId}
            name={fieldNames.remove}
            value={address}
            class="plain"
            aria-label={text.removeAddress(address)}
          >
            {text.remove}
          </button>
        </li>
      ))}
    </ul>
  );
}
