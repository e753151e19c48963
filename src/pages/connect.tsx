/** @jsxImportSource hono/jsx */
/** The connect page: address, app password and level; the provider and its servers where they are needed. */

import type { DiscoveredServers } from "../providers/discover.ts";
import { findPreset } from "../providers/presets.ts";
import { CertificateChoice } from "./certificate-choice.tsx";
import { AddHeading, ConnectHeading, toConnectTitle } from "./client-heading.tsx";
import { type FormField, fieldNames } from "./connect-form.ts";
import { DiscoveryStatus } from "./discovery-status.tsx";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import { Layout, toDocument } from "./layout.tsx";
import { LevelChoice } from "./level-choice.tsx";
import { PasswordField } from "./password-field.tsx";
import { toProblemText } from "./problem-text.ts";
import { ProgressSteps } from "./progress-steps.tsx";
import type { ConnectPageProps, Problem } from "./props.ts";
import { ProviderChoice, ProviderHelp, ProviderList } from "./provider-choice.tsx";
import { scripts } from "./scripts.ts";
import { ServerFields } from "./server-fields.tsx";
import { MissingIssuer, SignInChoice, SignInProblemLink, toSignInProblemText } from "./sign-in-choice.tsx";
import type { Texts } from "./text/en.ts";
import { textsFor } from "./text/texts.ts";
import { LeaveForm, WayBack, WaysOut } from "./ways-out.tsx";

/** Renders the form. The password is never part of it. */
export function connectPage(props: ConnectPageProps): string {
  const text = textsFor(props.language);
  const connected = props.connected ?? [];
  const adding = connected.length > 0;
  const title = adding ? text.connect.addHeading : toConnectTitle(text, props.redirectHost);
  return toDocument(
    <Layout
      frame={props}
      title={props.problem ? `${text.error}: ${title}` : title}
      scripts={[scripts.connect, scripts.passkey]}
      formOrigin
    >
      {adding ? (
        <>
          <AddHeading text={text} redirectHost={props.redirectHost} />
          <p class="hint">
            {text.connect.connectedAlready} {connected.join(", ")}
          </p>
        </>
      ) : (
        <ConnectHeading text={text} redirectHost={props.redirectHost} />
      )}
      <ConnectFormView {...props} text={text} adding={adding} />
      <LeaveForm request={props.form.request} />
    </Layout>,
  );
}

function ConnectFormView(props: ConnectPageProps & { text: Texts; adding: boolean }) {
  const { form, problem, text, adding, language } = props;
  const { offers = [], offered } = props.signIn ?? {};
  const found = props.found ?? problem?.found;
  const chosen = form.provider || found?.provider || "";
  const message =
    problem &&
    (problem.signIn
      ? toSignInProblemText(language, problem.signIn)
      : toMessage(text, problem, { form, found }, chosen));
  const problemField = toVisibleField(problem, chosen);
  const problemAt = (field: FormField) => (problemField === field ? message : undefined);
  const focus = problemField ?? (form.address === "" ? "address" : "password");
  return (
    <form
      method="post"
      action="/oauth/connect"
      class="connect"
      data-sign-in-only={offered && !offered.takesPasswords ? "" : undefined}
    >
      <input type="hidden" name={fieldNames.request} value={form.request} />
      <p id="lost" role="alert" class="problem" tabindex={-1} data-text={text.connect.lost} hidden />
      {message !== undefined && problemField === undefined ? (
        <p role="alert" class="problem" tabindex={-1}>
          {message}
        </p>
      ) : null}
      <SignInProblemLink language={language} problem={problem} />
      <div class="field">
        <label for="address">{text.connect.address}</label>
        <input
          id="address"
          name={fieldNames.address}
          type="email"
          value={form.address}
          placeholder=" "
          required
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          maxlength={254}
          autofocus={focus === "address"}
          {...toFieldAttributes("address", problemAt("address"))}
        />
        <FieldProblem id="address" message={problemAt("address")} />
        <DiscoveryStatus
          text={text}
          found={form.provider === "" ? found : undefined}
          chosen={form.provider}
        />
        <MissingIssuer
          language={language}
          issuerHost={form.provider === "" ? found?.issuerHost : undefined}
          offered={offered !== undefined}
        />
      </div>
      <ProviderChoice text={text} known={chosen !== ""} open={needsChoice(chosen, found, problemField)}>
        <ProviderList
          text={text}
          chosen={chosen}
          bridgeOpened={props.bridgeOpened}
          message={problemAt("provider")}
        />
      </ProviderChoice>
      <ProviderHelp
        text={text}
        language={language}
        chosen={chosen}
        bridgeOpened={props.bridgeOpened}
        signIn={offers}
      />
      <ServerFields
        text={text}
        form={form}
        defaults={toDefaultServers(chosen, found, props.bridgeOpened)}
        problemAt={problemAt}
      />
      <CertificateChoice text={text} accepted={form.acceptedCertificates} offered={problem?.certificates} />
      <PasswordField
        text={text}
        operator={props.operator.name}
        message={problemAt("password")}
        autofocus={focus === "password"}
      />
      {adding ? <input type="hidden" name={fieldNames.level} value={form.level} /> : null}
      {adding ? null : (
        <LevelChoice text={text} level={form.level} asksForNewPeople={form.asksForNewPeople} />
      )}
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
      <SignInChoice language={language} offers={offers} offered={offered} />
      {props.isExtension ? (
        <WayBack language={language} />
      ) : (
        <WaysOut text={text} redirectHost={props.redirectHost} connected={adding} />
      )}
    </form>
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

/** Returns the usual servers of a bridge, where the operator opened them; else those discovered for the address. */
function toDefaultServers(chosen: string, found: DiscoveredServers | undefined, bridgeOpened: boolean) {
  const preset = findPreset(chosen);
  if (!preset?.ownServers) return found;
  return bridgeOpened ? preset : undefined;
}

/** Tells whether the person has to see the provider list or the servers before going on. */
function needsChoice(
  chosen: string,
  found: DiscoveredServers | undefined,
  problemField: FormField | undefined,
): boolean {
  if (problemField && !["address", "password"].includes(problemField)) return true;
  if (chosen === "generic") return found?.source !== "autoconfig";
  return findPreset(chosen)?.ownServers === true;
}

/** Returns the field of a problem, or undefined when the page does not show it: the problem is then above the form. */
function toVisibleField(problem: Problem | undefined, chosen: string): FormField | undefined {
  const isServer = /^(imap|smtp)_|^username$/.test(problem?.field ?? "");
  const preset = findPreset(chosen);
  const hasServers = chosen === "generic" || preset?.ownServers === true;
  return isServer && !hasServers ? undefined : problem?.field;
}
