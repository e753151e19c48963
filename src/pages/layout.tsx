/** @jsxImportSource hono/jsx */
/** The frame of every page: head, mark, one column. */

import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { faviconSvg } from "./favicon.ts";
import { style } from "./style.ts";
import type { Language } from "./text/language.ts";
import { textsFor } from "./text/texts.ts";

type LayoutProps = {
  language: Language;
  /** Without the product's name. */
  title: string;
  /** A script of ours, inline; its hash stands in the policy. */
  script?: string | undefined;
  children: Child;
};

export function Layout({ language, title, script, children }: LayoutProps) {
  const text = textsFor(language);
  return (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · ${text.product}`}</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <style>{raw(style)}</style>
      </head>
      <body>
        <div class="letter">
          <header class="brand">
            <span class="mark" aria-hidden="true">
              {raw(faviconSvg)}
            </span>
            <span>{text.product}</span>
          </header>
          <main>{children}</main>
        </div>
        {script === undefined ? null : <script>{raw(script)}</script>}
      </body>
    </html>
  );
}

/** The whole document as text. Our components are synchronous, so the text is there at once. */
export function toDocument(page: Child): string {
  return `<!doctype html>${String(page)}`;
}
