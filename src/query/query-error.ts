/** The refusal of a query, with a hint that says how to write it. */
import { AppError } from "../errors.ts";

export function unsupportedQuery(message: string, hint?: string): AppError {
  return new AppError("unsupported_query", message, { hint });
}
