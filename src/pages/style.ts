/** The one style sheet, inline in every page, and the rules that follow from the providers we know. */
import { presets } from "../providers/presets.ts";
import css from "./style.css" with { type: "text" };

/**
 * Which provider's help is shown follows from the choice in the list, in CSS alone: it works without script, and
 * with script the choice is all that has to be set.
 */
const helpRules = presets
  .map(({ id }) => `form:has(option[value="${id}"]:checked) [data-help="${id}"]`)
  .join(",");

export const style = `${css}${helpRules}{display:block}`;
