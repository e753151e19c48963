/** @jsxImportSource hono/jsx */
/** The certificates that a person can accept for their own server, as checkboxes. */
import type { ServerCertificate } from "../credentials.ts";
import { type ConnectForm, fieldNames } from "./connect-form.ts";
import type { Problem } from "./props.ts";
import type { Texts } from "./text/en.ts";

const names = { imap: fieldNames.acceptImapCertificate, smtp: fieldNames.acceptSmtpCertificate } as const;
const sides = ["imap", "smtp"] as const;

/** Renders the offered certificates; what was accepted before, and is not offered now, stays part of the form. */
export function CertificateChoice(props: {
  text: Texts;
  accepted: ConnectForm["acceptedCertificates"];
  offered: Problem["certificates"];
}) {
  const { text, accepted, offered } = props;
  const labels = text.connect.certificate;
  const kept = sides.filter((side) => accepted[side] !== "" && !offered?.[side]);
  const shown = sides.flatMap((side) => {
    const certificate = offered?.[side];
    return certificate ? [{ side, certificate }] : [];
  });
  return (
    <>
      {kept.map((side) => (
        <input type="hidden" name={names[side]} value={accepted[side]} />
      ))}
      {shown.length === 0 ? null : (
        <fieldset class="levels">
          <legend>{labels.legend}</legend>
          {shown.map(({ side, certificate }) => (
            <label class="level">
              <input
                type="checkbox"
                name={names[side]}
                value={certificate.fingerprint}
                checked={accepted[side] === certificate.fingerprint}
              />
              <span>
                <b>{labels.accept[side]}</b>
                <CertificateFacts labels={labels} certificate={certificate} />
              </span>
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}

function CertificateFacts(props: {
  labels: Texts["connect"]["certificate"];
  certificate: ServerCertificate;
}) {
  const { labels, certificate } = props;
  return (
    <>
      <small>
        {labels.fingerprint} <code class="fingerprint">{toPairs(certificate.fingerprint)}</code>
      </small>
      <small>
        {labels.names} {certificate.names.join(", ") || labels.noNames}
      </small>
      <small>
        {labels.validTo} {toDate(certificate.validTo)}
      </small>
    </>
  );
}

/** Writes a fingerprint as openssl does: pairs of upper-case digits, separated by colons. */
function toPairs(fingerprint: string): string {
  return (fingerprint.match(/../g) ?? []).join(":").toUpperCase();
}

/** The day in UTC, as YYYY-MM-DD; empty for a date that the certificate does not give. */
function toDate(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : "";
}
