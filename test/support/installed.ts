/** What the machine has: tests that need a missing program are skipped, visibly, and told how to get it. */
import { describe, test } from "bun:test";
import { existsSync } from "node:fs";

const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The full path of a program, also where sbin is not on PATH. */
export function findProgram(...names: string[]): string | undefined {
  return names
    .flatMap((name) => folders.map((folder) => `${folder}/${name}`))
    .find((path) => existsSync(path));
}

export const programs = {
  dovecot: findProgram("dovecot"),
  lmtp: ["/usr/lib/dovecot/lmtp", "/usr/libexec/dovecot/lmtp"].find((path) => existsSync(path)),
  doveadm: findProgram("doveadm"),
  openssl: findProgram("openssl"),
  caddy: findProgram("caddy"),
  nginx: findProgram("nginx"),
  chromium: findProgram("chromium", "chromium-browser", "google-chrome"),
};

/** Debian's packages for what is missing. */
export const missingPackages = [
  programs.dovecot && programs.doveadm ? [] : ["dovecot-imapd"],
  programs.lmtp ? [] : ["dovecot-lmtpd"],
  programs.openssl ? [] : ["openssl"],
  programs.caddy ? [] : ["caddy"],
  programs.nginx ? [] : ["nginx-light"],
  programs.chromium ? [] : ["chromium", "fonts-dejavu-core"],
].flat();

/** Whether a real Dovecot with its own certificate can be started. */
export const hasMailServer = Boolean(
  programs.dovecot && programs.lmtp && programs.doveadm && programs.openssl,
);
export const hasBrowser = Boolean(programs.chromium);

/** `test` and `describe` for what needs the real mail server; skipped, and counted as skipped, without one. */
export const mailTest = test.skipIf(!hasMailServer);
export const describeMail = describe.skipIf(!hasMailServer);
/** The same for what needs the mail server and a browser. */
export const browserTest = test.skipIf(!hasMailServer || !hasBrowser);
export const describeBrowser = describe.skipIf(!hasMailServer || !hasBrowser);
