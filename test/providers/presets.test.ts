/** Rules that every entry of the preset table must keep. */
import { describe, expect, test } from "bun:test";
import { stepsFor } from "../../src/pages/text/texts.ts";
import {
  findPreset,
  findPresetByDomain,
  findPresetByExchanger,
  presets,
} from "../../src/providers/presets.ts";

const hostName = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;

describe("The presets", () => {
  test("There are at least 40, with unique ids, and the largest mail companies are among them", () => {
    const ids = presets.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(40);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ["icloud", "outlook", "yahoo", "fastmail", "protonmail", "gmail"])
      expect(ids).toContain(id);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9-]+$/);
    // The form uses this id for servers that a person enters.
    expect(ids).not.toContain("generic");
  });

  test("No two presets share a name, a domain or an MX suffix", () => {
    for (const all of [
      presets.map(({ name }) => name),
      presets.flatMap(({ domains }) => domains),
      presets.flatMap(({ mxSuffixes = [] }) => mxSuffixes),
    ])
      expect(all.filter((item, at) => all.indexOf(item) !== at)).toEqual([]);
  });

  test.each(presets.map((preset) => [preset.id, preset] as const))(
    "%s has servers with TLS at the standard ports, domains in lower case, and an https help link",
    (_id, preset) => {
      const { imap, smtp, domains, mxSuffixes = [], appPassword } = preset;
      for (const name of [...domains, ...mxSuffixes]) expect(name).toMatch(hostName);
      // Without a domain or an MX suffix, discovery could never find it.
      expect(domains.length + mxSuffixes.length).toBeGreaterThan(0);
      if (!preset.ownServers) {
        expect(imap).toEqual({ host: expect.stringMatching(hostName), port: 993, security: "tls" });
        expect([465, 587]).toContain(smtp.port);
        // RFC 8314 section 3.3: port 465 has implicit TLS, port 587 STARTTLS.
        expect(smtp.security).toBe(smtp.port === 465 ? "tls" : "starttls");
        expect(smtp.host).toMatch(hostName);
      }
      expect(URL.canParse(appPassword.url ?? "") && new URL(appPassword.url ?? "").protocol).toBe("https:");
      if (appPassword.kind === "unavailable") expect(appPassword.steps).toContain("What works");
    },
  );

  test.each(presets.map((preset) => [preset.id, preset] as const))(
    "%s explains in every language, in at most 340 characters, how to get a password that works",
    (_id, preset) => {
      const translations = (["en", "de", "fr"] as const).map((language) => stepsFor(preset, language));
      expect(new Set(translations).size).toBe(3);
      for (const steps of translations) {
        expect(steps.length).toBeLessThanOrEqual(340);
        expect(steps).toMatch(/^\S.*\.$/);
      }
    },
  );

  test("A preset is found by domain and by mail exchanger, without regard to case", () => {
    expect(findPresetByDomain("iCloud.com")?.id).toBe("icloud");
    expect(findPresetByDomain("example.org")).toBeUndefined();
    expect(findPresetByExchanger(["ASPMX.L.GOOGLE.com."])?.id).toBe("gmail");
    expect(findPresetByExchanger(["in1-smtp.messagingengine.com"])?.id).toBe("fastmail");
    expect(findPresetByExchanger(["example-org.mail.protection.outlook.com"])?.id).toBe("microsoft365");
    expect(findPresetByExchanger(["outlook-com.olc.protection.outlook.com"])?.id).toBe("outlook");
    expect(findPresetByExchanger(["mx.example.org", "mx.zoho.eu"])?.id).toBe("zoho-eu-own-domain");
    expect(findPreset("constructor")).toBeUndefined();
  });

  test("A host name matches an MX suffix only at a label boundary", () => {
    expect(
      findPresetByExchanger(["mx.notgoogle.com", "google.com.example.org", "xgoogle.com"]),
    ).toBeUndefined();
  });
});
