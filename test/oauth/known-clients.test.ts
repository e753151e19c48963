/** The programs that ACCEPTED_CLIENTS lets in, each with the requests that its releases send. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { knownClients } from "../../src/oauth/known-clients.ts";
import {
  beginAuthorization,
  formFields,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { runCommand } from "../support/command.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { startProduct, type TestProduct, testSettings } from "../support/product.ts";

let open: TestProduct;
let closed: TestProduct;
beforeAll(async () => {
  const all = knownClients.map(({ id }) => id).join(",");
  const rates = { register: { burst: 1_000, everyMs: 1 }, page: { burst: 1_000, everyMs: 1 } };
  open = await startProduct({ settings: { ACCEPTED_CLIENTS: all }, rates });
  closed = await startProduct({ rates });
});
afterAll(() => Promise.all([open.stop(), closed.stop()]));

const register = (product: TestProduct, metadata: unknown) =>
  fetch(`${product.url}/oauth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(metadata),
  });

/** Metadata that all of these programs send. */
const usual = {
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
};

type Seen = {
  id: string;
  name: string;
  /** The redirect URIs of its registration. */
  registers: string[];
  /** The redirect URI of its authorization request. */
  redirect: string;
  /** Open without a setting, since Claude Code has the same callback. */
  sharesCallback?: boolean;
};

const registrations: Seen[] = [
  {
    id: "codex",
    name: "Codex",
    registers: ["http://127.0.0.1:52011/callback/4fT0bXw"],
    redirect: "http://127.0.0.1:52011/callback/4fT0bXw",
  },
  {
    id: "chatgpt",
    name: "ChatGPT",
    registers: ["https://chatgpt.com/connector/oauth/FLLrQdlez6Uf"],
    redirect: "https://chatgpt.com/connector/oauth/FLLrQdlez6Uf",
  },
  {
    id: "vscode",
    name: "Visual Studio Code",
    registers: [
      "https://insiders.vscode.dev/redirect",
      "https://vscode.dev/redirect",
      "http://127.0.0.1/",
      "http://127.0.0.1:33418/",
    ],
    redirect: "http://127.0.0.1:33418/",
  },
  {
    id: "cursor",
    name: "Cursor",
    registers: [
      "cursor://anysphere.cursor-mcp/oauth/callback",
      "https://www.cursor.com/agents/mcp/oauth/callback",
      "http://localhost:8787/callback",
    ],
    redirect: "cursor://anysphere.cursor-mcp/oauth/callback",
    sharesCallback: true,
  },
  {
    id: "gemini",
    name: "Gemini CLI MCP Client",
    registers: ["http://localhost:41267/oauth/callback"],
    redirect: "http://localhost:41267/oauth/callback",
  },
  {
    id: "opencode",
    name: "OpenCode",
    registers: ["http://127.0.0.1:19876/mcp/oauth/callback"],
    redirect: "http://127.0.0.1:19876/mcp/oauth/callback",
  },
  {
    id: "mcp-remote",
    name: "MCP CLI Proxy",
    registers: ["http://localhost:3334/oauth/callback"],
    redirect: "http://localhost:19022/oauth/callback",
  },
  {
    id: "librechat",
    name: "LibreChat MCP Client",
    registers: ["http://localhost:3080/api/mcp/email/oauth/callback"],
    redirect: "http://localhost:3080/api/mcp/email/oauth/callback",
  },
  {
    id: "goose",
    name: "goose",
    registers: ["http://localhost:58112/oauth_callback"],
    redirect: "http://localhost:58112/oauth_callback",
  },
  {
    id: "qwen",
    name: "Gemini CLI MCP Client",
    registers: ["http://localhost:7777/oauth/callback"],
    redirect: "http://localhost:7777/oauth/callback",
  },
];

describe.each(registrations)("$id", ({ id, name, registers, redirect, sharesCallback }) => {
  const metadata = { ...usual, client_name: name, redirect_uris: registers };

  test("RFC 7591 section 3.2.1: it registers with all its redirects and is shown the form", async () => {
    const response = await register(open, metadata);
    expect(response.status).toBe(201);
    const { client_id, redirect_uris } = await response.json();
    expect(redirect_uris).toEqual(registers);
    const form = await beginAuthorization({ ...open, clientId: client_id }, { redirect_uri: redirect });
    expect(form.fields.request).toBeString();
  });

  test("without the setting it is refused, and the refusal names the family and the setting", async () => {
    if (sharesCallback) {
      const partial = await (await register(closed, metadata)).json();
      expect(partial.redirect_uris).toEqual(["http://localhost:8787/callback"]);
    } else {
      const response = await register(closed, metadata);
      expect(response.status).toBe(400);
      const { error, error_description } = await response.json();
      expect(error).toBe("invalid_redirect_uri");
      // Several programs have this callback: the first is named.
      const named = id === "mcp-remote" || id === "qwen" ? "gemini" : id;
      expect(error_description).toEndWith(`its operator can add ${named} to ACCEPTED_CLIENTS.`);
      const logged = closed.logged.findLast((line) => line.includes("client_refused"));
      expect(logged).toContain(`"setting":"ACCEPTED_CLIENTS=claude,inspector,${named}"`);
    }
  });
});

