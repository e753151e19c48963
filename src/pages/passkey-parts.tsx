/** @jsxImportSource hono/jsx */
/** The parts of pages that ask for a passkey. passkey.client.js works on them. */
import type { Language } from "./text/language.ts";
import { passkeyTextsFor } from "./text/passkey.ts";

/** The field that carries the authenticator's response, and the place where the script tells how it goes. */
export function PasskeyField({ language }: { language: Language }) {
  const { waiting, refused, known, missing } = passkeyTextsFor(language);
  return (
    <>
      <input type="hidden" name="passkey" />
      <p role="status" data-waiting={waiting} data-refused={refused} data-known={known} />
      <p class="warning passkey-missing">{missing}</p>
    </>
  );
}

/** The form in which a person proves themselves by a passkey. `path`: of the page. */
export function PasskeyProofForm(props: { language: Language; path: string; failed?: boolean }) {
  const text = passkeyTextsFor(props.language);
  return (
    <form method="post" action={`${props.path}/prove`} class="proof">
      {props.failed ? (
        <p role="alert" class="problem" tabindex={-1}>
          {text.failed}
        </p>
      ) : null}
      <PasskeyField language={props.language} />
      <div class="actions">
        <button type="submit" name="purpose" value="prove" data-passkey={`${props.path}/passkey`}>
          {text.use}
        </button>
      </div>
    </form>
  );
}
