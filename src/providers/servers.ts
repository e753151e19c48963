/** Constructors for the servers in the presets, at the ports of RFC 8314 and RFC 6409. */
import type { MailServer } from "../credentials.ts";

/** IMAP with implicit TLS, port 993. */
export const imaps = (host: string): MailServer => ({ host, port: 993, security: "tls" });
/** Submission with implicit TLS, port 465. */
export const smtps = (host: string): MailServer => ({ host, port: 465, security: "tls" });
/** Submission with required STARTTLS, port 587. */
export const submission = (host: string): MailServer => ({ host, port: 587, security: "starttls" });
