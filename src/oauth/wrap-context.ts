/** The additional data under which a grant's data key is wrapped with a secret of the grant. */

/** The kind of secret that wraps a data key. */
type SecretKind = "request" | "code" | "access" | "refresh" | "link" | "approval" | "connection";

/** Returns the additional data of `secrets.wrapKey`. It binds a wrapped key to its row: a copy in another row does not unwrap. */
export function toWrapContext(kind: SecretKind, grantId: string): string {
  return `v1 key ${kind} ${grantId}`;
}
