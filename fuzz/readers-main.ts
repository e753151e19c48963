/** The main file of the reader process: runs a reader for each message, and reports its CPU time and problem. */
import { readers } from "./readers.ts";
import { Broken } from "./target.ts";

for (const level of ["log", "info", "warn", "error"] as const) console[level] = () => undefined;

process.on("message", async ({ reader, bytes }: { reader: string; bytes: Uint8Array }) => {
  const before = process.cpuUsage();
  let problem: { kind: string; message: string } | undefined;
  try {
    await readers[reader]?.(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    problem = toProblem(error);
  }
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpuMs: (user + system) / 1_000, problem });
});

process.on("disconnect", () => process.exit());

function toProblem(error: unknown): { kind: string; message: string } {
  if (error instanceof Broken) return { kind: error.kind, message: error.message };
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  // Where it was thrown tells one defect from another.
  const at = /\/(?:src|node_modules)\/([\w@./-]+):\d+/.exec(stack)?.[1] ?? "somewhere";
  return { kind: `throws ${name} in ${at}`, message: `${message}\n${stack.slice(0, 1_500)}` };
}
