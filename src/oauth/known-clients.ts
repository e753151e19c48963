/**
 * The programs that may be let in by name (ACCEPTED_CLIENTS): for each family its redirect URIs and its client ID
 * metadata documents, as its releases send them. One entry is all that a further program needs.
 */
import { ConfigError } from "../config.ts";

/**
 * A redirect URI, or a loopback path on any port (RFC 8252 section 7.3). "*" stands for one path segment: an id that
 * the program chooses.
 */
type RedirectRule = string | { loopback: string };

/** A client ID metadata document. It is never fetched: the family's redirects bound what its client may do. */
type MetadataDocument = { id: string; redirects?: readonly RedirectRule[] };

export type ClientFamily = {
  /** The name in ACCEPTED_CLIENTS. */
  id: string;
  /** The program's own name, for pages. */
  name: string;
  redirects: readonly RedirectRule[];
  documents: readonly MetadataDocument[];
};

/** A known program that is not accepted, and the setting that would let it in. */
export type ClosedClient = { id: string; name: string; setting: string };

/** The callbacks of Claude on the web, desktop and mobile. */
export const claudeRedirects: readonly string[] = [
  "https://claude.ai/api/mcp/auth_callback",
  "https://claude.com/api/mcp/auth_callback",
];
const claudeCode: RedirectRule = { loopback: "/callback" };
const codex: RedirectRule = { loopback: "/callback" };
/** Codex, at a server that does not say iss in its responses: one callback for each server. */
const codexPerServer: RedirectRule = { loopback: "/callback/*" };

export const knownClients: readonly ClientFamily[] = [
  {
    id: "claude",
    name: "Claude",
    redirects: [...claudeRedirects, claudeCode],
    documents: [
      { id: "https://claude.ai/oauth/mcp-oauth-client-metadata", redirects: claudeRedirects },
      { id: "https://claude.ai/oauth/claude-code-client-metadata", redirects: [claudeCode] },
    ],
  },
  {
    id: "inspector",
    name: "MCP Inspector",
    redirects: ["localhost", "127.0.0.1"].flatMap((host) => [
      `http://${host}:6274/oauth/callback`,
      `http://${host}:6274/oauth/callback/debug`,
      `http://${host}:6276/oauth/callback`,
    ]),
    documents: [],
  },
  {
    id: "codex",
    name: "Codex",
    redirects: [codex, codexPerServer],
    documents: [
      { id: "https://chatgpt.com/oauth/codex/client.json", redirects: [codex] },
      { id: "https://chatgpt.com/oauth/codex/*/client.json", redirects: [codexPerServer] },
    ],
  },
  {
    id: "chatgpt",
    name: "ChatGPT",
    redirects: [
      "https://chatgpt.com/connector/oauth/*",
      "https://chatgpt.com/connector_platform_oauth_redirect",
    ],
    documents: [
      { id: "https://chatgpt.com/oauth/client.json" },
      { id: "https://chatgpt.com/oauth/*/client.json" },
    ],
  },
  {
    id: "vscode",
    name: "VS Code",
    redirects: [
      "https://vscode.dev/redirect",
      "https://insiders.vscode.dev/redirect",
      // On port 33418, or another one when that is taken.
      { loopback: "/" },
      { loopback: "" },
    ],
    documents: [
      { id: "https://vscode.dev/oauth/client-metadata.json" },
      { id: "https://insiders.vscode.dev/oauth/client-metadata.json" },
    ],
  },
  {
    id: "cursor",
    name: "Cursor",
    redirects: [
      "cursor://anysphere.cursor-mcp/oauth/callback",
      "https://www.cursor.com/agents/mcp/oauth/callback",
      "http://localhost:8787/callback",
    ],
    documents: [],
  },
  { id: "gemini", name: "Gemini CLI", redirects: [{ loopback: "/oauth/callback" }], documents: [] },
  {
    id: "opencode",
    name: "opencode",
    redirects: [{ loopback: "/mcp/oauth/callback" }, { loopback: "/callback" }],
    documents: [{ id: "https://opencode.ai/oauth/opencode/client.json" }],
  },
  { id: "mcp-remote", name: "mcp-remote", redirects: [{ loopback: "/oauth/callback" }], documents: [] },
  {
    id: "librechat",
    name: "LibreChat",
    // One on this machine. A hosted one has a host of its own, which ALLOWED_REDIRECT_URIS names.
    redirects: [{ loopback: "/api/mcp/*/oauth/callback" }],
    documents: [],
  },
  {
    id: "goose",
    name: "Goose",
    redirects: [{ loopback: "/oauth_callback" }],
    documents: [{ id: "https://goose-docs.ai/oauth/client-metadata.json" }],
  },
  {
    id: "zed",
    name: "Zed",
    redirects: [{ loopback: "/callback" }],
    documents: [{ id: "https://zed.dev/oauth/client-metadata.json" }],
  },
  { id: "qwen", name: "Qwen Code", redirects: [{ loopback: "/oauth/callback" }], documents: [] },
];

/** Splits the families by ACCEPTED_CLIENTS. Throws ConfigError for a name that no family has. */
export function toFamilies(accepted: readonly string[]): { open: ClientFamily[]; closed: ClientFamily[] } {
  const unknown = accepted.filter((id) => !knownClients.some((family) => family.id === id));
  if (unknown.length > 0) {
    const names = knownClients.map(({ id }) => id).join(", ");
    throw new ConfigError([`ACCEPTED_CLIENTS: there is no ${unknown.join(" and no ")}; known are ${names}`]);
  }
  return {
    open: knownClients.filter(({ id }) => accepted.includes(id)),
    closed: knownClients.filter(({ id }) => !accepted.includes(id)),
  };
}

/** Tells whether a family's program uses this redirect URI. */
export function usesRedirect({ redirects }: { redirects: readonly RedirectRule[] }, uri: string): boolean {
  return redirects.some((rule) => {
    if (typeof rule === "string") return matchesSegments(rule, uri);
    const { path } = parseLoopback(uri) ?? {};
    return path !== undefined && matchesSegments(rule.loopback, path);
  });
}

/** Finds the redirects of a client ID metadata document; undefined when it is not one of this family. */
export function findDocument(
  { documents, redirects }: ClientFamily,
  id: string,
): { redirects: readonly RedirectRule[] } | undefined {
  const document = documents.find((candidate) => matchesSegments(candidate.id, id));
  return document && { redirects: document.redirects ?? redirects };
}

/** Compares two URIs segment by segment; "*" in the rule matches one segment of letters, digits, ".", "_", "~", "-". */
function matchesSegments(rule: string, uri: string): boolean {
  const [expected, actual] = [rule.split("/"), uri.split("/")];
  return (
    expected.length === actual.length &&
    expected.every((segment, index) => {
      const other = actual[index] ?? "";
      return segment === "*" ? /^[\w~-][\w.~-]{0,127}$/.test(other) : segment === other;
    })
  );
}

const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?((?:\/[^?#]*)?)$/;

/** Parses an http URI of this machine without query; undefined for any other. `path` may be empty. */
export function parseLoopback(uri: string): { host: string; path: string } | undefined {
  const [, host, port = "80", path = ""] = loopback.exec(uri) ?? [];
  return host === undefined || Number(port) > 65_535 ? undefined : { host, path };
}
