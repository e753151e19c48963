/**
 * Generated mailboxes, written to disk as Maildir and kept in bench/.cache between runs. The same size gives the same
 * emails: every twentieth has an attachment, every fourth HTML; threads of four; some are unread.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Version of the generated content; increase it with every change of the generator. */
const generatorVersion = 1;

const words =
  "river bridge invoice meeting summer garden train ticket report budget harbour letter window answer question machine winter market paper journey kitchen museum forest teacher number signal".split(
    " ",
  );

/** Creates a deterministic generator of numbers from 0 to 1 (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Mime = { headers: string; body: string };

function generateText(random: () => number, count: number): string {
  const lines: string[] = [];
  for (let line = 0; line < count; line += 1)
    lines.push(Array.from({ length: 9 }, () => words[Math.floor(random() * words.length)]).join(" "));
  return lines.join("\r\n");
}

function alternative(text: string, html: string): Mime {
  return {
    headers: 'Content-Type: multipart/alternative; boundary="alt"',
    body: [
      "--alt\r\nContent-Type: text/plain; charset=utf-8\r\n",
      text,
      "--alt\r\nContent-Type: text/html; charset=utf-8\r\n",
      html,
      "--alt--\r\n",
    ].join("\r\n"),
  };
}

function toMime(index: number, random: () => number): Mime {
  const text = generateText(random, 6 + Math.floor(random() * 12));
  if (index % 20 === 7) {
    const file = Buffer.alloc(30_000, index & 255)
      .toString("base64")
      .replace(/.{76}/g, "$&\r\n");
    return {
      headers: 'Content-Type: multipart/mixed; boundary="mix"',
      body: [
        "--mix\r\nContent-Type: text/plain; charset=utf-8\r\n",
        text,
        `--mix\r\nContent-Type: application/pdf; name="report-${index}.pdf"`,
        `Content-Disposition: attachment; filename="report-${index}.pdf"`,
        "Content-Transfer-Encoding: base64\r\n",
        file,
        "--mix--\r\n",
      ].join("\r\n"),
    };
  }
  if (index % 4 === 1) {
    const rows = text.replaceAll("\r\n", "</p></td></tr>\r\n<tr><td><p>");
    return alternative(text, `<html><body><table><tr><td><p>${rows}</p></td></tr></table></body></html>`);
  }
  return { headers: "Content-Type: text/plain; charset=utf-8", body: text };
}

function toEmail(index: number, date: Date, random: () => number): string {
  const thread = Math.floor(index / 4);
  const first = thread * 4;
  const senderName = words[thread % words.length];
  const topic = `${words[(thread * 7) % words.length]} ${words[(thread * 3) % words.length]} ${thread}`;
  const { headers, body } = toMime(index, random);
  const reply =
    index === first ? [] : [`In-Reply-To: <${index - 1}@bench.test>`, `References: <${first}@bench.test>`];
  return [
    `Return-Path: <${senderName}@bench.test>`,
    `Received: from mx.bench.test by mail.example.test; ${date.toUTCString().replace("GMT", "+0000")}`,
    `From: ${senderName} Bench <${senderName}@bench.test>`,
    "To: Bench <bench@example.test>",
    `Subject: ${index === first ? "" : "Re: "}${topic}`,
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${index}@bench.test>`,
    ...reply,
    "MIME-Version: 1.0",
    headers,
    "",
    body,
    "",
  ].join("\r\n");
}

/** Ensures that `folder` has a Maildir INBOX with this many emails, the last one the newest. */
export function prepareMailbox(folder: string, count: number): void {
  const marker = join(folder, `emails-${count}-edition-${generatorVersion}`);
  if (existsSync(marker)) return;
  rmSync(folder, { recursive: true, force: true });
  const building = `${folder}.building`;
  rmSync(building, { recursive: true, force: true });
  for (const part of ["cur", "new", "tmp"]) mkdirSync(join(building, "mail", part), { recursive: true });
  const random = createRandom(count);
  const start = Date.UTC(2020, 0, 1) / 1000;
  for (let index = 0; index < count; index += 1) {
    const seconds = start + index * 600;
    const email = toEmail(index, new Date(seconds * 1000), random);
    const size = Buffer.byteLength(email);
    const flags = index % 5 === 0 ? "" : "S";
    writeFileSync(
      join(building, "mail/cur", `${seconds}.M${index}P1.bench,S=${size},W=${size}:2,${flags}`),
      email,
    );
  }
  renameSync(building, folder);
  writeFileSync(join(folder, `emails-${count}-edition-${generatorVersion}`), "");
}
