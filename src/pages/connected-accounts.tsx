/** @jsxImportSource hono/jsx */
/** The accounts of a connection on its page: each can be removed but the last, and with a proof another one added. */
import type { ConnectionTexts } from "./text/connection.ts";

export function ConnectedAccounts(props: {
  text: ConnectionTexts;
  /** The path of the page. */
  path: string;
  accounts: readonly { id: string; address: string; canSend: boolean }[];
  /** Proves the person for one change; undefined before they have proven themselves. */
  proof?: string | undefined;
}) {
  const { text, path, accounts, proof } = props;
  return (
    <>
      <ul class="accounts">
        {accounts.map(({ id, address, canSend }) => (
          <li>
            <span>
              <strong>{address}</strong>
              {canSend ? null : <small>{text.readOnly}</small>}
            </span>
            {accounts.length === 1 ? null : (
              <form method="post" action={path}>
                <input type="hidden" name="account" value={id} />
                <button
                  type="submit"
                  name="action"
                  value="remove_account"
                  class="plain"
                  aria-label={text.removeAddress(address)}
                >
                  {text.removeAccount}
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
      {proof === undefined ? null : (
        <form method="post" action={path} class="actions">
          <input type="hidden" name="proof" value={proof} />
          <button type="submit" name="action" value="add_account" class="quiet">
            {text.addAccount}
          </button>
        </form>
      )}
    </>
  );
}
