/** Sentences that the pages owe a person: whose server this is, what is done with the password, and the way on. */
import { describe, expect, test } from "bun:test";
import { connectPage } from "../../src/pages/connect.tsx";
import { emptyConnectForm } from "../../src/pages/connect-form.ts";
import { connectedPage } from "../../src/pages/connected.tsx";
import { landingPage } from "../../src/pages/landing.tsx";
import { privacyPage } from "../../src/pages/privacy.tsx";
import type { ConnectPageProps } from "../../src/pages/props.ts";
import { languages } from "../../src/pages/text/language.ts";
import { stepsFor, textsFor } from "../../src/pages/text/texts.ts";
import { presets } from "../../src/providers/presets.ts";
import { withProduct } from "../support/product.ts";
import { renderStates } from "./states.ts";

const unnamed = { language: "en", operator: { name: undefined, contacts: [] } } as const;
const empty = emptyConnectForm("sealed");
const connect = (props: Partial<ConnectPageProps> = {}) =>
  connectPage({ ...unnamed, redirectHost: "claude.ai", form: empty, bridgeOpened: false, ...props });
/** The words of a page, or of the part that `part` matches first. */
const wordsOf = (html: string, part = /<main>.*<\/main>/s) =>
  (part.exec(html)?.[0] ?? "").replace(/<(style|script|option)\b.*?<\/\1>/gs, "").replace(/<[^>]*>/g, " ");
const isChoiceOpen = (html: string) => /<details id="choice"[^>]*\bopen\b/.test(html);

describe("The operator", () => {
  test("Every page in every language names the operator, the contacts and the privacy page", () => {
    for (const language of languages)
      for (const [state, html] of Object.entries(renderStates(language))) {
        const foot = /<footer.*<\/footer>/s.exec(html)?.[0] ?? "";
        expect({ state, foot }).toEqual({ state, foot: expect.stringContaining("Example Mail Cooperative") });
        expect(foot).toContain(
          '<a href="mailto:help@example.org" rel="noopener noreferrer">help@example.org',
        );
        expect(foot).toContain('href="/privacy"');
      }
  });

  test("OPERATOR_NAME and OPERATOR_CONTACT are on the pages of a server, and on its privacy page", async () => {
    const settings = { OPERATOR_NAME: "Ana & Sons", OPERATOR_CONTACT: "help@example.org" };
    await withProduct({ settings }, async ({ url }) => {
      for (const path of ["/", "/privacy", "/nowhere", "/oauth/authorize"]) {
        const html = await (await fetch(url + path, { headers: { Accept: "text/html" } })).text();
        expect(html).toContain("Ana &amp; Sons");
        expect(html).toContain('href="mailto:help@example.org"');
      }
      const privacy = await fetch(`${url}/privacy`);
      expect(privacy.status).toBe(200);
      expect(privacy.headers.get("Content-Security-Policy")).toStartWith("default-src 'none'");
      expect(wordsOf(await privacy.text())).toContain("This server is run by Ana &amp; Sons.");
    });
  });

  test("Without OPERATOR_NAME no page names anybody, and the privacy page says so", () => {
    expect(connect()).not.toContain("run by");
    expect(wordsOf(privacyPage(unnamed))).toContain("has not given a name");
  });
});

describe("The password", () => {
  test("Beside it stand what is done with it, whose server this is, and a link to what Claude sees", () => {
    for (const language of languages) {
      const operator = { name: "Example Mail", contacts: [] };
      const field = /<div class="field credentials">.*?<\/div>.*?<\/p>.*?<\/p>/s;
      const [beside = ""] = field.exec(connect({ language, operator })) ?? [];
      const { trust, runBy } = textsFor(language).connect;
      expect(beside).toContain('id="password"');
      expect(beside).toContain(trust);
      expect(beside).toContain(runBy("Example Mail"));
      expect(beside).toContain('href="/privacy#what-claude-sees"');
      expect(privacyPage({ ...unnamed, language })).toContain('<h2 id="what-claude-sees">');
    }
  });
});

