/** Tools for tests of the protocol: quick, slow, ignoring its signal, refusing, broken, writing, sending. */
import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import { defineTool, type Effect, type Tool } from "../../src/tools/define-tool.ts";

export type Observed = { started: number; aborted: string[] };

export function createTestTools() {
  const observed: Observed = { started: 0, aborted: [] };

  const echo = defineTool({
    name: "echo",
    title: "Echo",
    description: "Answers with what it was given, at once.",
    effect: "read",
    input: z.object({ text: z.string().max(2_000_000).default("nothing") }),
    output: z.object({ text: z.string() }),
    run: async ({ text }) => ({ text }),
    render: ({ text }) => text,
  });

  const wait = defineTool({
    name: "wait",
    title: "Wait",
    description: "Is silent for a while and then answers, or ends when its signal says so.",
    effect: "read",
    input: z.object({ ms: z.int().max(60_000) }),
    output: z.object({ waited: z.int() }),
    async run({ ms }, { signal, progress }) {
      observed.started += 1;
      progress(1, 2, "half");
      progress(1, 2, "half again");
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          observed.aborted.push(signal.reason instanceof AppError ? signal.reason.code : "?");
          reject(new Error("closed under its feet"));
        });
      });
      progress(2, 2, "whole");
      return { waited: ms };
    },
    render: ({ waited }) => `Waited ${waited} ms.`,
  });

  const deaf = defineTool({
    name: "deaf",
    title: "Never answer",
    description: "Never answers, and does not listen to its signal.",
    effect: "read",
    input: z.object({}),
    output: z.object({}),
    run: () => new Promise<Record<string, never>>(() => {}),
    render: () => "",
  });

  const refuse = defineTool({
    name: "refuse",
    title: "Refuse",
    description: "Refuses with a failure that was foreseen.",
    effect: "read",
    input: z.object({}),
    output: z.object({}),
    run: async () => {
      throw new AppError("email_moved", "The mailbox was renumbered.", {
        cause: Object.assign(new Error("imap said canary-cause"), {
          responseStatus: "NO",
          code: "EXPIRED",
          text: "canary-cause",
        }),
      });
    },
    render: () => "",
  });

  const broken = defineTool({
    name: "broken",
    title: "Break",
    description: "Fails in a way that nobody foresaw.",
    effect: "read",
    input: z.object({}),
    output: z.object({}),
    run: async () => {
      throw new TypeError("canary-message at line one");
    },
    render: () => "",
  });

  const acting = (name: string, effect: Effect): Tool =>
    defineTool({
      name,
      title: name,
      description: `Does nothing, with the effect ${effect}.`,
      effect,
      input: z.object({}),
      output: z.object({ done: z.boolean() }),
      run: async () => ({ done: true }),
      render: () => "Done.",
      audit: () => ({ count: 1 }),
    });

  const sendSlowly = defineTool({
    name: "send_slowly",
    title: "Send slowly",
    description: "Takes its time, and when it is cut off says what became of the email; or breaks at once.",
    effect: "send",
    input: z.object({ listens: z.boolean().default(false), breaks: z.boolean().default(false) }),
    output: z.object({}),
    run: ({ listens, breaks }, { signal }) =>
      new Promise<Record<string, never>>((_, reject) => {
        if (breaks) reject(new TypeError("canary-message at line two"));
        if (listens)
          signal.addEventListener("abort", () =>
            reject(new AppError("maybe_sent", "The connection ended before the server said so.")),
          );
      }),
    render: () => "",
  });

  const tools: readonly Tool[] = [
    echo,
    wait,
    deaf,
    refuse,
    broken,
    acting("do_write", "write"),
    acting("do_destroy", "destroy"),
    acting("do_send", "send"),
    sendSlowly,
  ];
  return { tools, observed };
}

/** Builds a tools/call message. */
export function callMessage(name: string, args: unknown = {}, id: string | number = 7, meta?: object) {
  return {
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name, arguments: args, ...(meta ? { _meta: meta } : {}) },
  };
}
