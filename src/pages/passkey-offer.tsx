/** @jsxImportSource hono/jsx */
/** The offer of a passkey on the page after the login; where the browser knows none, or runs no script, there is none. */
import { fieldNames } from "./connect-form.ts";
import { PasskeyField } from "./passkey-parts.tsx";
import type { ConnectedPageProps } from "./props.ts";
import { passkeyTextsFor } from "./text/passkey.ts";

export function PasskeyOffer({ language, level, passkeys, passkey }: ConnectedPageProps) {
  // At the level read there is nothing to approve.
  if (passkeys === undefined || level === "read") return null;
  const text = passkeyTextsFor(language);
  return (
    <>
      {passkey === "added" ? (
        <p role="status" class="found">
          {text.added}
        </p>
      ) : null}
      <details class="field passkey-only" open={passkey === "failed"}>
        <summary>{passkeys === 0 ? text.offer : text.count(passkeys)}</summary>
        {passkey === "failed" ? (
          <p role="alert" class="problem">
            {text.failed}
          </p>
        ) : null}
        <p class="hint">{text.about}</p>
        <p class="hint">{text.why}</p>
        <label class="mailbox">
          <input type="checkbox" name={fieldNames.eachTime} value="on" />
          <span>
            {text.eachTime}
            <small>{text.eachTimeHint}</small>
          </span>
        </label>
        <PasskeyField language={language} />
        <div class="actions">
          <button
            type="submit"
            name={fieldNames.next}
            value="passkey"
            class="quiet"
            data-passkey="/oauth/passkey"
          >
            {text.add}
          </button>
        </div>
      </details>
    </>
  );
}
