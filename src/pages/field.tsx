/** @jsxImportSource hono/jsx */
/** The problem of a form field, for the eye and for a screen reader. */

/** Returns the ARIA attributes of a field. With `hint`, an element with the id `${id}-hint` describes it, too. */
export function toFieldAttributes(id: string, message: string | undefined, hint?: "hint") {
  const descriptions = [message === undefined ? "" : `${id}-problem`, hint ? `${id}-hint` : ""].filter(
    Boolean,
  );
  return {
    "aria-invalid": message === undefined ? undefined : ("true" as const),
    "aria-describedby": descriptions.length === 0 ? undefined : descriptions.join(" "),
  };
}

export function FieldProblem({ id, message }: { id: string; message: string | undefined }) {
  return message === undefined ? null : (
    <p class="problem" id={`${id}-problem`} role="alert">
      {message}
    </p>
  );
}
