/** Fields of the forms on the person's pages. */

/** Returns the value of a field; undefined when it is empty, as the field of a passkey is without a script. */
export const toFieldText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
