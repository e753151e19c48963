/** The page where a mailbox is connected: address, provider, app password, what Claude may do. */
import { findPreset } from "../providers/presets.ts";
import { fieldNames } from "./connect-form.ts";
import { FieldProblem, marked } from "./field.tsx";
import { Layout, toDocument } from "./layout.tsx";
import { LevelChoice } from "./level-choice.tsx";
import type { ConnectPageProps, Problem, ProblemField } from "./props.ts";
import { ProviderHelp, ProviderList } from "./provider-choice.tsx";
import { ServerFields } from "./server-fields.tsx";
import type { Texts } from "./text/en.ts";
import { textsFor } from "./text/texts.ts";

/** A password is never part of what is drawn. */
export function connectPage(props: ConnectPageProps): string {
  const text = textsFor(props.language);
  const adding = (props.connected?.length ?? 0) > 0;
  const title = adding ? text.connect.addTitle : text.connect.title(props.redirectHost);
  return toDocument(
    <Layout language={props.language} title={props.problem ? `${text.error}: ${title}` : title}>
      {adding ? (
        <AddHeading text={text} connected={props.connected ?? []} />
      ) : (
        <h1>
          {text.connect.heading.before} <strong class="host">{props.redirectHost}</strong>{" "}
          {text.connect.heading.after}
        </h1>
      )}
      <ConnectFormView {...props} text={text} adding={adding} />
    </Layout>,
  );
}

function AddHeading({ text, connected }: { text: Texts; connected: readonly string[] }) {
  return (
    <>
      <h1>{text.connect.addHeading}</h1>
      <p>
        {text.connect.connectedAlready} {connected.join(", ")}
      </p>
    </>
  );
}

function ConnectFormView(props: ConnectPageProps & { text: Texts; adding: boolean }) {
  const { form, found, problem, text, adding } = props;
  const chosen = form.provider || found?.provider || "";
  const message = problem === undefined ? undefined : toMessage(problem, props, chosen);
  const at = (field: ProblemField) => (problem?.field === field ? message : undefined);
  return (
    <form method="post" action="/oauth/connect" class="connect">
      <input type="hidden" name={fieldNames.request} value={form.request} />
      {message !== undefined && problem?.field === undefined ? (
        <p role="alert" class="problem">
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
          autofocus={form.address === "" || problem?.field === "address"}
          {...marked("address", at("address"))}
        />
        <FieldProblem id="address" message={at("address")} />
      </div>
      <ProviderList text={text} chosen={chosen} message={at("provider")} />
      <ProviderHelp text={text} language={props.language} chosen={chosen} />
      <ServerFields text={text} form={form} found={found} at={at} />
      <div class="field credentials">
        <label for="password">{text.connect.password}</label>
        <input
          id="password"
          name={fieldNames.password}
          type="password"
          autocomplete="current-password"
          maxlength={1024}
          autofocus={form.address !== "" && problem?.field !== "address"}
          {...marked("password", at("password"), "hint")}
        />
        <FieldProblem id="password" message={at("password")} />
        <p class="hint" id="password-hint">
          {text.connect.passwordHint}
        </p>
      </div>
      {adding ? null : <LevelChoice text={text} level={form.level} />}
      <div class="actions credentials">
        <button type="submit" name={fieldNames.next} value="ask">
          {text.connect.submit}
        </button>
        {problem?.side === "smtp" ? (
          <button type="submit" name={fieldNames.withoutSending} value="yes" class="quiet">
            {text.connect.withoutSending}
          </button>
        ) : null}
      </div>
      <p class="hint">{text.connect.promise}</p>
    </form>
  );
}

/** The sentence for a problem, naming company and server where we know them. */
function toMessage(problem: Problem, { form, found, language }: ConnectPageProps, chosen: string): string {
  const preset = findPreset(chosen);
  const side = problem.side ?? "imap";
  const typed = preset && !preset.ownServers ? "" : form[side].host;
  const known = preset?.[side].host ?? found?.[side].host;
  return textsFor(language).problem(problem, {
    provider: preset?.name,
    providerId: preset?.id,
    passwordKind: preset?.appPassword.kind,
    host: typed || known,
  });
}
