/** The writing verbs of Mail, composed. */
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import type { Outbound } from "../outbound.ts";
import type { Access } from "./access.ts";
import type { Credentials } from "./mail.ts";
import { createOrganising } from "./organise.ts";
import type { MailWriting } from "./writing.ts";

export function createWriting(deps: {
  access: Access;
  credentials: Credentials;
  outbound: Outbound;
  signal: AbortSignal;
  clock: Clock;
}): MailWriting {
  const later = (): never => {
    throw new AppError("not_supported", "Writing emails is not there yet.");
  };
  return {
    ...createOrganising(deps.access),
    compose: async () => later(),
    saveDraft: async () => later(),
    send: async () => later(),
  };
}
