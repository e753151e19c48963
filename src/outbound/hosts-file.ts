/** The system's hosts file, which names hosts before DNS does (hosts(5)). */
import { readFileSync } from "node:fs";

/** RFC 6761 section 6.3: a resolver answers `localhost` and the names below it with the loopback addresses itself. */
const loopbackAddresses: readonly string[] = ["127.0.0.1", "::1"];

/**
 * Returns the addresses of a name in lower case: those of the hosts file, else loopback for `localhost`. Undefined when
 * DNS has to answer. The file is read each time, since an operator changes it at run time; synchronously, since slow
 * lookups by getaddrinfo can occupy all threads that asynchronous reads need.
 */
export function findLocalAddresses(name: string, path = "/etc/hosts"): string[] | undefined {
  const found = parseHostsFile(readIfPresent(path)).get(name);
  if (found) return found;
  return name === "localhost" || name.endsWith(".localhost") ? [...loopbackAddresses] : undefined;
}

/** Name in lower case -> addresses in the order of the file. */
function parseHostsFile(text: string): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = (line.split("#", 1)[0] ?? "").split(/\s+/).filter((word) => word !== "");
    for (const name of names) {
      const key = name.toLowerCase();
      addresses.set(key, [...(addresses.get(key) ?? []), address]);
    }
  }
  return addresses;
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Small containers have none.
    return "";
  }
}
