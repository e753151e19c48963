/** @jsxImportSource hono/jsx */
/** The IMAP and SMTP servers, for a person who enters them; prefilled with the discovered ones. */
import type { MailServer } from "../credentials.ts";
import type { DiscoveredServers } from "../providers/discover.ts";
import {
  type ConnectForm,
  type FormField,
  fieldNames,
  type ServerInput,
  serverFieldNames,
} from "./connect-form.ts";
import { FieldProblem, toFieldAttributes } from "./field.tsx";
import type { Texts } from "./text/en.ts";

export function ServerFields(props: {
  text: Texts;
  form: ConnectForm;
  /** The servers to prefill where nothing was entered. */
  defaults: Pick<DiscoveredServers, "imap" | "smtp" | "username"> | undefined;
  problemAt: (field: FormField) => string | undefined;
}) {
  const { text, form, defaults, problemAt } = props;
  return (
    <div class="servers">
      <ServerFieldset
        side="imap"
        title={text.connect.servers.imap}
        server={withDefault(form.imap, defaults?.imap)}
        text={text}
        problemAt={problemAt}
      />
      <ServerFieldset
        side="smtp"
        title={text.connect.servers.smtp}
        server={withDefault(form.smtp, defaults?.smtp)}
        text={text}
        problemAt={problemAt}
      />
      <div class="field">
        <label for="username">{text.connect.servers.username}</label>
        <input
          id="username"
          name={fieldNames.username}
          value={form.username || (defaults?.username === "local-part" ? toLocalPart(form.address) : "")}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxlength={254}
          {...toFieldAttributes("username", problemAt("username"), "hint")}
        />
        <FieldProblem id="username" message={problemAt("username")} />
        <p class="hint" id="username-hint">
          {text.connect.servers.usernameHint}
        </p>
      </div>
    </div>
  );
}

function toLocalPart(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf("@")));
}

function withDefault(entered: ServerInput, server: MailServer | undefined): ServerInput {
  if (entered.host !== "" || !server) return entered;
  return { host: server.host, port: String(server.port), security: server.security };
}

function ServerFieldset(props: {
  side: "imap" | "smtp";
  title: string;
  server: ServerInput;
  text: Texts;
  problemAt: (field: FormField) => string | undefined;
}) {
  const { side, title, server, problemAt } = props;
  const labels = props.text.connect.servers;
  const problem = problemAt(`${side}_host`);
  const portProblem = problemAt(`${side}_port`);
  return (
    <fieldset class="server">
      <legend>{title}</legend>
      <div class="field host">
        <label for={`${side}_host`}>{labels.host}</label>
        <input
          id={`${side}_host`}
          name={serverFieldNames[side].host}
          value={server.host}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxlength={253}
          {...toFieldAttributes(`${side}_host`, problem)}
        />
      </div>
      <div class="field port">
        <label for={`${side}_port`}>{labels.port}</label>
        <input
          id={`${side}_port`}
          name={serverFieldNames[side].port}
          value={server.port || (side === "imap" ? "993" : "465")}
          inputmode="numeric"
          autocomplete="off"
          maxlength={5}
          {...toFieldAttributes(`${side}_port`, portProblem)}
        />
      </div>
      <div class="field security">
        <label for={`${side}_security`}>{labels.security}</label>
        <select id={`${side}_security`} name={serverFieldNames[side].security} autocomplete="off">
          <option value="true" selected={server.security === "tls"}>
            {labels.tls}
          </option>
          <option value="false" selected={server.security === "starttls"}>
            {labels.startTls}
          </option>
        </select>
      </div>
      <FieldProblem id={`${side}_host`} message={problem} />
      <FieldProblem id={`${side}_port`} message={portProblem} />
    </fieldset>
  );
}
