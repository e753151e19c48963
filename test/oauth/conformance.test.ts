import { expect } from "bun:test";
import { join } from "node:path";
import { formFields, readForm, submitForm } from "../support/authorize.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { freePort } from "../support/ports.ts";
import { type TestProduct, withProduct } from "../support/product.ts";

const suite = join(import.meta.dir, "../../node_modules/@modelcontextprotocol/conformance/dist/index.js");

/** Submits the form at the URL that the suite prints, and follows the redirect. */
async function completeForm(product: TestProduct, url: string): Promise<void> {
  const kit = await mailServer();
  const page = await fetch(url);
  const form = readForm(await page.text());
  const answer = await submitForm(product, form, formFields(await kit.newUser(), kit));
  const callback = await fetch(answer.headers.get("Location") ?? "");
  await callback.text();
}

/** Registers a public client, because the suite sends no secret when the metadata offers "none". */
async function register(product: TestProduct, redirect: string): Promise<string> {
  const response = await fetch(`${product.url}/oauth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ redirect_uris: [redirect], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = await response.json();
  return client_id;
}

mailTest("the official MCP conformance suite passes its authorization scenarios for 2025-11-25", async () => {
  await withProduct({}, async (product) => {
    const port = await freePort();
    const clientId = await register(product, `http://127.0.0.1:${port}/callback`);
    const run = Bun.spawn(
      [
        process.execPath,
        "--bun",
        suite,
        "authorization",
        ...["--url", product.url],
        ...["--client-id", clientId],
        ...["--resource", `${product.url}/mcp`],
        ...["--port", String(port)],
        ...["--spec-version", "2025-11-25"],
      ],
      { stdout: "pipe", stderr: "pipe" },
    );
    let output = "";
    let completed = false;
    for await (const chunk of run.stdout.pipeThrough(new TextDecoderStream())) {
      output += chunk;
      const url = /^http\S+\/oauth\/authorize\?\S+$/m.exec(output)?.[0];
      if (!url || completed) continue;
      completed = true;
      await completeForm(product, url);
    }
    const errors = await new Response(run.stderr).text();
    expect({ code: await run.exited, errors, output }).toMatchObject({ code: 0, errors: "" });
    expect(output).toMatch(/authorization-server-metadata-endpoint: 2 passed, 0 failed/);
    expect(output).toMatch(/authorization-code-grant: 1 passed, 0 failed/);
  });
});
