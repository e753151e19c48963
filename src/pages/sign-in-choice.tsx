/** @jsxImportSource hono/jsx */
/**
 * The button that leads to the issuer of a mail company. One button for all: the script labels and shows it while the
 * address is typed; without a script, the page after the address shows it.
 *
 * It stands after Connect in the source: the first submit button is the form's default, even where it is hidden, so
 * that Enter in the password field connects with the password.
 */
import { fieldNames } from "./connect-form.ts";
import type { Problem, SignInOffer } from "./props.ts";
import type { Language } from "./text/language.ts";
import { signInTextsFor } from "./text/sign-in.ts";

/** `offers`: all issuers of this server. `offered`: the one of the address, once it is known. */
export function SignInChoice(props: {
  language: Language;
  offers: readonly SignInOffer[];
  offered: SignInOffer | undefined;
}) {
  const { language, offers, offered } = props;
  if (offers.length === 0) return null;
  const text = signInTextsFor(language);
  const name = offered?.name ?? "";
  const say = offered?.takesPasswords ? text.instead : text.help;
  return (
    <div
      id="sign-in"
      class="sign-in"
      data-offers={JSON.stringify(offers)}
      data-label={text.continueWith("{name}")}
      data-help={text.help("{name}")}
      data-instead={text.instead("{name}")}
      hidden={offered === undefined}
    >
      <p class="hint" id="sign-in-help">
        {say(name)}
      </p>
      <div class="actions">
        <button type="submit" name={fieldNames.next} value="sign-in" id="sign-in-button">
          {text.continueWith(name)}
        </button>
      </div>
    </div>
  );
}

/** Says what the operator would have to do, where the domain names an issuer that is not in the settings. */
export function MissingIssuer(props: {
  language: Language;
  issuerHost: string | undefined;
  offered: boolean;
}) {
  const { published } = signInTextsFor(props.language).notConfigured;
  const isMissing = props.issuerHost !== undefined && !props.offered;
  return (
    <p id="sign-in-missing" class="hint" data-text={published("{host}")} hidden={!isMissing}>
      {isMissing ? published(props.issuerHost ?? "") : null}
    </p>
  );
}

/** The link for the administrator of a person whose sign-in needs an approval. */
export function SignInProblemLink({
  language,
  problem,
}: {
  language: Language;
  problem: Problem | undefined;
}) {
  const url = problem?.signIn?.adminConsentUrl;
  if (url === undefined) return null;
  return (
    <p>
      <a href={url} target="_blank" rel="noopener noreferrer">
        {signInTextsFor(language).adminLink}
      </a>
    </p>
  );
}

/** Returns the sentence about a failed sign-in. */
export function toSignInProblemText(
  language: Language,
  { reason, name }: NonNullable<Problem["signIn"]>,
): string {
  const texts = signInTextsFor(language).problem;
  return reason === "unavailable" ? texts.unavailable : texts[reason](name);
}
