/** @jsxImportSource hono/jsx */
/** The privacy page: what Claude sees, what the server keeps, and who runs it. */
import { Layout, toContactText, toDocument } from "./layout.tsx";
import type { PageFrame } from "./props.ts";
import { privacyTextsFor } from "./text/privacy.ts";

/** The anchor of the section about what Claude sees. */
export const whatClaudeSeesUrl = "/privacy#what-claude-sees";

export function privacyPage(props: PageFrame): string {
  const { language, operator } = props;
  const { title, lead, sees, keeps, goes, ends, contact } = privacyTextsFor(language);
  return toDocument(
    <Layout frame={props} title={title}>
      <h1>{title}</h1>
      <p class="lead">{lead}</p>
      <h2 id="what-claude-sees">{sees.title}</h2>
      <Points items={sees.items} />
      <p>
        <a href={sees.link.url} rel="noopener noreferrer">
          {sees.link.text}
        </a>
      </p>
      {[keeps, goes, ends].map((section) => (
        <>
          <h2>{section.title}</h2>
          <Points items={section.items} />
        </>
      ))}
      <h2>{contact.title}</h2>
      <p>{operator.name === undefined ? contact.unnamed : contact.runBy(operator.name)}</p>
      {operator.contacts.length === 0 ? null : (
        <ul class="points">
          {operator.contacts.map((uri) => (
            <li>
              <a href={uri} rel="noopener noreferrer">
                {toContactText(uri)}
              </a>
            </li>
          ))}
        </ul>
      )}
    </Layout>,
  );
}

function Points({ items }: { items: readonly string[] }) {
  return (
    <ul class="points">
      {items.map((item) => (
        <li>{item}</li>
      ))}
    </ul>
  );
}
