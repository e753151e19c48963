/** An issuer as it is read from SIGN_IN_FILE. */
import type { Issuer } from "../../src/signin/issuer.ts";

export const exampleIssuer: Issuer = {
  id: "example",
  name: "Example Mail",
  url: "https://id.example.test",
  endpoints: undefined,
  clientId: "our-client",
  clientSecret: "our-secret",
  tenant: undefined,
  scopes: ["openid", "email", "offline_access", "mail"],
  sendingScopes: ["mail.send"],
  domains: ["example.test"],
  presets: [],
  takesPasswords: false,
  parameters: {},
  accountPrompt: "login",
  imap: { host: "imap.example.test", port: 993, security: "tls" },
  smtp: { host: "smtp.example.test", port: 465, security: "tls" },
};
