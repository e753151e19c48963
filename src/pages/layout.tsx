/** @jsxImportSource hono/jsx */
/** The frame of every page: head, logo and one column. */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { faviconSvg } from "./favicon.ts";
import type { Operator, PageFrame } from "./props.ts";
import { style } from "./style.ts";
import type { Texts } from "./text/en.ts";
import { textsFor } from "./text/texts.ts";

type LayoutProps = {
  frame: PageFrame;
  /** Without the product's name. */
  title: string;
  /** Inline scripts; the Content-Security-Policy must name their hashes. */
  scripts?: readonly string[];
  /**
   * True for a page whose form is accepted from our own origin only. Under the header's Referrer-Policy, no-referrer, a
   * browser sends `Origin: null` with a form (Fetch section 3.2), which Safari before 16.4 does not explain further.
   */
  formOrigin?: boolean;
  children: Child;
};

export function Layout({ frame, title, scripts = [], formOrigin = false, children }: LayoutProps) {
  const { language, operator } = frame;
  const text = textsFor(language);
  return (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        {formOrigin ? <meta name="referrer" content="same-origin" /> : null}
        <title>{`${title} · ${text.product}`}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <style>{raw(style)}</style>
      </head>
      <body>
        <div class="column">
          <header class="brand">
            <span class="logo" aria-hidden="true">
              {raw(faviconSvg)}
            </span>
            <span>{text.product}</span>
          </header>
          <main>{children}</main>
          <OperatorFooter text={text} operator={operator} />
        </div>
        {scripts.map((script) => (
          <script>{raw(script)}</script>
        ))}
      </body>
    </html>
  );
}

/** Names the operator on every page, with the contacts and the privacy page. */
function OperatorFooter({ text, operator }: { text: Texts; operator: Operator }) {
  const labels = text.footer;
  return (
    <footer class="foot">
      {operator.name === undefined ? null : <span>{labels.runBy(operator.name)}</span>}
      {operator.contacts.map((uri) => (
        <a href={uri} rel="noopener noreferrer">
          {toContactText(uri)}
        </a>
      ))}
      <a href="/privacy">{labels.privacy}</a>
    </footer>
  );
}

/** Shows a contact URI as people write it: the address, the number, or the URL without its scheme. */
export function toContactText(uri: string): string {
  return uri.replace(/^(?:mailto:|tel:|https:\/\/)/, "").replace(/\/$/, "");
}

/** Renders a page to HTML. Our components are synchronous, so `String` returns the whole text. */
export function toDocument(page: Child): string {
  return `<!doctype html>${String(page)}`;
}
