/** @jsxImportSource hono/jsx */
/** The page after a proven login: the connected accounts, and the choice to add another one or to finish. */
import { fieldNames } from "./connect-form.ts";
import { Layout, toDocument } from "./layout.tsx";
import type { ConnectedPageProps } from "./props.ts";
import { textsFor } from "./text/texts.ts";

export function connectedPage(props: ConnectedPageProps): string {
  const { language, redirectHost, request, accounts, failedGuesses } = props;
  const text = textsFor(language).connected;
  return toDocument(
    <Layout language={language} title={text.title} formOrigin>
      <h1>{text.heading}</h1>
      <ul class="accounts">
        {accounts.map(({ address, canSend }) => (
          <li>
            <strong>{address}</strong>
            {canSend ? null : <small>{text.readOnly}</small>}
          </li>
        ))}
      </ul>
      {failedGuesses > 0 ? <p class="hint">{text.failedGuesses(failedGuesses)}</p> : null}
      <p>{text.more(redirectHost)}</p>
      <form method="post" action="/oauth/connect" class="actions">
        <input type="hidden" name={fieldNames.request} value={request} />
        <button type="submit" name={fieldNames.next} value="finish" autofocus>
          {text.continueTo(redirectHost)}
        </button>
        <button type="submit" name={fieldNames.next} value="add" class="quiet">
          {text.add}
        </button>
      </form>
    </Layout>,
  );
}
