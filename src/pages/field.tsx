/** @jsxImportSource hono/jsx */
/** How a field says what is wrong with it, to the eye and to a screen reader. */

/** Attributes of a field that may have a problem, and may have a hint with the id `${id}-hint`. */
export function marked(id: string, message: string | undefined, hint?: "hint") {
  const described = [message === undefined ? "" : `${id}-problem`, hint ? `${id}-hint` : ""].filter(Boolean);
  return {
    ...(message === undefined ? {} : { "aria-invalid": "true" as const }),
    ...(described.length === 0 ? {} : { "aria-describedby": described.join(" ") }),
  };
}

export function FieldProblem({ id, message }: { id: string; message: string | undefined }) {
  return message === undefined ? null : (
    <p class="problem" id={`${id}-problem`} role="alert">
      {message}
    </p>
  );
}
