/** The style of all pages, inline in each, and the rules that follow from the providers we know. */
import { presets } from "../providers/presets.ts";
import forms from "./forms.css" with { type: "text" };
import hand from "./style.css" with { type: "text" };

/**
 * Which provider's help is shown follows from the choice in the list, in CSS alone: it works without script, and
 * with script the choice is all that has to be set.
 */
const helpRules = presets
  .map(({ id }) => `form:has(option[value="${id}"]:checked) [data-help="${id}"]`)
  .join(",");

export const style = `${hand}${forms}${helpRules}{display:block}`;
