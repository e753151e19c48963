import { expect, test } from "bun:test";
import { closingOn, raceAbort, toAbortError } from "../src/abort.ts";
import { AppError } from "../src/errors.ts";

test("closingOn closes once when the signal fires, at once when it has fired, and never after it was disposed", () => {
  const closed: string[] = [];
  const fired = AbortSignal.abort();
  closingOn(fired, () => closed.push("fired before"));
  const first = new AbortController();
  closingOn(first.signal, () => closed.push("fires"));
  first.abort();
  const second = new AbortController();
  {
    using _closing = closingOn(second.signal, () => closed.push("disposed"));
  }
  second.abort();
  expect(closed).toEqual(["fired before", "fires"]);
});

test("raceAbort settles with the work, or rejects with the signal's reason as soon as it fires", async () => {
  const { signal } = new AbortController();
  expect(await raceAbort(signal, Promise.resolve(1))).toBe(1);
  const failing = Promise.reject(new RangeError("x"));
  expect(await raceAbort(signal, failing).catch((error: Error) => error.name)).toBe("RangeError");
  const controller = new AbortController();
  const racing = raceAbort(controller.signal, new Promise(() => {}));
  controller.abort(new AppError("cancelled", "Enough."));
  expect(await racing.catch((error: AppError) => error.message)).toBe("Enough.");
});

test("A signal's reason becomes an AppError: its own, a deadline's, or a caller's", async () => {
  const own = new AppError("permission_missing", "No.");
  expect(toAbortError(AbortSignal.abort(own))).toBe(own);
  expect(toAbortError(AbortSignal.abort(new DOMException("late", "TimeoutError"))).code).toBe("timed_out");
  expect(toAbortError(AbortSignal.abort()).code).toBe("cancelled");
});