const documents = [
  ["codex", "https://chatgpt.com/oauth/codex/client.json", "http://127.0.0.1:57585/callback"],
  ["codex", "https://chatgpt.com/oauth/codex/4fT0bXw/client.json", "http://127.0.0.1:57585/callback/4fT0bXw"],
  [
    "chatgpt",
    "https://chatgpt.com/oauth/client.json",
    "https://chatgpt.com/connector_platform_oauth_redirect",
  ],
  [
    "chatgpt",
    "https://chatgpt.com/oauth/FLLrQdlez6Uf/client.json",
    "https://chatgpt.com/connector/oauth/FLLrQdlez6Uf",
  ],
  ["vscode", "https://vscode.dev/oauth/client-metadata.json", "http://127.0.0.1:33418/"],
  ["vscode", "https://vscode.dev/oauth/client-metadata.json", "https://vscode.dev/redirect"],
  ["opencode", "https://opencode.ai/oauth/opencode/client.json", "http://127.0.0.1:40111/callback"],
  ["goose", "https://goose-docs.ai/oauth/client-metadata.json", "http://localhost:58112/oauth_callback"],
  ["zed", "https://zed.dev/oauth/client-metadata.json", "http://127.0.0.1:50513/callback"],
] as const;

describe.each(documents)("%s with the client id %s", (id, clientId, redirect) => {
  test("it is a public client with the redirects of its family, and with no others", async () => {
    const form = await beginAuthorization({ ...open, clientId }, { redirect_uri: redirect });
    expect(form.fields.request).toBeString();
    const foreign = [redirectUri, "https://evil.example/callback", `${redirect}/x`, `${redirect}?x=1`];
    for (const redirect_uri of foreign)
      await expect(beginAuthorization({ ...open, clientId }, { redirect_uri })).rejects.toThrow(
        "answered 400",
      );
  });

  test("without the setting the page names the program and the setting that would let it in", async () => {
    const { name } = knownClients.find((family) => family.id === id) ?? {};
    const refused = beginAuthorization({ ...closed, clientId }, { redirect_uri: redirect });
    await expect(refused).rejects.toThrow(
      `${name} can be let in by the operator of this server, with this setting:</p><pre>ACCEPTED_CLIENTS=claude,inspector,${id}</pre>`,
    );
    expect(closed.logged.some((line) => line.includes(`"client":"${id}"`))).toBe(true);
  });
});

mailTest("Codex goes from its client id to tokens without a registration and without a secret", async () => {
  const client = { url: open.url, clientId: "https://chatgpt.com/oauth/codex/client.json", clientSecret: "" };
  const redirect = "http://127.0.0.1:57585/callback";
  const kit = await mailServer();
  const authorization = await beginAuthorization(client, { redirect_uri: redirect });
  const answer = await submitForm(client, authorization, formFields(await kit.newUser(), kit));
  const token = await requestToken(client, {
    grant_type: "authorization_code",
    code: (await requireCode(answer)).get("code") ?? "",
    code_verifier: authorization.verifier,
    redirect_uri: redirect,
    resource: `${open.url}/mcp`,
  });
  expect(token.status).toBe(200);
});

test.each([
  "https://chatgpt.com/connector/oauth/a/b",
  "https://chatgpt.com/connector/oauth/..",
  "https://chatgpt.com/connector/oauth/",
  "https://chatgpt.com/connector/oauth/a%2f..",
  "https://chatgpt.com.evil.example/connector/oauth/a",
  "http://localhost:99999/oauth/callback",
  "http://localhost.evil.example/oauth/callback",
  "http://user@localhost/oauth/callback",
  "http://0.0.0.0:3334/oauth/callback",
])("With every family open, %s is refused", async (uri) => {
  expect((await register(open, { redirect_uris: [uri] })).status).toBe(400);
});

test("A list without Claude does not let Claude in, and an unknown name ends the start", async () => {
  const product = await startProduct({ settings: { ACCEPTED_CLIENTS: "codex" } });
  const clientId = "https://claude.ai/oauth/mcp-oauth-client-metadata";
  await expect(beginAuthorization({ ...product, clientId })).rejects.toThrow("ACCEPTED_CLIENTS=codex,claude");
  await product.stop();
  const { exitCode, printedErrors } = await runCommand(
    ["serve"],
    testSettings({ ACCEPTED_CLIENTS: "cluade" }),
  );
  expect(exitCode).toBe(2);
  expect(printedErrors).toContain("ACCEPTED_CLIENTS: there is no cluade; known are claude, inspector, codex");
});
