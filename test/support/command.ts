/** The command line, run in this process: what it printed, what it complained of, how it ended. */
import { run } from "../../src/cli/run.ts";

export type Ran = { exitCode: number; printed: string; complained: string };

/** `env`: the settings; nothing of this process's own environment counts. */
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
