/** @jsxImportSource hono/jsx */
/** The landing page: the product, the connector URL, and the set-up of each client. */
import { Layout, toDocument } from "./layout.tsx";
import type { LandingPageProps } from "./props.ts";
import { scripts } from "./scripts.ts";
import { textsFor } from "./text/texts.ts";

export function landingPage(props: LandingPageProps): string {
  const { language, connectorUrl } = props;
  const text = textsFor(language).landing;
  const isPublic = connectorUrl.startsWith("https:");
  return toDocument(
    <Layout frame={props} title={text.title} scripts={[scripts.landing]}>
      <h1>{text.title}</h1>
      <p class="lead">{text.lead}</p>
      <p>{text.promise}</p>
      {isPublic ? (
        <p class="actions">
          <a class="button" href={toAddConnectorUrl(connectorUrl)} rel="noopener noreferrer">
            {text.claude.add}
          </a>
        </p>
      ) : null}
      <div class="field">
        <label for="url">{text.urlLabel}</label>
        <div class="with-button">
          <input id="url" value={connectorUrl} readonly />
          <button type="button" id="copy" class="quiet" hidden>
            {text.copy}
          </button>
        </div>
        <p id="copied" class="found" role="status" data-text={text.copied} />
      </div>
      <h2>{text.how}</h2>
      <section>
        <h3>{text.claude.name}</h3>
        <p>{isPublic ? text.claude.addHint : text.claude.needsPublic}</p>
        {isPublic ? <Steps steps={text.claude.steps} /> : null}
      </section>
      <ClientSetup
        name={text.code.name}
        steps={text.code.steps}
        command={`claude mcp add --transport http email ${connectorUrl}`}
      />
      <ClientSetup
        name={text.inspector.name}
        steps={text.inspector.steps}
        command="npx @modelcontextprotocol/inspector"
      />
    </Layout>,
  );
}

/** Returns the URL of Claude's dialog for a custom connector, with its name and URL filled in. */
function toAddConnectorUrl(connectorUrl: string): string {
  const query = new URLSearchParams({ modal: "add-custom-connector", connectorName: "Email", connectorUrl });
  return `https://claude.ai/customize/connectors?${query}`;
}

/** The set-up of one client; `command` belongs to the first step. */
function ClientSetup({ name, steps, command }: { name: string; steps: readonly string[]; command: string }) {
  return (
    <section>
      <h3>{name}</h3>
      <Steps steps={steps} command={command} />
    </section>
  );
}

function Steps({ steps, command }: { steps: readonly string[]; command?: string }) {
  return (
    <ol class="steps">
      {steps.map((step, index) => (
        <li>
          {step}
          {command !== undefined && index === 0 ? <pre>{command}</pre> : null}
        </li>
      ))}
    </ol>
  );
}
