/** The states of every page, with sample values. */
import { connectPage } from "../../src/pages/connect.tsx";
import { emptyConnectForm } from "../../src/pages/connect-form.ts";
import { connectedPage } from "../../src/pages/connected.tsx";
import { pageHeaders } from "../../src/pages/headers.ts";
import { landingPage } from "../../src/pages/landing.tsx";
import { noticePage } from "../../src/pages/notice.tsx";
import { privacyPage } from "../../src/pages/privacy.tsx";
import type { ConnectPageProps } from "../../src/pages/props.ts";
import type { Language } from "../../src/pages/text/language.ts";
import { uploadPage } from "../../src/pages/upload.tsx";
import type { DiscoveredServers } from "../../src/providers/discover.ts";
import { renderDecisionStates, renderFurtherDecisionStates } from "./decision-states.ts";

export function renderStates(language: Language): Readonly<Record<string, string>> {
  const empty = emptyConnectForm("sealed");
  const atIcloud = { ...empty, address: "ana@icloud.com", provider: "icloud" };
  const ownServers = {
    ...empty,
    address: "ana@example.org",
    provider: "generic",
    imap: { host: "imap.example.org", port: "993", security: "tls" },
    smtp: { host: "smtp.example.org", port: "465", security: "tls" },
  } as const;
  const guessed: DiscoveredServers = {
    provider: "generic",
    source: "guess",
    imap: { host: "imap.example.org", port: 993, security: "tls" },
    smtp: { host: "smtp.example.org", port: 465, security: "tls" },
    username: "address",
  };
  const operator = {
    name: "Example Mail Cooperative",
    contacts: ["mailto:help@example.org", "https://example.org/security"],
  };
  const frame = { language, operator };
  const page = (props: Partial<ConnectPageProps>) =>
    connectPage({ ...frame, redirectHost: "claude.ai", form: empty, bridgeOpened: false, ...props });
  const microsoft = { name: "Microsoft", providers: ["outlook"], domains: [], takesPasswords: false };
  const example = { name: "Example Mail", providers: [], domains: ["example.org"], takesPasswords: true };
  return {
    first: page({}),
    "provider-found": page({
      form: { ...empty, address: "ana@example.org" },
      found: { ...guessed, provider: "gmail", source: "mx" },
    }),
    "servers-guessed": page({ form: { ...empty, address: "ana@example.org" }, found: guessed }),
    "servers-uncertain": page({
      form: { ...empty, address: "ana@example.org" },
      found: { ...guessed, isUncertain: true },
    }),
    "no-passwords": page({ form: { ...empty, address: "ana@outlook.com", provider: "outlook" } }),
    bridge: page({ form: { ...empty, address: "ana@proton.me", provider: "protonmail" } }),
    "wrong-password": page({
      form: atIcloud,
      problem: { code: "login_refused", field: "password", side: "imap" },
    }),
    "bad-address": page({
      form: { ...empty, address: "ana" },
      problem: { code: "invalid_input", field: "address" },
    }),
    unreachable: page({
      redirectHost: "localhost:6274",
      form: ownServers,
      problem: { code: "host_unreachable", field: "imap_host", side: "imap" },
    }),
    certificates: page({
      form: { ...ownServers, acceptedCertificates: { imap: "ab".repeat(32), smtp: "" } },
      problem: {
        code: "tls_failed",
        field: "smtp_host",
        side: "smtp",
        certificates: {
          smtp: {
            fingerprint: "0c".repeat(32),
            names: ["smtp.example.org", "127.0.0.1"],
            validTo: Date.UTC(2030, 0, 1),
            isTrusted: false,
          },
        },
      },
    }),
    "no-sending": page({
      form: atIcloud,
      problem: { code: "host_unreachable", field: "smtp_host", side: "smtp" },
    }),
    "too-many": page({ form: atIcloud, problem: { code: "rate_limited", retryAfterSeconds: 130 } }),
    "another-mailbox": page({ connected: ["ana@icloud.com", "office@example.org"] }),
    "bridge-opened": page({
      form: { ...empty, address: "ana@proton.me", provider: "protonmail" },
      bridgeOpened: true,
    }),
    "local-program": page({ redirectHost: "localhost:6274" }),
    "another-for-local-program": page({ redirectHost: "localhost:6274", connected: ["ana@icloud.com"] }),
    "one-connected": connectedPage({
      ...frame,
      redirectHost: "localhost:6274",
      request: "sealed",
      accounts: [{ address: "ana@icloud.com", canSend: true }],
      level: "organise",
      failedGuesses: 0,
    }),
    connected: connectedPage({
      ...frame,
      redirectHost: "claude.ai",
      request: "sealed",
      accounts: [
        { address: "ana@icloud.com", canSend: true },
        { address: "the-office-of-ana@a-rather-long-name-of-a-domain.example.org", canSend: false },
      ],
      level: "send",
      failedGuesses: 6,
      passkeys: 1,
      passkey: "added",
    }),
    "sign-in-only": page({
      form: { ...empty, address: "ana@outlook.com", provider: "outlook" },
      signIn: { offers: [microsoft], offered: microsoft },
    }),
    "sign-in-or-password": page({
      form: { ...empty, address: "ana@example.org" },
      found: { ...guessed, source: "autoconfig" },
      signIn: { offers: [example], offered: example },
    }),
    "sign-in-refused": page({
      form: { ...empty, address: "ana@outlook.com", provider: "outlook" },
      signIn: { offers: [microsoft], offered: microsoft },
      problem: {
        code: "login_refused",
        signIn: {
          reason: "admin_approval",
          name: "Microsoft",
          adminConsentUrl: "https://login.example.org/adminconsent",
        },
      },
    }),
    notice: noticePage({ ...frame, notice: "request_expired" }),
    "notice-wait": noticePage({ ...frame, notice: "rate_limited", retryAfterSeconds: 130 }),
    "notice-redirect": noticePage({
      ...frame,
      notice: "redirect_refused",
      refusedRedirectUri: "https://app.example.com/a/rather/long/path/of/an/oauth/callback",
    }),
    "notice-closed": noticePage({
      ...frame,
      notice: "client_closed",
      refusedRedirectUri: "http://127.0.0.1:19876/mcp/oauth/callback",
      closed: { name: "opencode", setting: "ACCEPTED_CLIENTS=claude,inspector,opencode" },
    }),
    "notice-connected": noticePage({
      ...frame,
      notice: "already_connected",
      redirectHost: "claude.ai",
      link: "/oauth/authorize?again=1",
    }),
    "notice-not-found": noticePage({ ...frame, notice: "not_found" }),
    "notice-link": noticePage({ ...frame, notice: "link_expired" }),
    upload: uploadPage({ ...frame, state: "open" }),
    "upload-too-large": uploadPage({ ...frame, state: "open", problem: "tooLarge" }),
    "upload-received": uploadPage({ ...frame, state: "received" }),
    landing: landingPage({ ...frame, connectorUrl: "https://mail.example.org/mcp" }),
    "landing-at-home": landingPage({ ...frame, connectorUrl: "http://localhost:3000/mcp" }),
    privacy: privacyPage(frame),
    ...renderDecisionStates(frame),
  };
}

/** States whose parts others show already: test/more inspects them. */
export function renderFurtherStates(): Readonly<Record<string, string>> {
  const frame = { language: "en", operator: { name: undefined, contacts: [] } } as const;
  return {
    "connected-passkey-failed": connectedPage({
      ...frame,
      redirectHost: "claude.ai",
      request: "sealed",
      accounts: [{ address: "ana@icloud.com", canSend: true }],
      level: "approve",
      failedGuesses: 0,
      passkeys: 0,
      passkey: "failed",
    }),
    "another-on-own-page": connectPage({
      ...frame,
      redirectHost: "claude.ai",
      form: emptyConnectForm("sealed"),
      bridgeOpened: false,
      connected: ["ana@icloud.com"],
      isExtension: true,
    }),
    ...renderFurtherDecisionStates(frame),
  };
}

/** Serves each state at its name, with the headers of the product. */
export function servePages(pages: Readonly<Record<string, string>>) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const html = pages[new URL(request.url).pathname.slice(1)];
      return html === undefined
        ? new Response(null, { status: 404 })
        : new Response(html, { headers: { ...pageHeaders } });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
