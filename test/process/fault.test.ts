/** Faults of our own: an error that nobody caught, and a disk that is full. */
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

/** The server from source, with a fault planted before it: `fault` runs once /health has answered. */
async function dieOf(fault: string): Promise<{ exitCode: number; log: string }> {
  const port = String(await freePort());
  const planted = join(temporaryFolder("fault"), "plant.ts");
  writeFileSync(
    planted,
    `const timer = setInterval(async () => {
       if (!(await fetch("http://127.0.0.1:${port}/health").catch(() => undefined))?.ok) return;
       clearInterval(timer);
       queueMicrotask(() => { ${fault} });
     }, 20);`,
  );
  const root = join(import.meta.dir, "../..");
  const child = Bun.spawn([process.execPath, "--preload", planted, "src/main.ts", "serve"], {
    cwd: root,
    env: { ...testSettings({ PORT: port }), PATH: process.env.PATH ?? "" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  return { log: await new Response(child.stderr).text(), exitCode: await child.exited };
}

test("an error that nobody caught is logged, without its message, and ends the process", async () => {
  const { exitCode, log } = await dieOf('throw new TypeError("the password is hunter2");');
  expect(exitCode).toBe(70);
  const line: unknown = JSON.parse(log.trim().split("\n").at(-1) ?? "");
  expect(line).toMatchObject({ level: "error", event: "uncaught_exception", error: { name: "TypeError" } });
  expect(log).not.toContain("hunter2");
});

test("a promise that nobody awaited and that failed is logged and ends the process too", async () => {
  const { exitCode, log } = await dieOf('Promise.reject(new RangeError("the password is hunter2"));');
  expect(exitCode).toBe(70);
  expect(log).toContain('"name":"RangeError"');
  expect(log).not.toContain("hunter2");
});

/** A file system of 4 MB of its own; undefined where it cannot be mounted. */
function mountSmall(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = temporaryFolder("small");
  const options = ["-t", "tmpfs", "-o", "size=4m,mode=0700"];
  const run = Bun.spawnSync(["mount", ...options, "email-connector-test", folder]);
  return run.exitCode === 0 ? folder : undefined;
}

const unmount = (folder: string) => Bun.spawnSync(["umount", "-l", folder]);

/** Whether this machine lets us: root in a container often may not. */
function canMount(): boolean {
  const folder = mountSmall();
  if (folder !== undefined) unmount(folder);
  return folder !== undefined;
}

/** Takes all the room there is. */
function fill(folder: string): () => void {
  const file = join(folder, "filler");
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(file, Buffer.alloc(bavail * bsize));
  return () => rmSync(file);
}

describe.skipIf(!hasMailServer || !canMount())(
  "On a disk that is full (a tmpfs of 4 MB, mounted as root)",
  () => {
    test("a token is answered 503 and never handed out, /ready says no, and it goes on when there is room again", async () => {
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
          const makeRoom = fill(folder);

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

          // What is only noted, such as the last use, stops nobody from reading.
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

          makeRoom();
          const refreshed = await requestToken(product, {
            grant_type: "refresh_token",
            refresh_token: tokens.refreshToken,
          });
          expect(refreshed.status).toBe(200);
          const spent = await redeemCode(product, code, begun.verifier);
          expect(spent.accessToken).toMatch(/^[0-9a-f]{64}$/);
        });
        const db = new Database(join(dataDir, "email-connector.db"), { readonly: true });
        expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
        db.close();
      } finally {
        Bun.spawnSync(["umount", "-l", folder]);
      }
    });
  },
);
