/** `render`: renders emails and reads attachments, one message on standard input after another, for the server. */

/** Loads the readers only here, and before the first request, whose time they would take. */
export async function renderFromStdin(): Promise<number> {
  // Libraries report damage on the console; standard output is for the answers.
  for (const level of ["log", "info", "warn", "error"] as const) console[level] = () => undefined;
  const [{ answerMessages }, { createLocalRenderer }, { runRenderTask }, { readDocument, readPictures }] =
    await Promise.all([
      import("../child-process/pool.ts"),
      import("../readable/render-task.ts"),
      import("../readable/child-renderer.ts"),
      import("../documents/read-document.ts"),
    ]);
  const renderer = createLocalRenderer({ read: (bytes) => readDocument(bytes), readPictures });
  const { signal } = new AbortController();
  await answerMessages(async ({ header, pieces }) => ({
    header: await runRenderTask(header, pieces, renderer, signal),
    pieces: [],
  }));
  return 0;
}

// Entry point of the child process when the server runs from source.
if (import.meta.main) await renderFromStdin();
