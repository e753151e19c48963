/**
 * The issuers at which people may sign in to a mailbox: Microsoft and Google when the operator has registered a client
 * there, and those of SIGN_IN_FILE. To add a well-known one, write a function such as `toGoogle`.
 */
import type { Config } from "../config.ts";
import { StartError } from "../errors.ts";
import { imaps, smtps, submission } from "../providers/servers.ts";
import type { Issuer } from "./issuer.ts";
import { readIssuerFile } from "./issuer-file.ts";

/** Returns Microsoft at a tenant: `common`, `organizations`, `consumers`, or a tenant's id or domain. */
function toMicrosoft({ clientId, clientSecret, tenant }: NonNullable<Config["microsoft"]>): Issuer {
  return {
    id: "microsoft",
    name: "Microsoft",
    url: `https://login.microsoftonline.com/${tenant}/v2.0`,
    endpoints: undefined,
    clientId,
    clientSecret,
    tenant,
    // No scope of Microsoft Graph beside these: one access token is for one resource.
    scopes: [
      ..."openid email profile offline_access".split(" "),
      "https://outlook.office.com/IMAP.AccessAsUser.All",
    ],
    sendingScopes: ["https://outlook.office.com/SMTP.Send"],
    domains: [],
    presets: ["outlook", "microsoft365"],
    takesPasswords: false,
    parameters: {},
    accountPrompt: "select_account",
    imap: imaps("outlook.office365.com"),
    smtp: submission("smtp.office365.com"),
  };
}

function toGoogle({ clientId, clientSecret }: NonNullable<Config["google"]>): Issuer {
  return {
    id: "google",
    name: "Google",
    url: "https://accounts.google.com",
    endpoints: undefined,
    clientId,
    clientSecret,
    tenant: undefined,
    // One scope covers IMAP and SMTP; there is none for reading alone over IMAP.
    scopes: ["openid", "email", "https://mail.google.com/"],
    sendingScopes: [],
    domains: [],
    presets: ["gmail"],
    takesPasswords: true,
    // Google issues a refresh token for offline access, and again only after a new consent.
    parameters: { access_type: "offline", prompt: "consent" },
    accountPrompt: "select_account",
    imap: imaps("imap.gmail.com"),
    smtp: smtps("smtp.gmail.com"),
  };
}

/**
 * Reads the issuers of the settings. Throws StartError when SIGN_IN_FILE cannot be read or an entry is wrong: one line
 * that names it.
 */
export function loadIssuers(config: Pick<Config, "microsoft" | "google" | "signInFile">): readonly Issuer[] {
  const issuers = [
    ...(config.signInFile === undefined ? [] : readIssuerFile(config.signInFile)),
    ...(config.microsoft === undefined ? [] : [toMicrosoft(config.microsoft)]),
    ...(config.google === undefined ? [] : [toGoogle(config.google)]),
  ];
  const ids = issuers.map(({ id }) => id);
  const repeated = ids.find((id, at) => ids.indexOf(id) !== at);
  if (repeated !== undefined)
    throw new StartError(
      `SIGN_IN_FILE: the id ${repeated} is used twice. Give each issuer an id of its own.`,
    );
  return issuers;
}
