/** An action and its outcome as the person's pages show them. */
import type { ShownEmail, ShownErasure } from "../pages/approve.tsx";
import type { Action } from "./action.ts";

export function toContent(action: Action): { email: ShownEmail } | { erasure: ShownErasure } {
  if (action.type === "erase") {
    const { emails, permanently } = action;
    return { erasure: { emails, permanently } };
  }
  const { preview, formattedText, newPeople = [], notes } = action;
  return {
    email: {
      ...preview,
      formattedText,
      newPeople: newPeople.map((address) => address.toLowerCase()),
      notes,
    },
  };
}