describe("The provider list", () => {
  const at = (provider: string, source: "preset" | "mx" | "srv" | "autoconfig" | "guess") => {
    const server = { host: "mail.example.org", port: 993, security: "tls" } as const;
    const found = { provider, source, imap: server, smtp: server, username: "address" } as const;
    return connect({ form: { ...empty, address: "ann@example.org" }, found });
  };

  test("is closed while nothing is wrong, and offers to change what was found", () => {
    for (const html of [connect(), at("icloud", "preset"), at("gmail", "mx"), at("generic", "autoconfig")])
      expect(isChoiceOpen(html)).toBe(false);
    expect(wordsOf(at("icloud", "preset"))).toContain("Not right? Change");
    expect(wordsOf(at("generic", "autoconfig"))).toContain("names these mail servers: mail.example.org.");
  });

  test("is open for servers to check, for a bridge, and for a problem with a server or the provider", () => {
    const form = { ...empty, address: "ann@example.org", provider: "generic" };
    const problem = { code: "host_unknown", field: "imap_host", side: "imap" } as const;
    for (const html of [
      at("generic", "guess"),
      at("generic", "srv"),
      connect({ form: { ...form, provider: "protonmail" } }),
      connect({ form, problem }),
      connect({ form: { ...form, provider: "" }, problem: { code: "invalid_input", field: "provider" } }),
    ])
      expect(isChoiceOpen(html)).toBe(true);
    const wrong = { code: "login_refused", field: "password", side: "imap" } as const;
    expect(isChoiceOpen(connect({ form: { ...form, provider: "icloud" }, problem: wrong }))).toBe(false);
  });

  test("says the name of a found provider once, also after a wrong password", () => {
    const wrong = { code: "login_refused", field: "password", side: "imap" } as const;
    const form = { ...empty, address: "ann@fastmail.com", provider: "fastmail" };
    for (const html of [connect({ form }), connect({ form, problem: wrong })]) {
      const beforeHelp = wordsOf(html).split("Not right? Change")[0] ?? "";
      expect(beforeHelp.split("Fastmail").length - 1).toBe(1);
      expect(beforeHelp).toContain("Found: Fastmail");
    }
  });

  test("Server fields are shown for entered servers and a bridge only", () => {
    const css = connect();
    expect(css).toContain("form:has(option:not([data-servers]):checked) .servers {\n  display: none;");
    const withServers = [...css.matchAll(/<option value="([^"]*)"[^>]*data-servers/g)].map(([, id]) => id);
    expect(withServers).toEqual(["protonmail", "generic"]);
  });

  test("Proton Mail says what Bridge needs; 127.0.0.1 is filled in only where the operator opened it", () => {
    const form = { ...empty, address: "ann@proton.me", provider: "protonmail" };
    for (const language of languages) {
      const proton = presets.find(({ id }) => id === "protonmail");
      expect(proton && stepsFor(proton, language)).toMatch(/Bridge.*1143.*1025.*STARTTLS/s);
      const closed = connect({ language, form });
      expect(closed).not.toContain("127.0.0.1");
      expect(closed).toContain("ALLOW_PRIVATE_HOSTS");
      const opened = connect({ language, form, bridgeOpened: true });
      expect(opened).toMatch(/id="imap_host"[^>]*value="127\.0\.0\.1"/);
      expect(opened).not.toContain("ALLOW_PRIVATE_HOSTS");
      const refused = { code: "host_refused", field: "imap_host", side: "imap" } as const;
      expect(connect({ language, form, problem: refused })).toMatch(
        /id="imap_host-problem" role="alert">[^<]*Bridge[^<]*ALLOW_PRIVATE_HOSTS/,
      );
    }
  });
});

