/** DKIM results of the receiving server (RFC 8601), and the signature that one-click unsubscribing needs (RFC 8058). */
import { expect, test } from "bun:test";
import { coversFields, passesForDomain } from "../../src/email/aligned-signature.ts";
import { parseHeaders } from "../../src/email/headers.ts";
import { parseMailto } from "../../src/email/mailto.ts";
import { agreedServer } from "../../src/mail/email/authserv-id.ts";

const fields = ["list-unsubscribe", "list-unsubscribe-post"];
const signature = (
  domain: string,
  signed = "from:list-unsubscribe:list-unsubscribe-post",
  b = "AbCdEfGh12",
) => `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=s1;\n h=${signed};\n b=${b}=`;
const result = (text: string) => `Authentication-Results: mx.own.test; ${text}`;
const covers = (...lines: string[]) =>
  coversFields(
    parseHeaders(Buffer.from(`${["From: News <news@brand.test>", ...lines].join("\n")}\n\n`)),
    fields,
    "mx.own.test",
  );

test("RFC 8058 section 4: an aligned signature that covers both fields and passes is needed", () => {
  const pass = result("dkim=pass header.d=brand.test header.s=s1 header.b=AbCdEfGh");
  expect(covers(pass, signature("brand.test"))).toBe(true);
  expect(
    covers(result("dkim=pass (good) header.i=@mail.brand.test; spf=pass"), signature("mail.brand.test")),
  ).toBe(true);
  expect(covers(pass, signature("brand.test", "from:list-unsubscribe"))).toBe(false);
  expect(covers(pass, signature("evil.test"))).toBe(false);
  expect(covers(result("dkim=pass header.d=evil.test"), signature("evil.test"))).toBe(false);
  expect(covers(result("dkim=fail header.d=brand.test"), signature("brand.test"))).toBe(false);
  expect(covers(result("dkim=pass header.d=brand.test header.b=Other"), signature("brand.test"))).toBe(false);
  // Another signature of the same domain passes, and covers less.
  const two = [signature("brand.test", undefined, "Broken0000"), signature("brand.test", "from:to")];
  expect(covers(pass, ...two)).toBe(false);
  expect(covers(signature("brand.test"))).toBe(false);
  // A sender may write results, too: only the topmost of the known server counts.
  expect(covers("Authentication-Results: mx.evil.test; dkim=none", pass, signature("brand.test"))).toBe(
    false,
  );
  expect(covers(result('dkim=none (";dkim=pass header.d=brand.test")'), signature("brand.test"))).toBe(false);
});

test.each([
  // Hosts of one organization.
  ["brand.test", "news.mail.brand.test", true],
  ["bounces.brand.co.uk", "news.brand.co.uk", true],
  ["BRAND.co.uk", "brand.CO.UK", true],
  // Public suffixes, and the customers of one host.
  ["co.uk", "brand.co.uk", false],
  ["other.co.uk", "brand.co.uk", false],
  ["github.io", "brand.github.io", false],
  ["eve.github.io", "brand.github.io", false],
  ["test", "brand.test", false],
  ["brand.test.evil.test", "brand.test", false],
])("RFC 7489 section 3.1.1: a signature of %s for an email from %s: %p", (signed, from, aligned) => {
  const headers = parseHeaders(Buffer.from(`${result(`dkim=pass header.d=${signed}`)}\n\n`));
  expect(passesForDomain(headers, from, "mx.own.test")).toBe(aligned);
});

test("a pass for a domain is that of the domain or of one within it", () => {
  const headers = parseHeaders(Buffer.from(`${result("dkim=pass header.d=corp.test")}\n\n`));
  expect(passesForDomain(headers, "corp.test", "mx.own.test")).toBe(true);
  expect(passesForDomain(headers, "team.corp.test", "mx.own.test")).toBe(true);
  expect(passesForDomain(headers, "notcorp.test", "mx.own.test")).toBe(false);
  expect(passesForDomain(headers, "corp.test", "mx.other.test")).toBe(false);
  expect(passesForDomain(headers, "corp.test", undefined)).toBe(false);
});

test("the account's server is the one that notes nearly all emails, whoever sent them", () => {
  const noted = (server: string | undefined, domains: string[]) =>
    domains.map((domain) => ({ server, domain }));
  expect(agreedServer(noted("mx", ["a", "b", "c", "a", "b"]))).toBe("mx");
  expect(agreedServer([...noted("mx", ["a", "b", "c", "d"]), ...noted("evil", ["e"])])).toBe("mx");
  expect(agreedServer([...noted("mx", ["a", "b", "c"]), ...noted("evil", ["e"])])).toBeUndefined();
  expect(agreedServer(noted("evil", ["e", "e", "e", "e"]))).toBeUndefined();
  expect(agreedServer(noted(undefined, ["a", "b", "c"]))).toBeUndefined();
  expect(agreedServer([])).toBeUndefined();
});

test.each([
  ["mailto:leave@list.test", { address: "leave@list.test", subject: "", body: "" }],
  [
    "mailto:leave@list.test?subject=stop%20it&body=a%0D%0Ab",
    { address: "leave@list.test", subject: "stop it", body: "a\r\nb" },
  ],
  ["mailto:a@list.test,b@evil.test", undefined],
  ["mailto:a@list.test?to=b@evil.test", undefined],
  ["mailto:a@list.test?cc=b@evil.test", undefined],
  ["mailto:a@list.test?bcc=b@evil.test", undefined],
  ["mailto:a@list.test?subject=x%0D%0ABcc:b@evil.test", undefined],
  ["mailto:a@list.test?subject=a&subject=b", undefined],
  [`mailto:a@list.test?body=${"x".repeat(201)}`, undefined],
  ["mailto:a%2Cb@list.test", undefined],
  ["mailto:?to=a@list.test", undefined],
  ["mailto:%zz@list.test", undefined],
  ["https://list.test/", undefined],
])("RFC 6068: %s", (target, mailto) => {
  expect(parseMailto(target)).toEqual(mailto as never);
});
