/** The download link, from the tool call to the person's browser. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { toRaw } from "../support/emails.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { grantFor } from "../support/grant.ts";
import { describeMail } from "../support/installed.ts";
import { mailServer } from "../support/mail-server.ts";
import { openClient, type TestClient } from "../support/mcp-client.ts";
import { startProduct, type TestProduct } from "../support/product.ts";
import { eventually } from "../support/waiting.ts";

describeMail("A download link", () => {
  let product: TestProduct;
  let claude: TestClient;
  let id: string;
  const big = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
  const attachments = [
    { filename: "big.bin", content: big },
    {
      filename: "../../evil name\u202e.html",
      contentType: "text/html",
      content: "<script>alert(1)</script>",
    },
    { filename: "x.svg", contentType: "image/svg+xml", content: "<svg onload='alert(1)'/>" },
    {
      filename: 'Grüße "1".txt',
      contentType: "text/plain",
      content: "Grüße",
      contentTransferEncoding: "quoted-printable" as const,
    },
  ];

  const link = async (index: number): Promise<string> => {
    const { data } = await claude.call("get_attachment", { id, index, link: true });
    return (data.download as { url: string }).url;
  };

  beforeAll(async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, await toRaw({ subject: "Files", text: "See the files.", attachments }));
    product = await startProduct();
    const { accessToken } = await grantFor(product, user);
    claude = await openClient(product, accessToken);
    const { data } = await claude.call("search_emails", { query: "subject:files" });
    id = (data.emails as { id: string }[])[0]?.id ?? "";
  });

  afterAll(() => product.stop());

  test("gives the file byte for byte, once; a second request is 410", async () => {
    const url = await link(1);
    const first = await fetch(url);
    expect(first.status).toBe(200);
    expect(Buffer.from(await first.arrayBuffer()).equals(big)).toBe(true);
    const second = await fetch(url);
    expect(second.status).toBe(410);
    expect(second.headers.get("content-type")).toContain("text/html");
    const spent = await second.text();
    expect(spent).not.toContain(id);
    expect(spent).toContain("Ask Claude for a new link.");
  });

  test("P07: a hostile file name is sanitized, and no file is served as a page", async () => {
    for (const [index, name] of [
      [2, "_.._evil name.html"],
      [3, "x.svg"],
    ] as const) {
      const answer = await fetch(await link(index));
      expect(answer.headers.get("content-type")).toBe("application/octet-stream");
      expect(answer.headers.get("content-disposition")).toBe(
        `attachment; filename="${name}"; filename*=UTF-8''${encodeURIComponent(name)}`,
      );
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("content-security-policy")).toContain("sandbox");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      await answer.arrayBuffer();
    }
  });

  test("RFC 6266 section 4.3: decodes quoted-printable content and names the file in UTF-8", async () => {
    const answer = await fetch(await link(4));
    expect(answer.headers.get("content-disposition")).toContain("filename*=UTF-8''Gr%C3%BC%C3%9Fe%20_1_.txt");
    expect(await answer.text()).toBe("Grüße");
  });

  const previews: [string, RequestInit, number][] = [
    ["a HEAD request", { method: "HEAD" }, 200],
    ["a browser's prefetch", { headers: { "Sec-Purpose": "prefetch;prerender" } }, 204],
    ["a chat program's link preview", { headers: { "User-Agent": "Slackbot-LinkExpanding 1.0" } }, 204],
    ["another chat program's link preview", { headers: { "User-Agent": "WhatsApp/2.23.20.0" } }, 204],
  ];

  test.each(previews)("is not used up by %s, which is 410 for a used link", async (_, init, status) => {
    const url = await link(3);
    const preview = await fetch(url, init);
    expect([preview.status, await preview.text()]).toEqual([status, ""]);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("<svg");
    expect((await fetch(url, init)).status).toBe(410);
  });

  test("RFC 9110 section 14.2: ignores a Range header and gives the whole file", async () => {
    const answer = await fetch(await link(1), { headers: { Range: "bytes=0-9" } });
    expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, big.length]);
  });

  test("gives the file to one of several concurrent requests", async () => {
    const url = await link(3);
    const answers = await Promise.all([fetch(url), fetch(url), fetch(url)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410]);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  });

  test("is 410 for an unknown secret and for the secret of an upload link", async () => {
    const { data } = await claude.call("request_upload");
    expect((await fetch(String(data.url).replace("/upload/", "/download/"))).status).toBe(410);
    expect((await fetch(`${product.url}/download/${"0".repeat(64)}`)).status).toBe(410);
    expect((await fetch(`${product.url}/download/x`)).status).toBe(404);
  });

  test("aborts the download when the mail server closes the connection, instead of leaving the browser waiting", async () => {
    const kit = await mailServer();
    const user = await kit.newUser();
    await kit.deliver(user, await toRaw({ subject: "Files", text: "See the files.", attachments }));
    const proxy = await startFaultProxy(kit.imap.port);
    const servers = { imap: proxy.through(kit.imap), smtp: kit.smtp };
    const { accessToken } = await grantFor(product, user, { servers });
    const client = await openClient(product, accessToken);
    const { data } = await client.call("search_emails", { query: "subject:files" });
    const [email] = data.emails as { id: string }[];
    const asked = await client.call("get_attachment", { id: email?.id, index: 1, link: true });
    const { url } = asked.data.download as { url: string };
    // No byte was sent yet, so the link stays usable.
    proxy.set({ kind: "cut", afterBytes: 0 });
    proxy.drop();
    expect((await fetch(url)).status).toBe(502);
    // For one connection, so that a download that starts again would be seen.
    proxy.set({ kind: "cut", afterBytes: 2_000_000, connections: 1 });
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    let ending: string | undefined;
    answer.arrayBuffer().then(
      () => (ending = "complete"),
      () => (ending = "aborted"),
    );
    expect(await eventually(() => ending)).toBe("aborted");
    await client.close();
    await proxy.stop();
  });

  test("ends when the browser disconnects, and the mailbox can still be read", async () => {
    const controller = new AbortController();
    const answer = await fetch(await link(1), { signal: controller.signal });
    expect(answer.status).toBe(200);
    controller.abort();
    const recent = await eventually(async () => claude.call("get_recent_emails"));
    expect(recent.text).toContain("Files");
  });
});
