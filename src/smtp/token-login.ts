/**
 * Logins with an access token: OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's, which Microsoft speaks, too).
 *
 * nodemailer knows XOAUTH2 alone, and renews a token only after a 334; Microsoft answers 535 at once.
 */
import type { SMTPConnectionAuth } from "nodemailer/lib/smtp-connection";
import { AppError } from "../errors.ts";

/** The name of the login for nodemailer. It replaces a method called XOAUTH2 by one that takes a password. */
export const tokenMethod = "ACCESS TOKEN";

/** The part of nodemailer's context of a handler that is used here. */
type TokenLoginContext = { auth: SMTPConnectionAuth; sendCommand(line: string): Promise<{ status: number }> };

/** The lines of an exchange: the initial response, and the answer to a 334 that holds the reason of a refusal. */
type Exchange = { command: string; ending: string };

/**
 * Returns the argument of nodemailer's `login`. `ehlo`: the server's answer to EHLO. Throws login_unsupported when it
 * offers neither mechanism.
 */
export function toTokenAuth(
  { user, accessToken }: { user: string; accessToken: string },
  ehlo: string,
  server: { servername: string | undefined; host: string; port: number },
): SMTPConnectionAuth {
  const [, offered = ""] = /^250[ -]AUTH[ =]([^\r\n]*)/im.exec(ehlo) ?? [];
  const mechanisms = offered.toUpperCase().split(/[ =]/);
  const bearer = `auth=Bearer ${accessToken}`;
  const auth = (exchange: Exchange) => ({ user, method: tokenMethod, exchange });
  if (mechanisms.includes("OAUTHBEARER")) {
    const authzid = user.replaceAll("=", "=3D").replaceAll(",", "=2C");
    const where = [`host=${server.servername ?? server.host}`, `port=${server.port}`];
    const response = toBase64([`n,a=${authzid},`, ...where, bearer, "", ""]);
    // RFC 7628 section 3.2.3.
    return auth({ command: `AUTH OAUTHBEARER ${response}`, ending: "AQ==" });
  }
  if (mechanisms.includes("XOAUTH2"))
    return auth({ command: `AUTH XOAUTH2 ${toBase64([`user=${user}`, bearer, "", ""])}`, ending: "" });
  throw new AppError("login_unsupported", "The mail server takes no access tokens for sending.", {
    hint: "The operator of this server has to correct the servers of this sign-in.",
  });
}

const toBase64 = (fields: readonly string[]) => Buffer.from(fields.join("\x01")).toString("base64");

/** nodemailer's handler of `tokenMethod`. Rejects when the server refuses the token; its last reply is in the error. */
export async function logInWithToken({ auth, sendCommand }: TokenLoginContext): Promise<void> {
  const { command, ending }: Exchange = auth.exchange;
  const first = await sendCommand(command);
  const last = first.status === 334 ? await sendCommand(ending) : first;
  if (last.status !== 235) throw new Error("The server refused the access token");
}
