/** Uncaught errors, and a full disk. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  beginAuthorization,
  connectMailbox,
  formFields,
  redeemCode,
  requestToken,
  requireCode,
  submitForm,
} from "../support/authorize.ts";
import { hasMailServer } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { freePort } from "../support/ports.ts";
import { testSettings, withProduct } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";

/** Runs the server from source, and the code `fault` in it once /health has answered. */
async function runWithFault(fault: string): Promise<{ exitCode: number; log: string }> {
  const port = String(await freePort());
  const faultFile = join(temporaryFolder("fault"), "fault.ts");
  writeFileSync(
    faultFile,
    `const timer = setInterval(async () => {
       if (!(await fetch("http://127.0.0.1:${port}/health").catch(() => undefined))?.ok) return;
       clearInterval(timer);
       queueMicrotask(() => { ${fault} });
     }, 20);`,
  );
  const root = join(import.meta.dir, "../..");
  const child = Bun.spawn([process.execPath, "--preload", faultFile, "src/main.ts", "serve"], {
    cwd: root,
    env: { ...testSettings({ PORT: port }), PATH: process.env.PATH ?? "" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  return { log: await new Response(child.stderr).text(), exitCode: await child.exited };
}

test("An uncaught exception is logged without its message, and ends the process", async () => {
  const { exitCode, log } = await runWithFault('throw new TypeError("the password is hunter2");');
  expect(exitCode).toBe(70);
  const line: unknown = JSON.parse(log.trim().split("\n").at(-1) ?? "");
  expect(line).toMatchObject({ level: "error", event: "uncaught_exception", error: { name: "TypeError" } });
  expect(log).not.toContain("hunter2");
});

test("An unhandled rejection is logged without its message, and ends the process", async () => {
  const { exitCode, log } = await runWithFault('Promise.reject(new RangeError("the password is hunter2"));');
  expect(exitCode).toBe(70);
  expect(log).toContain('"name":"RangeError"');
  expect(log).not.toContain("hunter2");
});

/** Mounts a file system of 4 MB. Undefined when that is not permitted. */
function mountSmall(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = temporaryFolder("small");
  const options = ["-t", "tmpfs", "-o", "size=4m,mode=0700"];
  const run = Bun.spawnSync(["mount", ...options, "email-connector-test", folder]);
  return run.exitCode === 0 ? folder : undefined;
}

const unmount = (folder: string) => Bun.spawnSync(["umount", "-l", folder]);

/** Tries a mount, which root in a container is often not permitted. */
function canMount(): boolean {
  const folder = mountSmall();
  if (folder !== undefined) unmount(folder);
  return folder !== undefined;
}

/** Fills the file system. Returns the function that frees the space. */
function fillDisk(folder: string): () => void {
  const file = join(folder, "filler");
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
  return () => rmSync(file);
}

describe.skipIf(!hasMailServer || !canMount())("On a full disk (a tmpfs of 4 MB, mounted as root)", () => {
  test("token requests and /ready answer 503, reading works, and everything works again once there is free space", async () => {
    const folder = mountSmall() ?? "";
    try {
      const dataDir = join(folder, "data");
      const clock = createTestClock();
      await withProduct({ settings: { DATA_DIR: dataDir }, clock }, async (product) => {
        const kit = await mailServer();
        const user = await kit.newUser();
        const tokens = await connectMailbox(product, user);
        const begun = await beginAuthorization(product);
        const code =
          (await requireCode(await submitForm(product, begun, formFields(user, kit)))).get("code") ?? "";
        const another = await beginAuthorization(product);
        const freeSpace = fillDisk(folder);

        const refused = await requestToken(product, {
          grant_type: "refresh_token",
          refresh_token: tokens.refreshToken,
        });
        expect(refused.status).toBe(503);
        expect(await refused.text()).not.toMatch(/access_token|SQL|stack/);
        await expect(redeemCode(product, code, begun.verifier)).rejects.toThrow("token answered 503");
        const form = await submitForm(product, another, formFields(user, kit));
        expect(form.status).toBe(503);
        expect(await form.text()).not.toContain(user.password);
        expect((await fetch(`${product.url}/ready`)).status).toBe(503);
        expect((await fetch(`${product.url}/health`)).status).toBe(200);

        // A failed write of the time of last use does not prevent reading.
        clock.advance(120_000);
        const reading = await fetch(`${product.url}/mcp`, {
          method: "POST",
          headers: { Authorization: `Bearer ${tokens.accessToken}` },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "tools/call",
            params: { name: "list_mailboxes", arguments: {} },
          }),
        });
        expect(await reading.text()).toContain("INBOX");

        freeSpace();
        const refreshed = await requestToken(product, {
          grant_type: "refresh_token",
          refresh_token: tokens.refreshToken,
        });
        expect(refreshed.status).toBe(200);
        const redeemed = await redeemCode(product, code, begun.verifier);
        expect(redeemed.accessToken).toMatch(/^[0-9a-f]{64}$/);
      });
      const db = new Database(join(dataDir, "email-connector.db"), { readonly: true });
      expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
      db.close();
    } finally {
      unmount(folder);
    }
  });
});
