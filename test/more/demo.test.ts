/** `bun run demo`, as a newcomer uses it: the printed address and password are all that is typed. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  beginAuthorization,
  redirectUri,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { hasMailServer } from "../support/installed.ts";
import { openClient } from "../support/mcp-client.ts";
import { freePort } from "../support/ports.ts";
import { eventually } from "../support/waiting.ts";

const claudeCode = "https://claude.ai/oauth/claude-code-client-metadata";

test.skipIf(!hasMailServer)(
  "The demonstration is connected with its address and password alone, reads and sends, and ends without a trace",
  async () => {
    const port = await freePort();
    const demo = Bun.spawn([process.execPath, join(import.meta.dir, "../../demo/main.ts")], {
      // Not TMPDIR, whose length makes the paths of Dovecot's sockets too long.
      env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", PORT: String(port) },
      stdout: "pipe",
      stderr: "inherit",
    });
    let said = "";
    void (async () => {
      for await (const chunk of demo.stdout) said += new TextDecoder().decode(chunk);
    })();
    await eventually(() => said.includes("Ctrl-C ends it"), { withinMs: 60_000, what: "the demonstration" });
    const read = (label: string) => new RegExp(`${label} +(\\S+)`).exec(said)?.[1] ?? "";
    expect(said).toContain(`claude mcp add --transport http email-demo http://localhost:${port}/mcp`);

    const entrance = { url: `http://localhost:${port}`, clientId: claudeCode, clientSecret: "" };
    const callback = "http://localhost:3118/callback";
    expect(callback).not.toBe(redirectUri);
    const authorization = await beginAuthorization(entrance, { redirect_uri: callback });
    const typed = { address: read("Email address"), password: read("Password"), level: "send" };
    const answer = await submitForm(entrance, authorization, typed);
    const token = await requestToken(entrance, {
      grant_type: "authorization_code",
      code: (await requireCode(answer)).get("code") ?? "",
      code_verifier: authorization.verifier,
      redirect_uri: callback,
    });
    const client = await openClient(entrance, (await token.json()).access_token);
    expect((await client.call("search_emails", { query: "invoice has:attachment" })).text).toContain(
      "Invoice 2000",
    );
    await client.call("send_email", { to: ["ben@good.test"], subject: "Thursday", body: "Works for me." });
    await client.close();
    demo.kill("SIGINT");
    expect(await demo.exited).toBe(0);
    await eventually(() => said.includes("Everything is deleted."), { what: "the farewell" });
  },
  120_000,
);
