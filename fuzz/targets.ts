/** All targets of the fuzzer. */
import type { AnyTarget } from "./target.ts";
import { composeTargets } from "./targets/compose.ts";
import { mailTargets } from "./targets/mail.ts";
import { readerTargets } from "./targets/readers.ts";
import { requestTargets } from "./targets/requests.ts";
import { serverTargets } from "./targets/servers.ts";

export const allTargets: readonly AnyTarget[] = [
  ...readerTargets,
  ...mailTargets,
  ...serverTargets,
  ...requestTargets,
  ...composeTargets,
];

export const nameOf = (target: AnyTarget): string => target(({ name }) => name);
