/** Commands run in this process, with their output, errors and exit code. */
import { run } from "../../src/cli/run.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export type CommandResult = { exitCode: number; printed: string; printedErrors: string };

/** Runs the command line. `env` holds all settings; the environment of this process is not read. */
export const runCommand = (
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<CommandResult> => capture((terminal) => run(argv, terminal), env, input);

/** Runs `work` with a terminal that captures what is printed, and that reads `input`. */
export async function capture(
  work: (terminal: Terminal) => Promise<number>,
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<CommandResult> {
  let [printed, printedErrors] = ["", ""];
  const exitCode = await work({
    env,
    print: (line) => {
      printed += `${line}\n`;
    },
    printError: (line) => {
      printedErrors += `${line}\n`;
    },
    writeLog: (line) => {
      printedErrors += line;
    },
    readStdin: async () => input,
    stopping: new AbortController().signal,
  });
  return { exitCode, printed, printedErrors };
}
