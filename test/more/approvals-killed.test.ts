/** Approvals in a process that is killed: what waits goes on waiting, and nothing is sent twice. */
import { expect } from "bun:test";
import { join } from "node:path";
import { startBinary } from "../support/binary.ts";
import { mailTest } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { approvalOf, connectInBrowser, openBrowser } from "../support/person-browser.ts";
import { freePort } from "../support/ports.ts";
import { startScriptedSmtp } from "../support/scripted-smtp.ts";
import { temporaryDiskFolder } from "../support/temporary.ts";
import { eventually } from "../support/waiting.ts";

mailTest(
  "Y07: after kill -9 an email still waits; killed between sending and the answer it may have been sent, once",
  async () => {
    const publicUrl = "https://mail.example";
    const DATA_DIR = join(temporaryDiskFolder("data"), "data");
    const port = String(await freePort());
    const settings = { PORT: port, DATA_DIR, PUBLIC_URL: publicUrl };
    const start = async () =>
      Object.assign(await startBinary(settings), { url: `http://localhost:${port}`, publicUrl });
    const [smtp, kit] = await Promise.all([startScriptedSmtp(), mailServer()]);
    let product = await start();
    const person = await connectInBrowser(product, { servers: { imap: kit.imap, smtp: smtp.server } });
    const { url } = approvalOf(
      await person.client.call("send_email", { to: ["ben@example.test"], body: "Once." }),
    );
    product.kill("SIGKILL");
    await product.exited;

    product = await start();
    const browser = openBrowser(product);
    for (const [name, value] of person.browser.cookies) browser.cookies.set(name, value);
    expect((await browser.get(url)).state).toBe("waiting");
    // The submission server takes the email and is slow to say so.
    smtp.become({ stallAt: "message" });
    const decision = browser.post(url, { decision: "send" }).catch(() => undefined);
    await eventually(() => smtp.taken.length > 0, { withinMs: 10_000, everyMs: 5, what: "the email" });
    product.kill("SIGKILL");
    await Promise.all([product.exited, decision]);

    product = await start();
    smtp.become({});
    expect((await browser.get(url)).state).toBe("maybe_done");
    expect((await browser.post(url, { decision: "send" })).state).toBe("maybe_done");
    expect(smtp.taken).toHaveLength(1);
    await product.stop();
    await smtp.stop();
  },
);
