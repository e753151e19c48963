/** @jsxImportSource hono/jsx */
/** The page where a mailbox is connected: address, provider, app password, what Claude may do. */
import { findPreset } from "../providers/presets.ts";
import { type FormField, fieldNames } from "./connect-form.ts";
import { FieldProblem, marked } from "./field.tsx";
import { FoundLine } from "./found-line.tsx";
import { Layout, toDocument } from "./layout.tsx";
import { LevelChoice } from "./level-choice.tsx";
import { toProblemText } from "./problem-text.ts";
import { ProgressSteps } from "./progress-steps.tsx";
import type { ConnectPageProps, DiscoveredServers, Problem } from "./props.ts";
import { ProviderHelp, ProviderList } from "./provider-choice.tsx";
import { scripts } from "./scripts.ts";
import { ServerFields } from "./server-fields.tsx";
import type { Texts } from "./text/en.ts";
import { textsFor } from "./text/texts.ts";

/** A password is never part of what is drawn. */
export function connectPage(props: ConnectPageProps): string {
  const text = textsFor(props.language);
  const connected = props.connected ?? [];
  const title = connected.length > 0 ? text.connect.addHeading : text.connect.title(props.redirectHost);
  return toDocument(
    <Layout
      language={props.language}
      title={props.problem ? `${text.error}: ${title}` : title}
      script={scripts.connect}
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
  const where = toShownField(problem, chosen);
  const at = (field: FormField) => (where === field ? message : undefined);
  const focus = where ?? (form.address === "" ? "address" : "password");
  return (
    <form method="post" action="/oauth/connect" class="connect">
      <input type="hidden" name={fieldNames.request} value={form.request} />
      <p id="lost" role="alert" class="problem" tabindex={-1} data-text={text.connect.lost} hidden />
      {message !== undefined && where === undefined ? (
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
          {...marked("address", at("address"))}
        />
        <FieldProblem id="address" message={at("address")} />
        <FoundLine text={text} found={form.provider === "" ? found : undefined} />
      </div>
      <ProviderList text={text} chosen={chosen} message={at("provider")} />
      <ProviderHelp text={text} language={language} chosen={chosen} />
      <ServerFields text={text} form={form} usual={toUsualServers(chosen, found)} at={at} />
      <PasswordField text={text} message={at("password")} autofocus={focus === "password"} />
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
  const words = props.text.connect;
  return (
    <div class="field credentials">
      <label for="password">{words.password}</label>
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
          {...marked("password", props.message, "hint")}
        />
        <button
          type="button"
          class="quiet"
          id="show-password"
          aria-pressed="false"
          data-show={words.show}
          data-hide={words.hide}
          hidden
        >
          {words.show}
        </button>
      </div>
      <FieldProblem id="password" message={props.message} />
      <p class="hint" id="password-hint">
        {words.passwordHint}
      </p>
    </div>
  );
}

/** The sentence for a problem, naming company and server where we know them. */
function toMessage(
  text: Texts,
  problem: Problem,
  { form, found }: Pick<ConnectPageProps, "form" | "found">,
  chosen: string,
): string {
  const preset = findPreset(chosen);
  const side = problem.side ?? "imap";
  const typed = preset && !preset.ownServers ? "" : form[side].host;
  const host = typed || (preset?.[side].host ?? found?.[side].host);
  return toProblemText(text, { ...problem, found }, { provider: chosen, host });
}

/** A bridge's or a home server's usual places, else what was found for the address. */
function toUsualServers(chosen: string, found: DiscoveredServers | undefined) {
  const preset = findPreset(chosen);
  return preset?.ownServers ? preset : found;
}

/** Where a problem is said: at its field, or above the form when the field is not one that is shown. */
function toShownField(problem: Problem | undefined, chosen: string): FormField | undefined {
  const isServer = /^(imap|smtp)_|^username$/.test(problem?.field ?? "");
  const preset = findPreset(chosen);
  const hasServers = chosen === "generic" || preset?.ownServers === true;
  return isServer && !hasServers ? undefined : problem?.field;
}
