/** @jsxImportSource hono/jsx */
/** The form in which a person proves, by a password of the account, that it is theirs. */
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import { toMinutes } from "./problem-text.ts";
import type { Language } from "./text/language.ts";
import { proofTextsFor } from "./text/proof.ts";
import { signInTextsFor } from "./text/sign-in.ts";

/** wrong: the mail server refused the password; too_many: no further password is tried; failed: it was not tried. */
export type ProofProblem = "wrong" | "too_many" | "failed";

export function ProofForm(props: {
  language: Language;
  action: string;
  problem?: ProofProblem | undefined;
  retryAfterSeconds?: number | undefined;
  /** The accounts to choose from; undefined where the account is given. */
  accounts?: readonly { id: string; address: string }[] | undefined;
  /** The issuer of the account, where the person proves it by a sign-in instead of a password. */
  issuerName?: string | undefined;
}) {
  const { language, action, problem, retryAfterSeconds, accounts = [], issuerName } = props;
  const text = proofTextsFor(language);
  const wait = retryAfterSeconds === undefined ? "" : ` ${text.wait(toMinutes(retryAfterSeconds))}`;
  const message = problem && `${text.problems[problem]}${wait}`;
  if (issuerName !== undefined) return <IssuerProofForm {...props} issuerName={issuerName} />;
  return (
    <form method="post" action={action} class="proof">
      {accounts.length < 2 ? null : (
        <div class="field">
          <label for="account">{text.account}</label>
          <select id="account" name="account">
            {accounts.map(({ id, address }) => (
              <option value={id}>{address}</option>
            ))}
          </select>
        </div>
      )}
      <div class="field">
        <label for="password">{text.password}</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          autocapitalize="none"
          spellcheck={false}
          required
          maxlength={1024}
          {...toFieldAttributes("password", message, "hint")}
        />
        <FieldProblem id="password" message={message} />
        <p class="hint" id="password-hint">
          {text.hint}
        </p>
      </div>
      <div class="actions">
        <button type="submit">{text.submit}</button>
      </div>
    </form>
  );
}

/** A sign-in anew at the issuer: a program that merely holds this browser's cookies cannot do it. */
function IssuerProofForm(props: {
  language: Language;
  action: string;
  problem?: ProofProblem | undefined;
  issuerName: string;
}) {
  const text = signInTextsFor(props.language);
  return (
    <form method="post" action={props.action} class="proof">
      {props.problem === undefined ? null : (
        <p role="alert" class="problem" tabindex={-1}>
          {text.proofFailed(props.issuerName)}
        </p>
      )}
      <p class="hint">{text.proof(props.issuerName)}</p>
      <div class="actions">
        <button type="submit">{text.continueWith(props.issuerName)}</button>
      </div>
    </form>
  );
}
