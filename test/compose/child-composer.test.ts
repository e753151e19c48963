/** Originals and emails that pass through a child process: the same result, and the same failures. */
import { afterAll, describe, expect, test } from "bun:test";
import { createChildPool, renderCommand } from "../../src/child-process/pool.ts";
import { createChildComposer } from "../../src/compose/child-composer.ts";
import { localComposer } from "../../src/compose/composer.ts";
import type { EmailRequest } from "../../src/compose/email-request.ts";
import { toRaw } from "../support/emails.ts";
import { refusal } from "../support/refusal.ts";

const deps = { clock: { now: () => 1_700_000_000_000 }, from: { address: "ben@example.test" }, own: [] };
const { signal } = new AbortController();

describe("A composer in child processes", () => {
  const children = createChildPool(renderCommand, { maxProcesses: 1 });
  afterAll(children.close);
  const composer = createChildComposer(children);

  test("forwards an email with its files as in this process", async () => {
    const source = await toRaw({
      from: "ann@example.test",
      to: "ben@example.test",
      subject: "Files",
      html: "<p>See <b>them</b></p><script>no()</script>",
      attachments: [{ filename: "a.bin", content: Buffer.from([0, 1, 2, 255]) }],
    });
    const original = await composer.parseOriginal("id", source, { whole: true, signal });
    const expected = await localComposer.parseOriginal("id", source, { whole: true, signal });
    const toPlain = (email: typeof original) => ({
      ...email,
      source: [...email.source],
      files: email.files.map((file) => ({ ...file, content: [...file.content] })),
    });
    expect(toPlain(original)).toEqual(toPlain(expected));
    const request: EmailRequest = {
      basis: { kind: "forward", original },
      to: ["cc@example.test"],
      body: "See **below**.",
    };
    const composed = await composer.compose(deps, request, signal);
    const local = await localComposer.compose(deps, request, signal);
    expect(composed.preview).toEqual(local.preview);
    expect(composed.content).toBe(local.content);
    expect(composed.forwards).toBe("id");
    expect(Buffer.from(composed.raw).toString()).toContain("AAEC/w==");
    expect(Buffer.from(composed.raw).toString()).not.toContain("no()");
  });

  test("refuses what is refused in this process, in the same words", async () => {
    const original = await composer.parseOriginal("id", await toRaw({ subject: "x", text: "y" }), {
      whole: true,
      signal,
    });
    const request: EmailRequest = { basis: { kind: "forward", original }, body: "<p>HTML</p>" };
    const { code, message, hint } = await refusal(localComposer.compose(deps, request, signal));
    expect(await refusal(composer.compose(deps, request, signal))).toMatchObject({ code, message, hint });
    expect(code).toBe("invalid_input");
  });
});
