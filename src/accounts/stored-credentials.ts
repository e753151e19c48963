/** The credentials of an account as the vault seals them. */
import { z } from "zod";
import type { AccountServers } from "../credentials.ts";

const storedServer = z.object({
  host: z.string(),
  port: z.number(),
  security: z.enum(["tls", "starttls"]),
  certificate: z.string().exactOptional(),
});

const accountServers = z.object({
  address: z.string(),
  name: z.string().exactOptional(),
  username: z.string(),
  provider: z.string(),
  imap: storedServer,
  smtp: storedServer.exactOptional(),
  signature: z.boolean().exactOptional(),
  privateMailboxes: z
    .array(z.object({ path: z.string(), delimiter: z.string(), uidValidity: z.string() }))
    .exactOptional(),
});

export type PasswordCredentials = AccountServers & { password: string };

/** A sign-in at an issuer. `tenant`: the one that issued the refresh token, where the issuer has tenants. */
export type SignInCredentials = AccountServers & {
  issuer: string;
  tenant?: string | undefined;
  refreshToken: string;
};

export type StoredCredentials = PasswordCredentials | SignInCredentials;

export const storedCredentials: z.ZodType<StoredCredentials> = z.union([
  accountServers.extend({ password: z.string() }),
  accountServers.extend({
    issuer: z.string(),
    tenant: z.string().optional(),
    refreshToken: z.string(),
  }),
]);
