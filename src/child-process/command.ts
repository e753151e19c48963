/** The command line of a child process of our own program. */
import { join } from "node:path";

/**
 * Our own program with a hidden command: the compiled executable with the command's name, or Bun with the command's
 * source file src/cli/COMMAND.ts.
 */
export function childCommand(command: string): string[] {
  const isCompiled = import.meta.dir.startsWith("/$bunfs") || import.meta.dir.includes("~BUN");
  if (isCompiled) return [process.execPath, command];
  return [process.execPath, join(import.meta.dir, "..", "cli", `${command}.ts`)];
}
