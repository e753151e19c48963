/** The gate that shares places among keys. */
import { describe, expect, test } from "bun:test";
import { createGate, type Gate } from "../src/gate.ts";
import { eventually } from "./support/waiting.ts";

const never = new AbortController().signal;

/** Runs pieces that last until `finish`, and records their starts and ends. */
function createWork(gate: Gate) {
  const started: string[] = [];
  const finishers = new Map<string, () => void>();
  const run = (name: string, { key = name, signal = never } = {}) =>
    gate.run(key, signal, async (given) => {
      started.push(name);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      finishers.set(name, () => resolve(name));
      given.addEventListener("abort", () => reject(given.reason));
      return promise;
    });
  return { run, started, finish: (name: string) => finishers.get(name)?.() };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("A gate", () => {
  test("starts no more pieces than it has places, and the next when one ends or fails", async () => {
    const gate = createGate({ maxRunning: 2 });
    const { run, started, finish } = createWork(gate);
    const all = ["a", "b", "c"].map((name) => run(name));
    await settle();
    expect(started).toEqual(["a", "b"]);
    expect(gate.counts()).toEqual({ running: 2, waiting: 1 });
    finish("a");
    await settle();
    expect(started).toEqual(["a", "b", "c"]);
    finish("b");
    finish("c");
    expect(await Promise.all(all)).toEqual(["a", "b", "c"]);
    await expect(gate.run("d", never, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(gate.counts()).toEqual({ running: 0, waiting: 0 });
  });

  test("lets keys take turns, however many pieces one of them queues", async () => {
    const gate = createGate({ maxRunning: 1 });
    const { run, started, finish } = createWork(gate);
    const pieces = [
      ...Array.from({ length: 50 }, (_, index) => run(`flood-${index}`, { key: "flood" })),
      run("other"),
    ];
    await settle();
    finish("flood-0");
    await settle();
    finish("flood-1");
    await settle();
    expect(started).toEqual(["flood-0", "flood-1", "other"]);
    for (const name of ["other", ...Array.from({ length: 48 }, (_, index) => `flood-${index + 2}`)]) {
      finish(name);
      await settle();
    }
    expect(await Promise.all(pieces)).toHaveLength(51);
  });

  test("starts at most `maxRunningPerKey` pieces of one key, and others in the free places", async () => {
    const gate = createGate({ maxRunning: 3, maxRunningPerKey: 1 });
    const { run, started, finish } = createWork(gate);
    const pieces = [run("a1", { key: "a" }), run("a2", { key: "a" }), run("b"), run("c")];
    await settle();
    expect(started).toEqual(["a1", "b", "c"]);
    finish("b");
    await settle();
    expect(started).toEqual(["a1", "b", "c"]);
    finish("a1");
    await settle();
    expect(started).toEqual(["a1", "b", "c", "a2"]);
    finish("a2");
    finish("c");
    await Promise.all(pieces);
  });

  test("ends a wait at once when its signal fires, also one that fired before", async () => {
    const gate = createGate({ maxRunning: 1 });
    const { run, started, finish } = createWork(gate);
    const first = run("first");
    const leaving = new AbortController();
    const second = run("second", { signal: leaving.signal });
    const third = run("third");
    leaving.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    await expect(run("fourth", { signal: leaving.signal })).rejects.toThrow("gone");
    expect(gate.counts()).toEqual({ running: 1, waiting: 1 });
    finish("first");
    await settle();
    finish("third");
    expect(await Promise.all([first, third])).toEqual(["first", "third"]);
    expect(started).toEqual(["first", "third"]);
  });

  test("ends a piece past its guaranteed time only when another waits, the longest running first", async () => {
    const gate = createGate({ maxRunning: 2, guaranteedMs: 1 });
    const { run, started, finish } = createWork(gate);
    const [first, second] = [run("first"), run("second")];
    const ended = first.catch((error: unknown) => error);
    // Both are overdue and nobody waits: they go on.
    await eventually(() => Bun.nanoseconds() > 0, { everyMs: 20 });
    expect(gate.counts()).toEqual({ running: 2, waiting: 0 });
    const third = run("third");
    expect(await ended).toBeInstanceOf(Error);
    await eventually(() => started.includes("third"));
    expect(gate.counts()).toEqual({ running: 2, waiting: 0 });
    finish("second");
    finish("third");
    expect(await Promise.all([second, third])).toEqual(["second", "third"]);
  });
});
