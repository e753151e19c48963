/** `render`: renders emails, reads attachments and composes, one message on standard input after another, for the server. */

/** Loads the readers only here, and before the first request, whose time they would take. */
export async function renderFromStdin(): Promise<number> {
  // Libraries report damage on the console; standard output is for the answers.
  for (const level of ["log", "info", "warn", "error"] as const) console[level] = () => undefined;
  const [
    { answerMessages },
    { fromMessage, toMessage },
    { createLocalRenderer },
    { runRenderTask },
    { composeTask, runComposeTask },
    { readDocument, readPictures },
  ] = await Promise.all([
    import("../child-process/pool.ts"),
    import("../child-process/messages.ts"),
    import("../readable/render-task.ts"),
    import("../readable/child-renderer.ts"),
    import("../compose/child-composer.ts"),
    import("../documents/read-document.ts"),
  ]);
  const renderer = createLocalRenderer({ read: (bytes) => readDocument(bytes), readPictures });
  const { signal } = new AbortController();
  await answerMessages(async (message) => {
    const compose = composeTask.safeParse(fromMessage(message));
    if (compose.success) return toMessage(await runComposeTask(compose.data, signal));
    return runRenderTask(message.header, message.pieces, renderer, signal);
  });
  return 0;
}

// Entry point of the child process when the server runs from source.
if (import.meta.main) await renderFromStdin();
