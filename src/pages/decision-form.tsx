/** @jsxImportSource hono/jsx */
/** The buttons by which a person decides, with what proves them where the cookie alone does not. */
import type { Child } from "hono/jsx";
import { PasskeyField } from "./passkey-parts.tsx";
import { ProofForm, type ProofProblem } from "./proof-form.tsx";
import { approveTextsFor } from "./text/approve.ts";
import type { Language } from "./text/language.ts";
import { passkeyTextsFor } from "./text/passkey.ts";

/** none: it is not asked for; instead: a password does, too; required: nothing else decides. */
export type PasskeyUse = "none" | "instead" | "required";

export function DecisionForm(props: {
  language: Language;
  path: string;
  kind: "send" | "erase" | "answer" | "unsubscribe";
  /** The connected account's address. */
  account: string;
  proof?: string | undefined;
  passkey: PasskeyUse;
  problem?: ProofProblem | undefined;
  retryAfterSeconds?: number | undefined;
  issuerName?: string | undefined;
  children?: Child;
}) {
  const { language, path, kind, account, proof, passkey } = props;
  const text = approveTextsFor(language);
  const asks = passkey === "none" ? undefined : `${path}/passkey`;
  return (
    <>
      <form method="post" action={path}>
        {proof === undefined ? null : <input type="hidden" name="proof" value={proof} />}
        {props.children}
        <p class="hint">{text.account(account)}</p>
        {asks === undefined ? null : (
          <>
            <p class="hint passkey-only">{passkeyTextsFor(language).toDecide}</p>
            <PasskeyField language={language} />
          </>
        )}
        <div class="actions">
          <button type="submit" name="decision" value="send" data-passkey={asks}>
            {text.confirm[kind]}
          </button>
          {kind === "send" ? (
            <button type="submit" name="decision" value="edit" class="quiet" data-passkey={asks}>
              {text.edit}
            </button>
          ) : null}
          <button type="submit" name="decision" value="decline" class="quiet" data-passkey={asks}>
            {text.decline}
          </button>
        </div>
      </form>
      {passkey === "instead" ? <PasswordInstead {...props} /> : null}
    </>
  );
}

function PasswordInstead(props: {
  language: Language;
  path: string;
  problem?: ProofProblem | undefined;
  retryAfterSeconds?: number | undefined;
  issuerName?: string | undefined;
}) {
  const { language, path, problem, retryAfterSeconds, issuerName } = props;
  return (
    <details class="field" open={problem !== undefined}>
      <summary>{passkeyTextsFor(language).instead}</summary>
      <ProofForm
        language={language}
        action={`${path}/prove`}
        problem={problem}
        retryAfterSeconds={retryAfterSeconds}
        issuerName={issuerName}
      />
    </details>
  );
}
