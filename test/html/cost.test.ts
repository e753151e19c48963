/** HTML and text written to take quadratic time. */
import { expect, test } from "bun:test";
import { decodeTransfer } from "../../src/email/transfer-encoding.ts";
import { toHtmlSource } from "../../src/html/html-source.ts";
import { htmlToMarkdown } from "../../src/html/markdown.ts";
import { foldHistory } from "../../src/readable/fold-history.ts";
import { toPlainText } from "../../src/readable/plain-text.ts";
import { bestOf, cpuMsOf } from "../support/own-time.ts";

const boundMs = 2_000;
const spaces = " ".repeat(400_000);
const plain = { part: "1", type: "text/plain", size: 0, parameters: {}, children: [] };

const slow: Readonly<Record<string, () => unknown>> = {
  "rules that count among twenty thousand siblings": () =>
    htmlToMarkdown(
      `<style>${"p:nth-last-of-type(2n+1){color:red}".repeat(50)}</style>${"<p>x</p>".repeat(20_000)}`,
    ),
  "a hundred thousand style rules": () =>
    htmlToMarkdown(
      `<style>${Array.from({ length: 100_000 }, (_, at) => `.c${at} p{color:#123}`).join("")}</style>${"<p class='c1 c2'>x</p>".repeat(20_000)}`,
    ),
  "cells over all rows and columns there could be": () =>
    htmlToMarkdown(
      `<table border=1>${"<tr><td rowspan=65534 colspan=1000>x</td><td>y</td></tr>".repeat(15_000)}</table>`,
    ),
  "rows of ten thousand cells that reach down": () =>
    htmlToMarkdown(
      `<table border=1>${`<tr>${"<td rowspan=9999>x</td>".repeat(10_000)}</tr>`.repeat(3)}${"<tr><td>y</td><td>z</td></tr>".repeat(10_000)}</table>`,
    ),
  "links beside each other without end": () =>
    htmlToMarkdown("<a href=https://x.example/>x</a>".repeat(30_000)),
  "spaces that do not break, as source": () => toHtmlSource(`x${"&nbsp;".repeat(400_000)}y`),
  "spaces before a word": () => toPlainText(`x${spaces}y`, plain),
  "spaces in quoted-printable": () => decodeTransfer(Buffer.from(`x${spaces}y`), "quoted-printable"),
  "spaces after an attribution": () =>
    foldHistory([`Ann wrote${spaces}x`, "> a", "b"], { forward: false, quotes: "all" }),
};

test.each(Object.keys(slow))("%s: read in less than two seconds", async (name) => {
  expect(await bestOf(boundMs, () => cpuMsOf(() => slow[name]?.()))).toBeLessThan(boundMs);
});
