/** @jsxImportSource hono/jsx */
/** The list of mail providers, and the steps that each requires before a password works. */
import { presets } from "../providers/presets.ts";
import type { Provider } from "../providers/provider.ts";
import { fieldNames } from "./connect-form.ts";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import type { Texts } from "./text/en.ts";
import type { Language } from "./text/language.ts";
import { stepsFor } from "./text/texts.ts";

export function ProviderList(props: { text: Texts; chosen: string; message: string | undefined }) {
  const { text, chosen, message } = props;
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
            data-imap={preset.ownServers ? JSON.stringify(preset.imap) : undefined}
            data-smtp={preset.ownServers ? JSON.stringify(preset.smtp) : undefined}
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
export function ProviderHelp(props: { text: Texts; language: Language; chosen: string }) {
  return (
    <>
      {presets.map((preset) => (
        <ProviderSteps preset={preset} {...props} />
      ))}
    </>
  );
}

function ProviderSteps(props: { preset: Provider; text: Texts; language: Language; chosen: string }) {
  const { preset, text, language, chosen } = props;
  const { kind, url } = preset.appPassword;
  return (
    <div
      class={kind === "unavailable" ? "help unavailable" : "help"}
      data-help={preset.id}
      data-chosen={preset.id === chosen ? "" : undefined}
    >
      {kind === "unavailable" ? <b>{text.connect.unavailable}</b> : null}
      <p>{stepsFor(preset, language)}</p>
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
