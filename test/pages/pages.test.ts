/** The HTML of the pages: escaping, secrets, texts, headers, and the round trip of the form. */
import { describe, expect, test } from "bun:test";
import { type FailureCode, failures } from "../../src/errors.ts";
import { connectPage } from "../../src/pages/connect.tsx";
import {
  type ConnectForm,
  emptyConnectForm,
  fieldNames,
  toConnectForm,
  toIntent,
} from "../../src/pages/connect-form.ts";
import { connectedPage } from "../../src/pages/connected.tsx";
import { pageHeaders } from "../../src/pages/headers.ts";
import { landingPage } from "../../src/pages/landing.tsx";
import { noticePage } from "../../src/pages/notice.tsx";
import { languages, toLanguage } from "../../src/pages/text/language.ts";
import { textsFor } from "../../src/pages/text/texts.ts";
import { readForm } from "../support/authorize.ts";

const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&`;
const injected = /<script>alert|<img src=x|"><script/;
const language = "en";
const frame = { language, operator: { name: undefined, contacts: [] }, bridgeOpened: false } as const;

describe("The pages", () => {
  test("Every external value is escaped", () => {
    const form = {
      ...emptyConnectForm(evil),
      address: evil,
      provider: evil,
      username: evil,
      imap: { host: evil, port: evil, security: "tls" },
      smtp: { host: evil, port: evil, security: "tls" },
    } as const;
    const server = { host: evil, port: 993, security: "tls" } as const;
    const found = {
      provider: evil,
      source: "mx",
      imap: server,
      smtp: server,
      username: "local-part",
    } as const;
    for (const html of [
      connectPage({
        ...frame,
        redirectHost: evil,
        form,
        problem: { code: "host_unknown", field: "imap_host" },
      }),
      connectPage({
        ...frame,
        redirectHost: evil,
        form: { ...form, provider: "" },
        found,
        connected: [evil],
      }),
      connectedPage({
        ...frame,
        redirectHost: evil,
        request: evil,
        accounts: [{ address: evil, canSend: false }],
        level: "read",
        failedGuesses: 1,
      }),
      landingPage({ ...frame, connectorUrl: evil }),
    ])
      expect(html).not.toMatch(injected);
  });

  test("No page contains the password, whatever the problem", () => {
    const form = { ...emptyConnectForm("sealed"), address: "ann@example.org", password: "canary-password" };
    for (const code of Object.keys(failures) as FailureCode[])
      expect(
        connectPage({ ...frame, redirectHost: "claude.ai", form, problem: { code, field: "password" } }),
      ).not.toContain("canary-password");
  });

  test("Every failure has a text in every language, as an alert at its field, and a prefix in the title", () => {
    for (const each of languages)
      for (const code of Object.keys(failures) as FailureCode[]) {
        const html = connectPage({
          ...frame,
          language: each,
          redirectHost: "claude.ai",
          form: { ...emptyConnectForm("sealed"), address: "ann@gmail.com", provider: "gmail" },
          problem: { code, field: "password", side: "imap", retryAfterSeconds: 90 },
        });
        expect(html).toMatch(/<p class="problem" id="password-problem" role="alert">[^<]{20,}<\/p>/);
        expect(html.slice(html.indexOf("<main>"), html.indexOf("</main>"))).not.toContain("undefined");
        expect(html).toMatch(/<title>(Error|Fehler|Erreur): /);
      }
  });

  test("A login refused for another reason, such as Gmail's NO [ALERT], advises to sign in on the website once", () => {
    const advice = { en: "sign in once on the provider’s website", de: "auf der Website", fr: "sur le site" };
    for (const each of languages) {
      const html = connectPage({
        ...frame,
        language: each,
        redirectHost: "claude.ai",
        form: { ...emptyConnectForm("sealed"), address: "ann@gmail.com", provider: "gmail" },
        problem: { code: "mail_server_failed", field: "imap_host", side: "imap" },
      });
      expect(html).toMatch(new RegExp(`role="alert"[^>]*>imap\\.gmail\\.com[^<]*IMAP[^<]*${advice[each]}`));
    }
  });

  test("A problem with a server is shown above the form when the page hides the field of the server", () => {
    const html = connectPage({
      ...frame,
      redirectHost: "claude.ai",
      form: { ...emptyConnectForm("sealed"), address: "ann@gmail.com", provider: "gmail" },
      problem: { code: "host_unreachable", field: "smtp_host", side: "smtp" },
    });
    expect(html).not.toContain('id="smtp_host-problem"');
    expect(html).toContain("smtp.gmail.com (sending, SMTP) does not answer");
    expect(html).toContain("Continue without sending");
  });

  test("The Content-Security-Policy names the hash of each inline style and script, and no form-action", () => {
    const policy = pageHeaders["Content-Security-Policy"] ?? "";
    expect(policy).not.toContain("form-action");
    expect(policy).not.toContain("unsafe");
    const html = [
      connectPage({ ...frame, redirectHost: "claude.ai", form: emptyConnectForm("sealed") }),
      landingPage({ ...frame, connectorUrl: "https://mail.example.org/mcp" }),
      noticePage({ ...frame, notice: "failed" }),
    ].join("");
    const inline = [...html.matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)];
    expect(inline.length).toBe(6);
    for (const [, , text = ""] of inline) {
      const hash = new Bun.CryptoHasher("sha256").update(text).digest("base64");
      expect(policy).toContain(`'sha256-${hash}'`);
    }
    expect(html).not.toMatch(/ style="| on[a-z]+="/);
  });

  test("Without a public URL, the landing page says which clients cannot reach the server", () => {
    for (const language of languages) {
      const { claude } = textsFor(language).landing;
      const [, paste = ""] = claude.steps;
      const at = (connectorUrl: string) => landingPage({ ...frame, language, connectorUrl });
      expect(at("http://localhost:3000/mcp")).toContain(claude.needsPublic);
      expect(at("http://localhost:3000/mcp")).not.toContain(paste);
      expect(at("https://mail.example.org/mcp")).not.toContain(claude.needsPublic);
      expect(at("https://mail.example.org/mcp")).toContain(paste);
    }
  });

  test("The connect page loads nothing from another host", () => {
    const html = connectPage({ ...frame, redirectHost: "claude.ai", form: emptyConnectForm("sealed") });
    expect(
      [...html.matchAll(/<(?:link|img|script|iframe|source)[^>]*(?:href|src)="([^"]+)"/g)].map(
        (match) => match[1],
      ),
    ).toEqual(["/favicon.svg"]);
    for (const [link] of html.matchAll(/<a (?!href="\/privacy">)[^>]*>/g))
      expect(link).toContain('rel="noopener noreferrer"');
  });

  test("The fields of the page parse to the form that was rendered", () => {
    const form = {
      ...emptyConnectForm("sealed", "organise"),
      provider: "generic",
      address: "ann@example.org",
      username: "ann",
      imap: { host: "imap.example.org", port: "1143", security: "starttls" },
      smtp: { host: "smtp.example.org", port: "465", security: "tls" },
    } as const;
    const { action, fields } = readForm(connectPage({ ...frame, redirectHost: "claude.ai", form }));
    expect(action).toBe("/oauth/connect");
    expect(toConnectForm({ ...fields, [fieldNames.next]: "ask" })).toEqual(form);
    // A plain POST without a button redirects to the client after the login.
    expect(toConnectForm(fields).next).toBe("go");
  });
});

describe("The parser of the form", () => {
  test.each([
    ["true", "143", "tls"],
    ["on", "143", "tls"],
    ["tls", "143", "tls"],
    ["false", "993", "starttls"],
    ["starttls", "993", "starttls"],
    ["", "143", "starttls"],
    ["", "993", "tls"],
    ["", "", "tls"],
  ] as const)("reads imap_tls %p with port %p as %s", (imap_tls, imap_port, security) => {
    expect(toConnectForm({ imap_tls, imap_port }).imap.security).toBe(security);
    expect(toConnectForm({ smtp_secure: "", smtp_port: "587" }).smtp.security).toBe("starttls");
  });

  test("accepts any value without an exception, and truncates it", () => {
    const form = toConnectForm({
      address: ["a", "b"],
      password: new File([], "x"),
      imap_host: "x".repeat(100_000),
      level: "admin",
      [fieldNames.next]: "elsewhere",
    });
    expect([form.address, form.password, form.level, form.next]).toEqual(["", "", "read", "go"]);
    expect(form.imap.host.length).toBe(320);
  });

  test.each<[Partial<ConnectForm>, ReturnType<typeof toIntent>]>([
    [{ next: "finish" }, "finish"],
    [{ next: "add", address: "ann@example.org" }, "add"],
    [{ next: "ask", address: "ann@example.org" }, "lookup"],
    [{ next: "ask" }, "connect"],
    [{ next: "ask", address: "ann@example.org", password: "secret" }, "connect"],
    [{ next: "ask", address: "ann@example.org", provider: "gmail" }, "connect"],
    [{ next: "go", address: "ann@example.org" }, "connect"],
  ])("reads %p as the intent %p", (entered, intent) => {
    expect(toIntent({ ...emptyConnectForm("sealed"), ...entered })).toBe(intent);
  });

  test("keeps the chosen level when the person continues without sending", () => {
    for (const level of ["send", "organise", "read"] as const)
      expect(toConnectForm({ without_sending: "yes", level })).toMatchObject({
        level,
        withoutSending: true,
        next: "ask",
      });
  });
});

describe("RFC 9110 section 12.5.4: Accept-Language", () => {
  test.each([
    [undefined, "en"],
    ["", "en"],
    ["de", "de"],
    ["de-CH,de;q=0.9,en;q=0.8", "de"],
    ["en;q=0.5, fr-CA;q=0.9", "fr"],
    ["fr;q=0, de;q=0.1", "de"],
    ["es, it;q=0.9", "en"],
    ["*", "en"],
    [";;;,,,q=", "en"],
    ["x".repeat(5_000), "en"],
  ] as const)("%p selects %s", (header, expected) => {
    expect(toLanguage(header)).toBe(expected);
  });
});
