/** Emails and attachments that are rendered in child processes: their results, limits and ends. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type ChildPoolLimits, createChildPool, renderCommand } from "../../src/child-process/pool.ts";
import { readDocument, readPictures } from "../../src/documents/read-document.ts";
import type { Part } from "../../src/email/part.ts";
import { type BodySource, readBody } from "../../src/readable/body.ts";
import { createChildRenderer } from "../../src/readable/child-renderer.ts";
import { createLocalRenderer } from "../../src/readable/render-task.ts";
import { winmail } from "../fixtures/make/tnef.ts";
import { childProcessIds, longestStallMsOf } from "../support/own-time.ts";
import { eventually } from "../support/waiting.ts";

const documents = { read: (bytes: Uint8Array) => readDocument(bytes), readPictures };
const { signal } = new AbortController();
const request = { format: "markdown", forward: false } as const;

const toPart = (content: Uint8Array, type: string): Part => ({
  part: "1",
  type,
  size: content.length,
  parameters: {},
  children: [],
});

function toEmail(html: string) {
  const octets = Buffer.from(html);
  const contents = { texts: [{ html: toPart(octets, "text/html") }], calendars: [], attachments: [] };
  return { contents, octets: new Map([["1", octets]]) };
}

const heavy = toEmail("<p>Some <b>words</b></p>".repeat(15_000));

describe("A renderer in child processes", () => {
  const pools: ReturnType<typeof createChildPool>[] = [];
  function open(limits: Partial<ChildPoolLimits> = {}) {
    const pool = createChildPool(renderCommand, { maxProcesses: 1, ...limits });
    pools.push(pool);
    const renderer = createChildRenderer(pool, documents);
    const render = ({ contents, octets }: typeof heavy) =>
      renderer.renderBody(contents, octets, request, signal);
    return { renderer, render };
  }
  afterAll(() => {
    for (const pool of pools) pool.close();
  });

  test("renders HTML, calendars and attachments as in this process", async () => {
    const { renderer } = open();
    const local = createLocalRenderer(documents);
    const html = toEmail('<p>Hi <a href="https://a.example/">there</a></p><img src=x width=1 height=1>');
    const event = Buffer.from(
      "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Lunch\r\nEND:VEVENT\r\nEND:VCALENDAR",
    );
    const calendar = {
      contents: { texts: [], calendars: [toPart(event, "text/calendar")], attachments: [] },
      octets: new Map([["1", event]]),
    };
    for (const { contents, octets } of [html, calendar]) {
      const expected = await local.renderBody(contents, octets, request, signal);
      expect(expected.text).not.toBe("");
      expect(await renderer.renderBody(contents, octets, request, signal)).toEqual(expected);
    }
    const files: [Buffer, string][] = [
      [Buffer.from("<h1>A page</h1><script>no()</script>"), "text/html"],
      [Buffer.from(`words ${"and more ".repeat(4_000)}`), "text/plain"],
      [
        Buffer.from(
          winmail({ messageClass: "IPM.Note", subject: "Inside", body: "Winmail words", files: [] }),
        ),
        "application/ms-tnef",
      ],
    ];
    for (const [bytes, type] of files) {
      const part = toPart(bytes, type);
      const expected = await local.readAttachment(bytes, part, signal);
      expect(expected.text).not.toBe("");
      expect(await renderer.readAttachment(bytes, part, signal)).toEqual(expected);
    }
  });

  test("finds the files inside a text of 5 MB without holding this process, and reads one of them", async () => {
    const { renderer } = open();
    const file = (name: string, line: string) => `begin 644 ${name}\n${line}\n\`\nend\n`;
    const octets = Buffer.from(
      `words\n${file("one.txt", "#0V%T")}${file("two.txt", "#9&]G")}${"begin 644 a\nend\n".repeat(300_000)}`,
    );
    const part = toPart(octets, "text/plain");
    let names: (string | undefined)[] = [];
    let content: Buffer | undefined;
    const stallMs = await longestStallMsOf(async () => {
      names = (await renderer.listFiles(part, octets, signal)).map(({ name }) => name);
      content = await renderer.readFile(part, octets, 1, signal);
    });
    expect(names.slice(0, 2)).toEqual(["one.txt", "two.txt"]);
    expect(names.length).toBeLessThanOrEqual(500);
    expect(content?.toString()).toBe("dog");
    expect(stallMs).toBeLessThan(50);
  });

  test("an email that takes too long ends its process, is named as that, and does not disturb the next", async () => {
    const { render } = open({ maxCpuMs: 150 });
    expect(await render(heavy)).toMatchObject({
      text: "",
      failed: true,
      notes: [expect.stringContaining("This email takes too long to read; its text is not shown.")],
    });
    expect(await render(toEmail("<p>Next</p>"))).toMatchObject({ text: "Next", notes: [] });
  });

  test("an email that takes too much memory ends its process, is named as that, and does not disturb the next", async () => {
    const { render } = open({ maxMemoryBytes: 200_000_000 });
    // A process that has served others is replaced once before an email counts as too large.
    expect(await render(toEmail("<p>First</p>"))).toMatchObject({ text: "First" });
    expect(await render(toEmail("<p>Some <b>words</b></p>".repeat(50_000)))).toMatchObject({
      text: "",
      notes: [expect.stringContaining("takes more memory to read than is allowed")],
    });
    expect(await render(toEmail("<p>Next</p>"))).toMatchObject({ text: "Next" });
  });

  test("a file that takes too long is named as that", async () => {
    const { renderer } = open({ maxCpuMs: 150 });
    const bytes = Buffer.from("<p>Some <b>words</b></p>".repeat(15_000));
    const { text, notes } = await renderer.readAttachment(bytes, toPart(bytes, "text/html"), signal);
    expect({ text, notes }).toEqual({
      text: "",
      notes: ["This file takes too long to read; a download link gives it."],
    });
  });

  test("of a long email whose further text fails, the beginning is shown, and how much is left", async () => {
    const { renderer } = open();
    const words = Buffer.from("<p>Some <b>words</b></p>".repeat(20_000));
    const part = toPart(words, "text/html");
    const failing: BodySource["renderer"] = {
      ...renderer,
      renderBody: async (contents, octets, ...rest) =>
        (octets.get("1")?.length ?? 0) > 200_000
          ? { text: "", notes: ["failed"], cutOctets: 0, complete: [], embedded: [], failed: true }
          : renderer.renderBody(contents, octets, ...rest),
    };
    const fetchParts: BodySource["fetchParts"] = async ([range]) =>
      new Map([["1", words.subarray(range?.start, (range?.start ?? 0) + (range?.maxLength ?? 0))]]);
    const body = await readBody(
      { fetchParts, renderer: failing, signal },
      { root: part, texts: [{ html: part }], calendars: [], attachments: [] },
      { ...request, until: 1_000_000 },
    );
    expect(body.text).toStartWith("Some **words**");
    expect(body.notes).toEqual([]);
    expect(body.cutOctets).toBe(words.length - 196_608);
  });

  test("a caller that aborts is not kept waiting, and the next is served", async () => {
    const { renderer, render } = open();
    const hasty = new AbortController();
    const rendering = renderer
      .renderBody(heavy.contents, heavy.octets, request, hasty.signal)
      .catch((error: unknown) => error);
    hasty.abort(new Error("gone"));
    expect(await rendering).toBeInstanceOf(Error);
    expect(await render(toEmail("<p>Next</p>"))).toMatchObject({ text: "Next" });
  });

  test.skipIf(process.platform !== "linux")(
    "a process is replaced after its share of emails, and when something else has killed it",
    async () => {
      const before = childProcessIds();
      const { render } = open({ recycleAfter: 2 });
      const current = () => childProcessIds().filter((id) => !before.includes(id));
      await render(toEmail("<p>1</p>"));
      const [first = 0] = current();
      expect(readFileSync(`/proc/${first}/oom_score_adj`, "utf8").trim()).toBe("1000");
      expect(readFileSync(`/proc/${first}/environ`, "utf8")).toBe("");
      await render(toEmail("<p>2</p>"));
      await eventually(() => !current().includes(first));
      await render(toEmail("<p>3</p>"));
      const [second = 0] = current();
      expect(second).not.toBe(first);
      process.kill(second, "SIGKILL");
      await eventually(() => !current().includes(second));
      expect(await render(toEmail("<p>Fourth</p>"))).toMatchObject({ text: "Fourth" });
    },
  );
});
