/** The comparison of answers with deliveries, on which the soak and the crash test rest. */
import { expect, test } from "bun:test";
import { createSendRecord, type SendOutcome, toSendOutcome } from "../../bench/writes.ts";

test.each<[SendOutcome[], number, string]>([
  [["sent"], 1, ""],
  [["none", "sent"], 1, ""],
  [["maybe"], 0, ""],
  [["maybe", "maybe"], 1, ""],
  [["none"], 0, ""],
  [["sent"], 0, "lost"],
  [["maybe", "sent"], 0, "lost"],
  [["maybe"], 2, "doubled"],
  [["sent"], 2, "doubled"],
  [["none", "none"], 1, "sent although the answer denied it"],
])("An email with the answers %j that was submitted %d times is %p", (outcomes, submitted, problem) => {
  const sends = createSendRecord();
  for (const outcome of outcomes) sends.record("Mine", outcome);
  const found = sends.findProblems(["Another", ...Array.from({ length: submitted }, () => "Mine")]);
  expect(found).toHaveLength(problem === "" ? 0 : 1);
  expect(found.join("")).toContain(problem);
});

test("An answer is sent, unknown or not sent by its code", () => {
  const outcomeOf = (text: string, isError = true) => toSendOutcome({ isError, text });
  expect(outcomeOf("Sent to 1 recipient.", false)).toBe("sent");
  expect(outcomeOf("It may have been sent. (maybe_sent)")).toBe("maybe");
  expect(outcomeOf("Something went wrong. (internal_error)")).toBe("maybe");
  expect(outcomeOf("The mail server cannot be reached. (host_unreachable)")).toBe("none");
});
