/** Logins with an access token over SMTP: the lines of both mechanisms, with the server's replies from the test. */
import { expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { toSmtpError } from "../../src/smtp/failures.ts";
import { logInWithToken, toTokenAuth } from "../../src/smtp/token-login.ts";

const login = { user: "ann,o'neil=x@example.test", accessToken: "the-token" };
const server = { servername: "smtp.example.test", host: "192.0.2.1", port: 465 };

/** Runs the login against replies; resolves with the lines that were sent, the payload decoded. */
async function logIn(ehlo: string, replies: number[]) {
  const sent: string[] = [];
  const auth = toTokenAuth(login, ehlo, server);
  const context = {
    auth,
    async sendCommand(line: string) {
      sent.push(line);
      return { status: replies.shift() ?? 0 };
    },
  };
  const outcome = await logInWithToken(context).then(
    () => "logged in",
    () => "refused",
  );
  const [first = "", ...rest] = sent;
  const [, mechanism, payload = ""] = first.split(" ");
  return { outcome, mechanism, payload: Buffer.from(payload, "base64").toString(), rest };
}

test("XOAUTH2: user and token in the initial response, an empty line after a 334", async () => {
  const payload = "user=ann,o'neil=x@example.test\x01auth=Bearer the-token\x01\x01";
  const ehlo = "250-smtp.example.test\r\n250-AUTH LOGIN XOAUTH2\r\n250 SIZE 1000";
  expect(await logIn(ehlo, [235])).toEqual({ outcome: "logged in", mechanism: "XOAUTH2", payload, rest: [] });
  expect(await logIn(ehlo, [334, 535])).toMatchObject({ outcome: "refused", rest: [""] });
  // Microsoft refuses at once, without the 334.
  expect(await logIn(ehlo, [535])).toMatchObject({ outcome: "refused", rest: [] });
});

test("RFC 7628 section 3.1: OAUTHBEARER is preferred, with the escaped user, the host and the port; AQ== after a 334", async () => {
  const ehlo = "250-AUTH PLAIN XOAUTH2 OAUTHBEARER\r\n250 SMTPUTF8";
  const { outcome, mechanism, payload } = await logIn(ehlo, [235]);
  expect([outcome, mechanism]).toEqual(["logged in", "OAUTHBEARER"]);
  expect(payload).toBe(
    "n,a=ann=2Co'neil=3Dx@example.test,\x01host=smtp.example.test\x01port=465\x01auth=Bearer the-token\x01\x01",
  );
  expect((await logIn(ehlo, [334, 535])).rest).toEqual(["AQ=="]);
});

test("A server that offers neither gets no token", () => {
  for (const ehlo of ["250-AUTH PLAIN LOGIN\r\n250 SIZE", "250 smtp.example.test", ""]) {
    const attempt = () => toTokenAuth(login, ehlo, server);
    expect(attempt).toThrow(AppError);
    expect(attempt).toThrow("takes no access tokens");
  }
});

test("535 5.7.139 says that SMTP is switched off, and not that the password is wrong", () => {
  const reply = (response: string) =>
    toSmtpError(Object.assign(new Error(), { code: "EAUTH", responseCode: 535, response }), "connect").code;
  expect(reply("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled")).toBe(
    "not_supported",
  );
  expect(reply("535 5.7.8 Authentication failed")).toBe("login_refused");
});
