/** The certificate signing request (RFC 2986, PKCS#10) for one host name. */
import { signBytes, toPublicDer } from "../secrets.ts";
import { encode, objectIdentifier, sequence, set } from "./der.ts";

const extensionRequest = "1.2.840.113549.1.9.14";
const subjectAltName = "2.5.29.17";
const ecdsaWithSha256 = "1.2.840.10045.4.3.2";

/**
 * Makes a request for `host`, signed with its P-256 private key (PEM). The name stands in subjectAltName alone: an
 * authority ignores the subject, and a common name may have 64 characters only. Returns DER.
 */
export function toCertificateRequest(host: string, keyPem: string): Buffer {
  const version = encode(0x02, Buffer.from([0]));
  const emptySubject = sequence();
  const names = sequence(encode(0x82, Buffer.from(host, "ascii")));
  const extension = sequence(objectIdentifier(subjectAltName), encode(0x04, names));
  const attributes = encode(0xa0, sequence(objectIdentifier(extensionRequest), set(sequence(extension))));
  const information = sequence(version, emptySubject, toPublicDer(keyPem), attributes);
  const signature = signBytes(keyPem, information, "x509");
  return sequence(
    information,
    sequence(objectIdentifier(ecdsaWithSha256)),
    encode(0x03, Buffer.from([0]), signature),
  );
}
