/** The address that a person enters, and whether this server is open to it. */
import { domainToASCII } from "node:url";
import { z } from "zod";
import { ConnectError } from "./connect-error.ts";

const addressShape = z.email().max(254);

/**
 * Returns the entered address with its domain in ASCII. Throws ConnectError invalid_input for an invalid address, and
 * permission_missing for one that ALLOWED_EMAILS does not include.
 */
export function requireAddress(input: string, allowed: readonly string[]): string {
  const split = input.trim().lastIndexOf("@");
  const localPart = input.trim().slice(0, split);
  const domain = input.trim().slice(split + 1);
  // domainToASCII drops line ends and tabs, which would turn two lines into one valid address.
  const address = addressShape.safeParse(/\s/.test(domain) ? "" : `${localPart}@${domainToASCII(domain)}`);
  if (split < 1 || !address.success)
    throw new ConnectError("invalid_input", "This is not an email address.", { field: "address" });
  if (!isAllowed(address.data, allowed))
    throw new ConnectError("permission_missing", "This server is not open to this address.", {
      field: "address",
      hint: "Ask the operator of this server.",
    });
  return address.data;
}

/** Compares an address with addresses and @domains, ignoring case; an empty list allows every address. */
function isAllowed(address: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const lower = address.toLowerCase();
  return allowed.some((entry) => {
    const rule = entry.toLowerCase();
    return rule.startsWith("@") ? lower.endsWith(rule) : lower === rule;
  });
}
