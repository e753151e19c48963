/** @jsxImportSource hono/jsx */
/** The password, and beside it what is done with it and by whom. */
import { fieldNames } from "./connect-form.ts";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import { whatClaudeSeesUrl } from "./privacy.tsx";
import type { Texts } from "./text/en.ts";

export function PasswordField(props: {
  text: Texts;
  /** The name of the operator. */
  operator: string | undefined;
  message: string | undefined;
  autofocus: boolean;
}) {
  const labels = props.text.connect;
  return (
    <div class="field credentials">
      <label for="password">{labels.password}</label>
      <div class="with-button">
        <input
          id="password"
          name={fieldNames.password}
          type="password"
          autocomplete="current-password"
          autocapitalize="none"
          spellcheck={false}
          maxlength={1024}
          autofocus={props.autofocus}
          {...toFieldAttributes("password", props.message, "hint")}
        />
        <button
          type="button"
          class="quiet"
          id="show-password"
          aria-pressed="false"
          data-show={labels.show}
          data-hide={labels.hide}
          hidden
        >
          {labels.show}
        </button>
      </div>
      <FieldProblem id="password" message={props.message} />
      <p class="hint" id="password-hint">
        {labels.passwordHint}
      </p>
      <p class="trust">
        <Lock />
        <span>
          {labels.trust} {props.operator === undefined ? null : `${labels.runBy(props.operator)} `}
          <a href={whatClaudeSeesUrl} target="_blank" rel="noopener noreferrer">
            {labels.whatClaudeSees}
            <span class="unseen"> {labels.opensNewTab}</span>
          </a>
        </span>
      </p>
    </div>
  );
}

function Lock() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6">
      <title>lock</title>
      <rect x="2.8" y="7" width="10.4" height="7.2" rx="1.4" />
      <path d="M5 7V5a3 3 0 0 1 6 0v2" />
    </svg>
  );
}
