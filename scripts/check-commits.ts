/**
 * Checks the form of commit messages: `area: imperative` and a body that says why. Run by `bun run check`.
 *
 * Covers the commits after the last one of the older style. Where git or that commit is absent (a tarball, a
 * shallow clone) there is nothing to check, which is reported and is not a failure.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

export type CommitMessage = { hash: string; subject: string; body: string };

/** The last commit that was written before the form was agreed on. */
const lastOlderCommit = "59999690489cd620dcb949156c93c471fc3e1a45";
const maxSubjectCharacters = 72;
const repository = join(import.meta.dir, "..");

/** Returns one line per violation, starting with the abbreviated hash. Empty: all messages have the form. */
export function findMessageProblems(messages: readonly CommitMessage[]): string[] {
  return messages.flatMap(({ hash, subject, body }) => {
    const problems: string[] = [];
    if (!/^[a-z0-9/.,-]+: [a-z]/.test(subject))
      problems.push('the subject must be "area: imperative" in lower case, such as "imap: retry after NOOP"');
    if (subject.length > maxSubjectCharacters)
      problems.push(
        `the subject has ${subject.length} characters, at most ${maxSubjectCharacters} are allowed`,
      );
    if (subject.endsWith(".")) problems.push("the subject must not end with a full stop");
    if (body.trim() === "") problems.push("the body is missing; it must say why the change is made");
    return problems.map((problem) => `${hash.slice(0, 8)} ${JSON.stringify(subject)}: ${problem}`);
  });
}

/** Parses the output of `git log -z` with the format `messageFormat`. */
export function parseLog(output: string): CommitMessage[] {
  return output
    .split("\0")
    .filter((record) => record !== "")
    .map((record) => {
      const [hash = "", subject = "", ...body] = record.split("\n");
      return { hash, subject, body: body.join("\n") };
    });
}

const messageFormat = "%H%n%s%n%b";

/** Runs git in the repository. Undefined when git is not installed or the command fails. */
function runGit(args: readonly string[]): string | undefined {
  const run = spawnSync("git", args, { cwd: repository, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return run.status === 0 ? run.stdout : undefined;
}

function main(): number {
  if (runGit(["cat-file", "-e", `${lastOlderCommit}^{commit}`]) === undefined) {
    process.stdout.write(
      `commit messages: not checked, git or commit ${lastOlderCommit.slice(0, 7)} is not here\n`,
    );
    return 0;
  }
  const range = `${lastOlderCommit}..HEAD`;
  const output = runGit(["log", "-z", "--no-merges", `--format=${messageFormat}`, range]);
  if (output === undefined) {
    process.stdout.write(`commit messages: not checked, git cannot list ${range}\n`);
    return 0;
  }
  const messages = parseLog(output);
  const problems = findMessageProblems(messages);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`commit messages: ${messages.length} checked, ${problems.length} problems\n`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(main());