describe("The client", () => {
  const names = {
    en: "A program on this computer",
    de: "Ein Programm auf diesem Computer",
    fr: "Un programme sur cet ordinateur",
  };

  test.each(["localhost:6274", "127.0.0.1:33418", "[::1]:9999"])(
    "at %s is a program on this computer, with the host small beneath",
    (redirectHost) => {
      for (const language of languages) {
        const html = connect({ language, redirectHost });
        expect(html).toMatch(new RegExp(`<strong class="phrase">${names[language]}</strong>`));
        expect(html).toContain(`<small class="host"> ${redirectHost}</small></h1>`);
        expect(/<title>([^<]*)/.exec(html)?.[1]).not.toContain(redirectHost);
      }
    },
  );

  test.each(["claude.ai", "localhost.example.org", "127.0.0.1.example.org", "app.example:6274"])(
    "at %s is called by its host",
    (redirectHost) => {
      expect(connect({ redirectHost })).toContain(`<strong>${redirectHost}</strong>`);
    },
  );
});

describe("The connected page", () => {
  const accounts = [
    { address: "ann@example.org", canSend: true },
    { address: "office@example.org", canSend: false },
  ];

  test("says what Claude may do, what to do next, how to take it back, and removes each mailbox", () => {
    for (const language of languages)
      for (const level of ["read", "organise", "approve", "send"] as const) {
        const redirectHost = "claude.ai";
        const rest = { redirectHost, request: "sealed", accounts, level, failedGuesses: 0 };
        const html = connectedPage({ ...unnamed, language, ...rest });
        const text = textsFor(language).connected;
        for (const sentence of [text.may[level], text.next("claude.ai"), text.takeBack])
          expect(html).toContain(sentence);
        const removals = [...html.matchAll(/name="remove" value="([^"]*)"/g)].map(([, address]) => address);
        expect(removals).toEqual(["ann@example.org", "office@example.org"]);
        expect(html).toMatch(/value="cancel"/);
      }
  });
});

describe("The landing page", () => {
  test("With a public https URL, a link opens Claude's dialog with name and URL filled in", () => {
    const at = (connectorUrl: string) =>
      /<a class="button" href="([^"]*)"/.exec(landingPage({ ...unnamed, connectorUrl }))?.[1];
    expect(at("https://mail.example.org/mcp")?.replaceAll("&amp;", "&")).toBe(
      "https://claude.ai/customize/connectors?modal=add-custom-connector&connectorName=Email&connectorUrl=https%3A%2F%2Fmail.example.org%2Fmcp",
    );
    expect(at("http://localhost:3000/mcp")).toBeUndefined();
  });
});

describe("A failure outside the forms", () => {
  test("is a page for a browser and JSON for a program, both with Retry-After", async () => {
    const path = `/download/${"0".repeat(64)}`;
    await withProduct({ rates: { page: { burst: 1, everyMs: 120_000 } } }, async ({ url }) => {
      await fetch(url + path);
      const page = await fetch(url + path, { headers: { Accept: "text/html" } });
      expect(page.status).toBe(429);
      expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
      expect(Number(page.headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(await page.text()).toContain("Try again in 2 minutes.");
      const answer = await fetch(url + path);
      expect(answer.status).toBe(429);
      expect(await answer.json()).toMatchObject({ error: "rate_limited" });
    });
  });
});

describe("Unknown paths", () => {
  test("A browser gets a page with the way to the first page, a program JSON", async () => {
    await withProduct({}, async ({ url }) => {
      for (const path of ["/nowhere", "/oauth/nowhere", "/.well-known/nowhere"]) {
        const page = await fetch(url + path, {
          headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "de" },
        });
        expect(page.status).toBe(404);
        expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
        expect(page.headers.get("Vary")).toContain("Accept");
        expect(await page.text()).toMatch(/<h1>Hier ist nichts<\/h1>.*<a href="\/">/s);
        for (const Accept of ["*/*", "application/json", "application/json, text/event-stream"]) {
          const answer = await fetch(url + path, { headers: { Accept } });
          expect(answer.status).toBe(404);
          expect(await answer.json()).toMatchObject({ error: "not_found" });
        }
      }
    });
  });
});
