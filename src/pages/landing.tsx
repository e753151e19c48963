/** The front page: what this is, the connector URL, and how each client takes it. */
import { Layout, toDocument } from "./layout.tsx";
import type { LandingPageProps } from "./props.ts";
import { textsFor } from "./text/texts.ts";

export function landingPage({ language, connectorUrl }: LandingPageProps): string {
  const text = textsFor(language).landing;
  return toDocument(
    <Layout language={language} title={text.title}>
      <h1>{text.title}</h1>
      <p class="lead">{text.lead}</p>
      <div class="field">
        <label for="url">{text.urlLabel}</label>
        <input id="url" value={connectorUrl} readonly />
      </div>
      <h2>{text.how}</h2>
      <Way name={text.claude.name} steps={text.claude.steps} />
      <Way
        name={text.code.name}
        steps={text.code.steps}
        command={`claude mcp add --transport http email ${connectorUrl}`}
      />
      <Way
        name={text.inspector.name}
        steps={text.inspector.steps}
        command="npx @modelcontextprotocol/inspector"
      />
    </Layout>,
  );
}

function Way({ name, steps, command }: { name: string; steps: readonly string[]; command?: string }) {
  return (
    <section>
      <h3>{name}</h3>
      <ol>
        {steps.map((step) => (
          <li>{step}</li>
        ))}
      </ol>
      {command === undefined ? null : <pre tabindex={0}>{command}</pre>}
    </section>
  );
}
