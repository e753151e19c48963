/** @jsxImportSource hono/jsx */
/** The connect page: address, provider, app password and level. */

import type { DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { CertificateChoice } from "./certificate-choice.tsx";
import { type FormField, fieldNames } from "./connect-form.ts";
import { DiscoveryStatus } from "./discovery-status.tsx";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import { Layout, toDocument } from "./layout.tsx";
import { LevelChoice } from "./level-choice.tsx";
import { toProblemText } from "./problem-text.ts";
import { ProgressSteps } from "./progress-steps.tsx";
import type { ConnectPageProps, Problem } from "./props.ts";
import { ProviderHelp, ProviderList } from "./provider-choice.tsx";
import { scripts } from "./scripts.ts";
import { ServerFields } from "./server-fields.tsx";
import type { Texts } from "./text/en.ts";
import { textsFor } from "./text/texts.ts";

/** Renders the form. The password is never part of it. */
export function connectPage(props: ConnectPageProps): string {
  const text = textsFor(props.language);
  const connected = props.connected ?? [];
  const title = connected.length > 0 ? text.connect.addHeading : text.connect.title(props.redirectHost);
  return toDocument(
    <Layout
      language={props.language}
      title={props.problem ? `${text.error}: ${title}` : title}
      script={scripts.connect}
      formOrigin
    >
      {connected.length > 0 ? (
        <>
          <h1>
            <small>{text.connect.addFor} </small>
            <strong>{props.redirectHost}</strong>
          </h1>
          <p class="hint">
            {text.connect.connectedAlready} {connected.join(", ")}
          </p>
        </>
      ) : (
        <h1>
          <small>{text.connect.heading.before} </small>
          <strong>{props.redirectHost}</strong>
          <small> {text.connect.heading.after}</small>
        </h1>
      )}
      <ConnectFormView {...props} text={text} adding={connected.length > 0} />
    </Layout>,
  );
}

function ConnectFormView(props: ConnectPageProps & { text: Texts; adding: boolean }) {
  const { form, problem, text, adding, language } = props;
  const found = props.found ?? problem?.found;
  const chosen = form.provider || found?.provider || "";
  const message = problem && toMessage(text, problem, { form, found }, chosen);
  const problemField = toVisibleField(problem, chosen);
  const problemAt = (field: FormField) => (problemField === field ? message : undefined);
  const focus = problemField ?? (form.address === "" ? "address" : "password");
  return (
    <form method="post" action="/oauth/connect" class="connect">
      <input type="hidden" name={fieldNames.request} value={form.request} />
      <p id="lost" role="alert" class="problem" tabindex={-1} data-text={text.connect.lost} hidden />
      {message !== undefined && problemField === undefined ? (
        <p role="alert" class="problem" tabindex={-1}>
          {message}
        </p>
      ) : null}
      <div class="field">
        <label for="address">{text.connect.address}</label>
        <input
          id="address"
          name={fieldNames.address}
          type="email"
          value={form.address}
          required
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          maxlength={254}
          autofocus={focus === "address"}
          {...toFieldAttributes("address", problemAt("address"))}
        />
        <FieldProblem id="address" message={problemAt("address")} />
        <DiscoveryStatus text={text} found={form.provider === "" ? found : undefined} />
      </div>
      <ProviderList text={text} chosen={chosen} message={problemAt("provider")} />
      <ProviderHelp text={text} language={language} chosen={chosen} />
      <ServerFields
        text={text}
        form={form}
        defaults={toDefaultServers(chosen, found)}
        problemAt={problemAt}
      />
      <CertificateChoice text={text} accepted={form.acceptedCertificates} offered={problem?.certificates} />
      <PasswordField text={text} message={problemAt("password")} autofocus={focus === "password"} />
      {adding ? <input type="hidden" name={fieldNames.level} value={form.level} /> : null}
      {adding ? null : <LevelChoice text={text} level={form.level} />}
      <ProgressSteps text={text} />
      <div class="actions credentials">
        <button type="submit" name={fieldNames.next} value="ask">
          {text.connect.submit}
        </button>
        {problem?.side === "smtp" ? (
          <button type="submit" name={fieldNames.withoutSending} value="yes" class="quiet" id="again">
            {text.connect.withoutSending}
          </button>
        ) : null}
      </div>
      <p class="hint credentials">{text.connect.promise}</p>
    </form>
  );
}

function PasswordField(props: { text: Texts; message: string | undefined; autofocus: boolean }) {
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
    </div>
  );
}

/** Returns the text for a problem, with the provider and the server where they are known. */
function toMessage(
  text: Texts,
  problem: Problem,
  { form, found }: Pick<ConnectPageProps, "form" | "found">,
  chosen: string,
): string {
  const preset = findPreset(chosen);
  const side = problem.side ?? "imap";
  const entered = preset && !preset.ownServers ? "" : form[side].host;
  const host = entered || (preset?.[side].host ?? found?.[side].host);
  return toProblemText(text, { ...problem, found }, { provider: chosen, host });
}

/** Returns the usual servers of a bridge or home server, else those discovered for the address. */
function toDefaultServers(chosen: string, found: DiscoveredServers | undefined) {
  const preset = findPreset(chosen);
  return preset?.ownServers ? preset : found;
}

/** Returns the field of a problem, or undefined when the page does not show it: the problem is then above the form. */
function toVisibleField(problem: Problem | undefined, chosen: string): FormField | undefined {
  const isServer = /^(imap|smtp)_|^username$/.test(problem?.field ?? "");
  const preset = findPreset(chosen);
  const hasServers = chosen === "generic" || preset?.ownServers === true;
  return isServer && !hasServers ? undefined : problem?.field;
}
