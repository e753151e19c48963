import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import PostalMime from "postal-mime";
import { withPage } from "../support/browser.ts";
import { grantFor } from "../support/grant.ts";
import { browserTest, describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { type TestProduct, withProduct } from "../support/product.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { createTestClock } from "../support/test-clock.ts";
import { eventually } from "../support/waiting.ts";

/** Runs `work` with a product, one connected mailbox, its client and an upload link. */
async function withLink(
  work: (at: {
    product: TestProduct;
    client: TestClient;
    accessToken: string;
    url: string;
    upload: string;
  }) => Promise<void>,
  clock = createTestClock(),
): Promise<void> {
  const kit = await mailServer();
  const user = await kit.newUser();
  await withProduct({ clock }, async (product) => {
    const { accessToken } = await grantFor(product, user);
    const client = await openClient(product, accessToken);
    const { data } = await client.call("request_upload");
    await work({ product, client, accessToken, url: String(data.url), upload: String(data.upload) });
    await client.close();
  });
}

const formWith = (...files: File[]) => {
  const form = new FormData();
  for (const file of files) form.append("files", file);
  return form;
};
const post = (url: string, body: FormData | string) =>
  fetch(url, { method: "POST", body, redirect: "manual" });
const headline = (html: string) => /<h1>([^<]*)/.exec(html)?.[1];
const attach = (client: TestClient, upload: string) =>
  client.try("draft_email", { subject: "x", body: "x", attachments: [{ upload }] });

describeMail("The upload link", () => {
  test("works without JavaScript: a form, a redirect and a confirmation; a second upload is refused", async () => {
    await withLink(async ({ client, url, upload }) => {
      const page = await fetch(url, { headers: { "Accept-Language": "de" } });
      const html = await page.text();
      expect(headline(html)).toBe("Dateien für eine E-Mail");
      expect(html).toMatch(/<form[^>]+method="post"[^>]+enctype="multipart\/form-data"/i);
      expect(page.headers.get("content-security-policy")).toStartWith("default-src 'none'");
      expect(page.headers.get("cache-control")).toBe("no-store");
      // Reading the page does not use the link up: a chat program may load it for a preview.
      await fetch(url);
      const form = formWith(new File(["hello"], "../ü.txt", { type: "text/plain" }));
      const answer = await post(url, form);
      expect([answer.status, answer.headers.get("location")]).toEqual([303, new URL(url).pathname]);
      expect(headline(await (await fetch(url)).text())).toBe("The files have arrived");
      expect((await post(url, form)).status).toBe(410);
      const draft = await attach(client, upload);
      expect(draft.data.preview).toMatchObject({
        attachments: [{ name: "_ü.txt", type: "text/plain", size: 5 }],
      });
    });
  });

  test("accepts a file without a name, and ignores form fields that are no file", async () => {
    await withLink(async ({ client, url, upload }) => {
      const part = (head: string) =>
        `--x\r\nContent-Disposition: form-data; name="files"${head}\r\n\r\nhello\r\n`;
      const answer = await fetch(url, {
        method: "POST",
        redirect: "manual",
        headers: { "Content-Type": "multipart/form-data; boundary=x" },
        body: `${part('; filename=""\r\nContent-Type: text/plain')}${part("")}--x--\r\n`,
      });
      expect(answer.status).toBe(303);
      const draft = await attach(client, upload);
      expect(draft.data.preview).toMatchObject({ attachments: [{ name: "file", size: 5 }] });
    });
  });

  test("accepts an empty file together with others", async () => {
    await withLink(async ({ client, url, upload }) => {
      const files = [new File(["hello"], "a.txt"), new File([], "empty.txt")];
      expect((await post(url, formWith(...files))).status).toBe(303);
      const draft = await attach(client, upload);
      expect(draft.data.preview).toMatchObject({
        attachments: [
          { name: "a.txt", size: 5 },
          { name: "empty.txt", size: 0 },
        ],
      });
    });
  });

  test("expires after an hour together with the uploaded files, and is 410 for a guessed secret", async () => {
    const clock = createTestClock();
    await withLink(async ({ product, accessToken, url, upload }) => {
      const guessed = url.replace(/.{8}$/, "00000000");
      expect((await fetch(guessed)).status).toBe(410);
      expect((await post(guessed, formWith(new File(["x"], "x")))).status).toBe(410);
      expect((await fetch(`${url}0`)).status).toBe(404);
      await post(url, formWith(new File(["x"], "x")));
      clock.advance(3_600_001);
      expect(headline(await (await fetch(url)).text())).toBe("This link has expired");
      // The MCP session has expired by then; its grant has not.
      const later = await openClient(product, accessToken);
      expect((await attach(later, upload)).text).toContain("attachment_not_found");
      await later.close();
    }, clock);
  });

  test("refuses more than 25 MB with an explanation, and can be used again after that", async () => {
    await withLink(async ({ client, url, upload }) => {
      const large = new File([new Uint8Array(25_000_001)], "large.bin");
      expect((await post(url, formWith(large))).status).toBe(413);
      const page = await (await post(url, formWith(new File([new Uint8Array(26_000_000)], "x")))).text();
      expect(page).toContain("larger than 25 MB in total");
      const empty = await post(url, formWith());
      expect([empty.status, await empty.text()]).toEqual([400, expect.stringContaining("The upload failed")]);
      expect((await post(url, "files=x")).status).toBe(400);
      expect((await post(url, formWith(new File([new Uint8Array(2_000_000)], "fits.bin")))).status).toBe(303);
      expect((await attach(client, upload)).data.preview).toMatchObject({
        attachments: [{ size: 2_000_000 }],
      });
    });
  }, 20_000);

  test("accepts 20 files and refuses 21", async () => {
    await withLink(async ({ url }) => {
      const files = Array.from({ length: 21 }, (_, at) => new File(["x"], `${at}.txt`));
      expect((await post(url, formWith(...files))).status).toBe(413);
      expect((await post(url, formWith(...files.slice(1)))).status).toBe(303);
    });
  });

  test("belongs to its grant: another grant cannot use the upload, and revocation ends the link", async () => {
    const kit = await mailServer();
    await withLink(async ({ product, client, accessToken, url, upload }) => {
      await post(url, formWith(new File(["x"], "x")));
      const other = await grantFor(product, await kit.newUser());
      const stranger = await openClient(product, other.accessToken);
      expect((await attach(stranger, upload)).text).toContain("attachment_not_found");
      await stranger.close();
      const { data } = await client.call("request_upload");
      expect((await fetch(String(data.url))).status).toBe(200);
      await fetch(`${product.url}/oauth/revoke`, {
        method: "POST",
        body: new URLSearchParams({
          token: accessToken,
          client_id: product.clientId,
          client_secret: product.clientSecret,
        }),
      });
      expect((await fetch(String(data.url))).status).toBe(410);
    });
  });

  test("leaves no readable file, file name or link on the disk", async () => {
    await withLink(async ({ product, client, url, upload }) => {
      const canary = "canary-in-a-file-9f3b";
      await post(url, formWith(new File([canary.repeat(2_000)], "canary-name-77.txt")));
      const secret = new URL(url).pathname.split("/").at(-1) ?? "";
      const onDisk = () =>
        readdirSync(product.dataDir)
          .filter((file) => file.includes(".db") || file.includes("sqlite"))
          .map((file) => readFileSync(join(product.dataDir, file)).toString("latin1"))
          .join("");
      expect(onDisk().length).toBeGreaterThan(40_000);
      for (const word of [canary, "canary-name", secret]) expect(onDisk()).not.toContain(word);
      await attach(client, upload);
      for (const word of [canary, "canary-name", secret]) expect(product.logged.join("")).not.toContain(word);
    });
  });

  test("accepts four unused uploads of one grant, however many links it has; a used one makes room", async () => {
    await withLink(async ({ client, url, upload }) => {
      const urls = [url];
      for (let count = 1; count < 5; count += 1)
        urls.push(String((await client.call("request_upload")).data.url));
      const bring = (to = "") => post(to, formWith(new File(["x"], "x.txt"))).then(({ status }) => status);
      for (const each of urls.slice(0, 4)) expect(await bring(each)).toBe(303);
      expect(await bring(urls[4])).toBe(400);
      expect((await client.try("request_upload")).text).toContain("rate_limited");
      await attach(client, upload);
      expect(await bring(urls[4])).toBe(303);
    });
  });

  test("accepts four concurrent uploads; a fifth is 503 and succeeds later", async () => {
    await withLink(async ({ url }) => {
      const { hostname, port, pathname } = new URL(url);
      const slow = [1, 2, 3, 4].map(() => connect(Number(port), hostname));
      for (const socket of slow)
        socket.write(
          `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 1000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n`,
        );
      const fifth = async () => (await post(url, formWith())).status;
      await eventually(async () => (await fifth()) === 503, { everyMs: 200 });
      for (const socket of slow) socket.destroy();
      await eventually(async () => (await fifth()) === 400, { everyMs: 200 });
      expect((await post(url, formWith(new File(["x"], "x.txt")))).status).toBe(303);
    });
  });

  test("is limited to 20 unused links of one grant", async () => {
    await withLink(async ({ client }) => {
      for (let count = 1; count < 20; count += 1) await client.call("request_upload");
      expect((await client.try("request_upload")).text).toContain("rate_limited");
    });
  });
});

browserTest("A person chooses files on the page or drops them on it, and uploads them", async () => {
  const kit = await mailServer();
  const folder = temporaryFolder("files");
  const chosen = join(folder, "report.txt");
  writeFileSync(chosen, "quarterly ".repeat(50_000));
  await withLink(async ({ client, url, upload }) => {
    await withPage(async (page) => {
      const problems: string[] = [];
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      await page.goto(url);
      await page.getByLabel("Choose files, or drop them here").setInputFiles(chosen);
      expect(await page.locator("#chosen li").allInnerTexts()).toEqual([
        expect.stringContaining("report.txt"),
      ]);
      // Simulates the events of a drag and drop.
      await page.evaluate(() => {
        const transfer = new DataTransfer();
        transfer.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
        const drop = document.getElementById("drop");
        drop?.dispatchEvent(
          new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: transfer }),
        );
        drop?.dispatchEvent(
          new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }),
        );
      });
      expect(await page.locator("#chosen li").allInnerTexts()).toEqual([
        expect.stringContaining("dropped.txt"),
      ]);
      await page.screenshot({ path: join(folder, "upload.png") });
      await page.getByRole("button", { name: "Upload the files" }).click();
      await page.getByRole("heading", { name: "The files have arrived" }).waitFor();
      expect(problems).toEqual([]);
    });
    const ben = await kit.newUser();
    await client.call("send_email", {
      to: [ben.address],
      subject: "x",
      body: "x",
      attachments: [{ upload }],
    });
    const [arrived] = await kit.read(ben);
    const { attachments } = await PostalMime.parse(arrived?.raw ?? "");
    expect(attachments.map(({ filename }) => filename)).toEqual(["dropped.txt"]);
  });
});
