/** Server names as people enter them: copied from the address bar, or from the instructions of a provider. */
import { expect, test } from "bun:test";
import { resolveServers } from "../../src/accounts/server-resolution.ts";

const unused = () => Promise.reject(new Error("the servers were entered"));
const nothingEntered = { host: "", port: "", security: "tls" } as const;

test.each([
  ["https://imap.example.org/", "993", "imap.example.org", 993],
  ["imap.example.org/", "", "imap.example.org", 993],
  ["IMAPS://imap.example.org/INBOX", "", "imap.example.org", 993],
  [" imap.example.org ", "", "imap.example.org", 993],
  ["imap.example.org:1993", "993", "imap.example.org", 1993],
  ["[2001:db8::1]:1993", "993", "[2001:db8::1]", 1993],
])(
  "The host %j with port %j is read as %s:%d, and serves for SMTP, too",
  async (host, port, name, number) => {
    const imap = { host, port, security: "tls" } as const;
    const input = { provider: "generic", username: "", imap, smtp: nothingEntered };
    const servers = await resolveServers(input, "ann@example.org", unused, new AbortController().signal);
    expect(servers.imap).toEqual({ host: name, port: number, security: "tls" });
    expect(servers.smtp).toEqual({ host: name, port: 465, security: "tls" });
  },
);

test.each(["https://", "/", ""])("The host %j is missing", async (host) => {
  const imap = { host, port: "", security: "tls" } as const;
  const input = { provider: "generic", username: "", imap, smtp: nothingEntered };
  const resolving = resolveServers(input, "ann@example.org", unused, new AbortController().signal);
  await expect(resolving).rejects.toMatchObject({ code: "invalid_input", field: "imap_host" });
});
