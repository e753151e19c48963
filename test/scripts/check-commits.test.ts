/** The form that commit messages must have, as `bun run check` enforces it. */
import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { findMessageProblems, parseLog } from "../../scripts/check-commits.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = join(import.meta.dir, "../../scripts/check-commits.ts");
const hash = "0123456789abcdef0123456789abcdef01234567";
const body = "Replies failed for emails that arrived after SELECT.\n";

test.each([
  "imap: fetch again after NOOP before answering email_not_found",
  "test/support,mail: share servers with equal settings",
  "ci: run the check first",
  `docs: ${"x".repeat(66)}`,
])("The message %j has the form", (subject) => {
  expect(findMessageProblems([{ hash, subject, body }])).toEqual([]);
});

test.each([
  ["Fetch again after NOOP", "area: imperative"],
  ["imap: Fetch again after NOOP", "area: imperative"],
  ["Imap: fetch again", "area: imperative"],
  ["imap:fetch again", "area: imperative"],
  ["imap, smtp: fetch again", "area: imperative"],
  [`docs: ${"x".repeat(67)}`, "73 characters"],
  ["imap: fetch again after NOOP.", "full stop"],
])("The subject %j is refused: %s", (subject, problem) => {
  const problems = findMessageProblems([{ hash, subject, body }]);
  expect(problems.length).toBe(1);
  expect(problems[0]).toStartWith("01234567 ");
  expect(problems[0]).toContain(problem);
});

test.each(["", "\n", "  \n\t\n"])("The body %j is refused, because it says nothing", (empty) => {
  const problems = findMessageProblems([{ hash, subject: "imap: fetch again", body: empty }]);
  expect(problems.join("\n")).toContain("the body is missing");
});

test("Each message is reported with each of its problems", () => {
  const messages = [
    { hash, subject: "Fetch again.", body: "" },
    { hash, subject: "imap: fetch again", body },
    { hash: hash.replace("0", "f"), subject: "imap: fetch again.", body },
  ];
  expect(findMessageProblems(messages).map((line) => line.slice(0, 8))).toEqual([
    ...["01234567", "01234567", "01234567"],
    "f1234567",
  ]);
});

test("The output of git log is parsed into hash, subject and body", () => {
  expect(parseLog(`${hash}\nimap: fetch again\nOne line.\n\nAnother.\n\0${hash}\nci: check\n\0`)).toEqual([
    { hash, subject: "imap: fetch again", body: "One line.\n\nAnother.\n" },
    { hash, subject: "ci: check", body: "" },
  ]);
  expect(parseLog("")).toEqual([]);
});

test("Outside a repository the script reports that nothing was checked, and succeeds", () => {
  const folder = temporaryFolder("tarball");
  cpSync(script, join(folder, "scripts/check-commits.ts"), { recursive: true });
  const run = Bun.spawnSync([process.execPath, join(folder, "scripts/check-commits.ts")], {
    env: { PATH: process.env.PATH ?? "", GIT_CEILING_DIRECTORIES: folder },
  });
  expect([run.exitCode, String(run.stdout)]).toEqual([
    0,
    "commit messages: not checked, git or commit 5999969 is not here\n",
  ]);
});
