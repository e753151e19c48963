/**
 * Mail companies as data. To add one: an entry here, with facts from the company's own help page.
 * A test holds them to: TLS or required STARTTLS, no domain twice, an https link, steps in every language.
 */
import type { Provider } from "./provider.ts";

const imaps = (host: string) => ({ host, port: 993, security: "tls" }) as const;
const smtps = (host: string) => ({ host, port: 465, security: "tls" }) as const;
const submission = (host: string) => ({ host, port: 587, security: "starttls" }) as const;

export const presets: readonly Provider[] = [
  {
    id: "icloud",
    name: "iCloud Mail",
    domains: ["icloud.com", "me.com", "mac.com"],
    mxSuffixes: ["mail.icloud.com"],
    imap: imaps("imap.mail.me.com"),
    smtp: submission("smtp.mail.me.com"),
    username: "address-then-local-part",
    appPassword: {
      kind: "needed",
      url: "https://account.apple.com/account/manage",
      steps: "Sign in at account.apple.com, open App-Specific Passwords, make one and paste it here.",
    },
    filesSentMail: false,
  },
  {
    id: "outlook",
    name: "Outlook.com, Hotmail",
    domains: ["outlook.com", "hotmail.com", "live.com", "msn.com"],
    mxSuffixes: ["olc.protection.outlook.com"],
    imap: imaps("outlook.office365.com"),
    smtp: submission("smtp-mail.outlook.com"),
    username: "address",
    appPassword: {
      kind: "unavailable",
      url: "https://support.microsoft.com/office/modern-authentication-methods-now-needed-to-continue-syncing-outlook-email-in-non-microsoft-email-apps-c5d65390-9676-4763-b41f-d7986499a90d",
      steps: "Microsoft ended password sign-in for other mail programs in September 2024.",
    },
    filesSentMail: true,
  },
  {
    id: "yahoo",
    name: "Yahoo Mail",
    domains: ["yahoo.com", "ymail.com", "rocketmail.com"],
    mxSuffixes: ["yahoodns.net"],
    imap: imaps("imap.mail.yahoo.com"),
    smtp: smtps("smtp.mail.yahoo.com"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://login.yahoo.com/account/security",
      steps: "Open Account Security, choose Generate app password, and paste it here.",
    },
    filesSentMail: false,
  },
  {
    id: "fastmail",
    name: "Fastmail",
    domains: ["fastmail.com", "fastmail.fm"],
    mxSuffixes: ["messagingengine.com"],
    imap: imaps("imap.fastmail.com"),
    smtp: smtps("smtp.fastmail.com"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://app.fastmail.com/settings/security/tokens",
      steps: "Open Settings, Privacy & Security, Manage app passwords; make one for Mail (IMAP/SMTP).",
    },
    filesSentMail: false,
  },
  {
    id: "protonmail",
    name: "Proton Mail (Bridge)",
    domains: ["proton.me", "protonmail.com", "pm.me"],
    mxSuffixes: ["protonmail.ch"],
    imap: { host: "127.0.0.1", port: 1143, security: "starttls" },
    smtp: { host: "127.0.0.1", port: 1025, security: "starttls" },
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://proton.me/support/protonmail-bridge-install",
      steps: "Proton Mail speaks IMAP only through Proton Bridge; this server must be able to reach it.",
    },
    filesSentMail: true,
    ownServers: true,
  },
  {
    id: "gmail",
    name: "Gmail",
    domains: ["gmail.com", "googlemail.com"],
    mxSuffixes: ["google.com", "googlemail.com"],
    imap: imaps("imap.gmail.com"),
    smtp: smtps("smtp.gmail.com"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://myaccount.google.com/apppasswords",
      steps: "Turn on 2-Step Verification first; then make an app password of 16 letters and paste it here.",
    },
    filesSentMail: true,
  },
];

/** The company of that id; undefined for "generic", "" and anything unknown. */
export function findPreset(id: string): Provider | undefined {
  return presets.find((preset) => preset.id === id);
}

/** The company whose own domain this is. */
export function findPresetByDomain(domain: string): Provider | undefined {
  const lower = domain.toLowerCase();
  return presets.find((preset) => preset.domains.includes(lower));
}

/** The company behind somebody's own domain, by the mail exchangers' names; the first exchanger that tells. */
export function findPresetByExchanger(exchangers: readonly string[]): Provider | undefined {
  for (const exchanger of exchangers) {
    const host = exchanger.toLowerCase().replace(/\.$/, "");
    const preset = presets.find(({ mxSuffixes = [] }) =>
      mxSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)),
    );
    if (preset) return preset;
  }
  return undefined;
}
