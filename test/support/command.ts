/** Runs the command line in this process and captures its output, errors and exit code. */
import { run } from "../../src/cli/run.ts";

export type Ran = { exitCode: number; printed: string; complained: string };

/** `env` holds all settings; the environment of this process is not read. */
export async function runCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = "",
): Promise<Ran> {
  let [printed, complained] = ["", ""];
  const exitCode = await run(argv, {
    env,
    print: (line) => {
      printed += `${line}\n`;
    },
    printError: (line) => {
      complained += `${line}\n`;
    },
    readStdin: async () => input,
    stopping: new AbortController().signal,
  });
  return { exitCode, printed, complained };
}
