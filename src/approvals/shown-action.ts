/** An action and its outcome as the person's pages show them. */
import type { ShownContent } from "../pages/approve.tsx";
import type { Action } from "./action.ts";

export function toContent(action: Action): ShownContent {
  if (action.type === "erase") {
    const { emails, permanently } = action;
    return { erasure: { emails, permanently } };
  }
  if (action.type === "one-click") {
    const { url, email, isNewDomain } = action;
    return { oneClick: { url, host: new URL(url).hostname, email, isNewDomain } };
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
