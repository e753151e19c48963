import { expect, test } from "bun:test";
import { findSignature, recurringSignature, signText } from "../../src/compose/signature.ts";

const block = '<b>Ann Lee</b><br><a href="https://example.org/">example.org</a>';

test.each([
  ["Gmail", `<div>Hi</div><br><span>-- </span><br><div dir="ltr" class="gmail_signature">${block}</div>`],
  ["Thunderbird", `<p>Hi</p><div class="moz-signature">-- <br>${block}</div>`],
  ["Outlook", `<div>Hi</div><div id="Signature"><div>${block}</div></div><div id="appendonsend"></div>`],
  ["Outlook on a phone", `<div>Hi</div><div id="ms-outlook-mobile-signature">${block}</div>`],
])("the signature that %s marks is found with its HTML", (_, html) => {
  const found = findSignature({ html, text: "Hi" });
  expect(found?.text).toBe("Ann Lee\nexample.org");
  expect(found?.html).toContain("<b>Ann Lee</b>");
});

test("the paragraphs that Outlook for Windows bookmarks are the signature, unless they stand in the quote", () => {
  const bookmarked =
    '<p class="MsoNormal"><a name="_MailAutoSig"><b>Ann Lee</b></a><o:p></o:p></p><p class="MsoNormal"><span style="mso-bookmark:_MailAutoSig">example.org</span></p>';
  const rule = '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Ben</p></div>';
  const found = findSignature({ html: `<p>Hi</p>${bookmarked}${rule}<p>Hello</p>` });
  expect(found?.text).toBe("Ann Lee\nexample.org");
  expect(found?.html).toContain("<b>Ann Lee</b>");
  expect(findSignature({ html: `<p>Hi</p>${rule}<p>Hello</p>${bookmarked}` })).toBeUndefined();
});

test("a signature in a quote is another person's, also where Outlook puts no element around the quote", () => {
  for (const html of [
    `<p>Hi</p><blockquote><div class="gmail_signature">${block}</div></blockquote>`,
    `<p>Hi</p><div class="gmail_quote">x<div class="gmail_signature">${block}</div></div>`,
    `<div>Hi</div><div id="divRplyFwdMsg">From: Ben</div><div><div id="Signature">${block}</div></div>`,
  ])
    expect(findSignature({ html })).toBeUndefined();
});

test("scripts and attached pictures of a signature are left out", () => {
  const html = `<div class="gmail_signature">${block}<img src="cid:logo"><script>x()</script></div>`;
  const found = findSignature({ html });
  expect(found?.html).not.toContain("cid:");
  expect(found?.html).not.toContain("script");
});

test.each([
  ["at the end", "Hi\n\n-- \nAnn Lee\n+1 555\n", "Ann Lee\n+1 555"],
  ["above a quote", "Hi\n\n-- \nAnn Lee\n\nOn Friday, Ben\nwrote:\n> Hello\n> -- \n> Ben\n", "Ann Lee"],
  ["below a quote", "> Hello\n> -- \n> Ben\n\nHi\n-- \nAnn Lee\n", "Ann Lee"],
  ["nowhere", "Hi\n\nAnn Lee\n", undefined],
  ["in the quote only", "Hi\n\n> -- \n> Ben\n", undefined],
])("RFC 3676 section 4.3: a signature in plain text %s", (_, text, signature) => {
  expect(findSignature({ text })?.text).toBe(signature);
});

test("the newest signature that two emails have is the person's", () => {
  const toSignature = (text: string) => ({ text, html: `<i>${text}</i>` });
  const [once, now, before] = [toSignature("Once"), toSignature("Ann  Lee"), toSignature("Ann, Sales")];
  expect(recurringSignature([once, now, undefined, toSignature("Ann Lee"), before, before])).toBe(now);
  expect(recurringSignature([once, now, before])).toBeUndefined();
});

test("a text that ends with the signature already gets no second one", () => {
  const signature = { text: "Ann Lee\n+1 555", html: "Ann" };
  const signed = signText(signature, "Hi", "<p>Hi</p>");
  expect(signed.text).toBe("Hi\n\n-- \nAnn Lee\n+1 555");
  expect(signed.html).toContain('class="gmail_signature"');
  expect(signText(signature, signed.text, signed.html)).toEqual({ text: signed.text, html: signed.html });
});
