/** @jsxImportSource hono/jsx */
/** Where IMAP and SMTP are, for those who type it; filled in with what was found. */
import type { MailServer } from "../credentials.ts";
import { type ConnectForm, type FormField, fieldNames, type ServerInput } from "./connect-form.ts";
import { FieldProblem, marked } from "./field.tsx";
import type { DiscoveredServers } from "./props.ts";
import type { Texts } from "./text/en.ts";

type Names = { host: string; port: string; security: string };

const names: Record<"imap" | "smtp", Names> = {
  imap: { host: fieldNames.imapHost, port: fieldNames.imapPort, security: fieldNames.imapTls },
  smtp: { host: fieldNames.smtpHost, port: fieldNames.smtpPort, security: fieldNames.smtpSecure },
};

export function ServerFields(props: {
  text: Texts;
  form: ConnectForm;
  /** What to fill in where nothing was typed. */
  usual: Pick<DiscoveredServers, "imap" | "smtp" | "username"> | undefined;
  at: (field: FormField) => string | undefined;
}) {
  const { text, form, usual, at } = props;
  return (
    <div class="servers">
      <Server
        side="imap"
        title={text.connect.servers.imap}
        server={shown(form.imap, usual?.imap)}
        text={text}
        at={at}
      />
      <Server
        side="smtp"
        title={text.connect.servers.smtp}
        server={shown(form.smtp, usual?.smtp)}
        text={text}
        at={at}
      />
      <div class="field">
        <label for="username">{text.connect.servers.username}</label>
        <input
          id="username"
          name={fieldNames.username}
          value={form.username || (usual?.username === "local-part" ? localPartOf(form.address) : "")}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxlength={254}
          {...marked("username", at("username"), "hint")}
        />
        <FieldProblem id="username" message={at("username")} />
        <p class="hint" id="username-hint">
          {text.connect.servers.usernameHint}
        </p>
      </div>
    </div>
  );
}

function localPartOf(address: string): string {
  return address.slice(0, Math.max(0, address.lastIndexOf("@")));
}

/** What was typed, else what is usual. */
function shown(typed: ServerInput, usual: MailServer | undefined): ServerInput {
  if (typed.host !== "" || !usual) return typed;
  return { host: usual.host, port: String(usual.port), security: usual.security };
}

function Server(props: {
  side: "imap" | "smtp";
  title: string;
  server: ServerInput;
  text: Texts;
  at: (field: FormField) => string | undefined;
}) {
  const { side, title, server, at } = props;
  const words = props.text.connect.servers;
  const problem = at(`${side}_host`);
  const portProblem = at(`${side}_port`);
  return (
    <fieldset class="server">
      <legend>{title}</legend>
      <div class="field host">
        <label for={`${side}_host`}>{words.host}</label>
        <input
          id={`${side}_host`}
          name={names[side].host}
          value={server.host}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxlength={253}
          {...marked(`${side}_host`, problem)}
        />
      </div>
      <div class="field port">
        <label for={`${side}_port`}>{words.port}</label>
        <input
          id={`${side}_port`}
          name={names[side].port}
          value={server.port || (side === "imap" ? "993" : "465")}
          inputmode="numeric"
          autocomplete="off"
          maxlength={5}
          {...marked(`${side}_port`, portProblem)}
        />
      </div>
      <div class="field security">
        <label for={`${side}_security`}>{words.security}</label>
        <select id={`${side}_security`} name={names[side].security} autocomplete="off">
          <option value="true" selected={server.security === "tls"}>
            {words.tls}
          </option>
          <option value="false" selected={server.security === "starttls"}>
            {words.startTls}
          </option>
        </select>
      </div>
      <FieldProblem id={`${side}_host`} message={problem} />
      <FieldProblem id={`${side}_port`} message={portProblem} />
    </fieldset>
  );
}
