/** Short ways to write a server, at the ports of RFC 8314 and RFC 6409. */
import type { MailServer } from "../credentials.ts";

/** IMAP with TLS from the first byte. */
export const imaps = (host: string): MailServer => ({ host, port: 993, security: "tls" });
/** Submission with TLS from the first byte. */
export const smtps = (host: string): MailServer => ({ host, port: 465, security: "tls" });
/** Submission with STARTTLS, required. */
export const submission = (host: string): MailServer => ({ host, port: 587, security: "starttls" });
