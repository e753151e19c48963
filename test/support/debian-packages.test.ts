/** The simulation of apt that decides whether packages may be had. */
import { expect, test } from "bun:test";
import { readSimulation } from "./debian-packages.ts";

test("reads the packages that apt would install", () => {
  const output = `Reading package lists...
Inst libc6 (2.36-9+deb12u13 Debian:12.11/oldstable [amd64])
Inst cyrus-imapd (3.6.1-4+deb12u5 Debian-Security:12/oldstable-security [amd64])
Conf libc6 (2.36-9+deb12u13 Debian:12.11/oldstable [amd64])
`;
  expect(readSimulation(output)).toEqual(["libc6", "cyrus-imapd"]);
});

test("refuses an apt run that would remove the Dovecot of the other tests", () => {
  const output = `Remv dovecot-imapd [1:2.3.19.1+dfsg1-2.1+deb12u7] []
Inst cyrus-imapd (3.6.1-4+deb12u5 Debian-Security:12/oldstable-security [amd64])
`;
  expect(() => readSimulation(output)).toThrow("apt would remove a package: Remv dovecot-imapd");
});
