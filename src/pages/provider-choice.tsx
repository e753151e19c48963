/** @jsxImportSource hono/jsx */
/** The list of mail providers, and the steps that each requires before a password works. */
import type { Child } from "hono/jsx";
import type { MailServer } from "../credentials.ts";
import { presets } from "../providers/presets.ts";
import type { Provider } from "../providers/provider.ts";
import { fieldNames } from "./connect-form.ts";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import type { SignInOffer } from "./props.ts";
import type { Texts } from "./text/en.ts";
import type { Language } from "./text/language.ts";
import { signInTextsFor } from "./text/sign-in.ts";
import { stepsFor } from "./text/texts.ts";

/**
 * Holds the provider list, closed until it is needed; the server fields open and close with it. `known`: a provider or servers were
 * found, and the control offers to change them.
 */
export function ProviderChoice(props: { text: Texts; known: boolean; open: boolean; children: Child }) {
  const { changeProvider, chooseProvider } = props.text.connect;
  return (
    <details id="choice" class="choice" open={props.open}>
      <summary id="choice-label" data-known={changeProvider} data-unknown={chooseProvider}>
        {props.known ? changeProvider : chooseProvider}
      </summary>
      {props.children}
    </details>
  );
}

/** `bridgeOpened`: a bridge on this server may be used, so its usual servers are filled in. */
export function ProviderList(props: {
  text: Texts;
  chosen: string;
  bridgeOpened: boolean;
  message: string | undefined;
}) {
  const { text, chosen, bridgeOpened, message } = props;
  const toServers = ({ ownServers }: Provider, server: MailServer) =>
    ownServers && bridgeOpened ? JSON.stringify(server) : undefined;
  return (
    <div class="field">
      <label for="provider">{text.connect.provider}</label>
      <select
        id="provider"
        name={fieldNames.provider}
        autocomplete="off"
        {...toFieldAttributes("provider", message)}
      >
        <option value="" selected={chosen === ""}>
          {text.connect.providerFromAddress}
        </option>
        {presets.map((preset) => (
          <option
            value={preset.id}
            selected={preset.id === chosen}
            data-domains={preset.domains.join(" ")}
            data-servers={preset.ownServers ? "" : undefined}
            data-imap={toServers(preset, preset.imap)}
            data-smtp={toServers(preset, preset.smtp)}
            data-unavailable={preset.appPassword.kind === "unavailable" ? "" : undefined}
          >
            {preset.name}
          </option>
        ))}
        <option value="generic" selected={chosen === "generic"} data-servers="">
          {text.connect.providerOther}
        </option>
      </select>
      <FieldProblem id="provider" message={message} />
    </div>
  );
}

/** The help for every provider; CSS shows that of the selected one (style.ts). */
export function ProviderHelp(props: {
  text: Texts;
  language: Language;
  chosen: string;
  bridgeOpened: boolean;
  signIn: readonly SignInOffer[];
}) {
  return (
    <>
      {presets.map((preset) => (
        <ProviderSteps preset={preset} {...props} />
      ))}
    </>
  );
}

function ProviderSteps(props: {
  preset: Provider;
  text: Texts;
  language: Language;
  chosen: string;
  bridgeOpened: boolean;
  signIn: readonly SignInOffer[];
}) {
  const { preset, text, language, chosen, bridgeOpened, signIn } = props;
  const { kind, url } = preset.appPassword;
  // The button's own help says what to do.
  if (kind === "unavailable" && signIn.some(({ providers }) => providers.includes(preset.id))) return null;
  return (
    <div
      class={kind === "unavailable" ? "help unavailable" : "help"}
      data-help={preset.id}
      data-chosen={preset.id === chosen ? "" : undefined}
    >
      {kind === "unavailable" ? <b>{text.connect.unavailable}</b> : null}
      <p>{stepsFor(preset, language)}</p>
      {preset.issuerName === undefined || kind !== "unavailable" ? null : (
        <p>{signInTextsFor(language).notConfigured.known(preset.issuerName)}</p>
      )}
      {preset.ownServers && !bridgeOpened ? <p>{text.connect.bridgeClosed}</p> : null}
      {url === undefined ? null : (
        <p>
          <a href={url} target="_blank" rel="noopener noreferrer">
            {kind === "needed" && !preset.ownServers ? text.connect.makeAppPassword : text.connect.helpPage}
            <span class="unseen"> {text.connect.opensNewTab}</span>
          </a>
        </p>
      )}
    </div>
  );
}
