/** A browser without pages: keeps cookies by host, as browsers do whatever the port, and follows redirects. */

import { readForm } from "./authorize.ts";

export type Page = { status: number; html: string; url: string };

export type Browser = {
  get(url: string): Promise<Page>;
  /** Posts a form of ours. Follows no redirect. */
  post(url: string, fields: Readonly<Record<string, string>>): Promise<Response>;
  /** Follows the redirects of a response to their end, or to a URL that starts with `until`. */
  follow(response: Response, until?: string): Promise<Page>;
  forgetCookies(): void;
};

/** Redirects from the connect form to an issuer and back, and some. */
const maxRedirects = 12;

export function createBrowser(): Browser {
  const cookies = new Map<string, string>();

  async function send(url: string, init: RequestInit = {}): Promise<Response> {
    const { hostname } = new URL(url);
    const own = [...cookies].filter(([key]) => key.startsWith(`${hostname} `));
    const headers = new Headers(init.headers);
    headers.set("Cookie", own.map(([key, value]) => `${key.split(" ")[1]}=${value}`).join("; "));
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";");
      const at = pair.indexOf("=");
      cookies.set(`${hostname} ${pair.slice(0, at)}`, pair.slice(at + 1));
    }
    return response;
  }

  async function follow(response: Response, until?: string): Promise<Page> {
    let [current, url] = [response, response.url];
    for (let hop = 0; hop < maxRedirects; hop += 1) {
      const location = current.headers.get("location");
      if (location === null) {
        const html = await current.text();
        // The issuer's page that ends the session of another account submits itself by a script.
        if (!html.includes("<title>Submitting Callback</title>"))
          return { status: current.status, html, url };
        const { action, fields } = readForm(html);
        url = new URL(action, url).href;
        current = await send(url, { method: "POST", body: new URLSearchParams(fields) });
        continue;
      }
      url = new URL(location, url).href;
      if (until !== undefined && url.startsWith(until)) return { status: current.status, html: "", url };
      current = await send(url);
    }
    throw new Error("too many redirects");
  }

  return {
    get: async (url) => follow(await send(url)),
    post: (url, fields) =>
      send(url, {
        method: "POST",
        headers: { Origin: new URL(url).origin, "Sec-Fetch-Site": "same-origin" },
        body: new URLSearchParams(fields),
      }),
    follow,
    forgetCookies: () => cookies.clear(),
  };
}
