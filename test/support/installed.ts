/** The programs on this machine. Tests that need a missing one are skipped and counted as skipped. */
import { describe, test } from "bun:test";
import { existsSync } from "node:fs";

const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Finds the full path of a program, also where sbin is not on PATH. */
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
  pebble: findProgram("pebble"),
  chromium: findProgram("chromium", "chromium-browser", "google-chrome"),
  firefox: findProgram("firefox-esr", "firefox"),
  // Debian keeps the server's programs in a folder for each version.
  postgres: ["18", "17", "16", "15", "14", "13"]
    .map((version) => `/usr/lib/postgresql/${version}/bin/postgres`)
    .find((path) => existsSync(path)),
};

/** Debian packages of the missing programs. */
export const missingPackages = [
  programs.dovecot && programs.doveadm ? [] : ["dovecot-imapd"],
  programs.lmtp ? [] : ["dovecot-lmtpd"],
  programs.openssl ? [] : ["openssl"],
  programs.caddy ? [] : ["caddy"],
  programs.nginx ? [] : ["nginx-light"],
  programs.pebble ? [] : ["pebble"],
  programs.chromium ? [] : ["chromium", "fonts-dejavu-core"],
  programs.postgres ? [] : ["postgresql"],
].flat();

/** Debian packages that only test/more needs. */
export const furtherPackages = programs.firefox ? [] : ["firefox-esr"];

/** True when a Dovecot with its own certificate can be started. */
export const hasMailServer = Boolean(
  programs.dovecot && programs.lmtp && programs.doveadm && programs.openssl,
);
export const hasPostgres = Boolean(programs.postgres);
export const hasBrowser = Boolean(programs.chromium);

/** `test` and `describe` for tests of the real mail server. */
export const mailTest = test.skipIf(!hasMailServer);
export const describeMail = describe.skipIf(!hasMailServer);
/** `describe` for tests of Postgres, with or without the mail server. */
export const describePostgres = describe.skipIf(!hasPostgres);
export const describePostgresMail = describe.skipIf(!hasPostgres || !hasMailServer);
/** `test` and `describe` for tests of the mail server and a browser. */
export const browserTest = test.skipIf(!hasMailServer || !hasBrowser);
export const firefoxTest = test.skipIf(!hasMailServer || !programs.firefox);
export const describeBrowser = describe.skipIf(!hasMailServer || !hasBrowser);
