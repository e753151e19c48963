/** The ways in which a mailing list lets people leave it (RFC 2369, RFC 8058), in the order of preference. */
import type { EmailRequest } from "../compose/email-request.ts";
import { escapeMarkdown } from "../compose/markdown-html.ts";
import { toBareAddress } from "../compose/recipients.ts";
import { coversFields } from "../email/aligned-signature.ts";
import { headerValue, parseHeaders } from "../email/headers.ts";
import { unsubscribeTargets } from "../email/list-unsubscribe.ts";
import { type Mailto, parseMailto } from "../email/mailto.ts";
import { toOrganizationalDomain } from "../email/organizational-domain.ts";
import { requireSameValidity } from "../imap/select.ts";
import { fetchOneFresh } from "../imap/sync.ts";
import type { Access } from "./access.ts";
import { findAuthservId } from "./email/authserv-id.ts";
import type { LeavingWays } from "./writing.ts";

const fields = ["list-unsubscribe", "list-unsubscribe-post"];

/** See MailWriting.findLeavingWays. */
export async function findLeavingWays(access: Access, id: string): Promise<LeavingWays> {
  const ref = access.toRef(id);
  const headers = await access.read(ref.mailbox, async (imap) => {
    requireSameValidity(imap, ref);
    const wanted = ["from", ...fields, "dkim-signature", "authentication-results"];
    const email = await fetchOneFresh(imap, ref.uid, { uid: true, headers: wanted });
    return parseHeaders(email.headers ?? Buffer.alloc(0));
  });
  const targets = unsubscribeTargets(headers);
  const link = targets.find((target) => /^https?:/i.test(target));
  const offersPost = /^List-Unsubscribe=One-Click$/i.test(
    headerValue(headers, "list-unsubscribe-post")?.trim() ?? "",
  );
  const post = offersPost ? targets.find(isPlainHttps) : undefined;
  const isSigned = post !== undefined && coversFields(headers, fields, await findAuthservId(access));
  const mailto = targets
    .map(parseMailto)
    .find((parsed) => parsed !== undefined && toBareAddress(parsed.address) !== undefined);
  if (!isSigned) return { mailto, link };
  return { post: { url: post, domain: toOrganizationalDomain(new URL(post).hostname) }, mailto, link };
}

/** The email that a list asks for, with nothing of the person's besides their address. */
export function toLeavingRequest({ address, subject, body }: Mailto): EmailRequest {
  return {
    basis: { kind: "new" },
    to: [address],
    subject: subject || "unsubscribe",
    body: escapeMarkdown(body || "unsubscribe"),
    signature: false,
  };
}

/** True for https at its own port, without a user name. */
function isPlainHttps(target: string): boolean {
  const url = URL.parse(target);
  return url?.protocol === "https:" && url.port === "" && url.username === "" && url.password === "";
}
