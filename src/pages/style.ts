/** The inline style of all pages: the style sheets, and rules derived from the list of providers. */
import { presets } from "../providers/presets.ts";
import decisions from "./decisions.css" with { type: "text" };
import forms from "./forms.css" with { type: "text" };
import base from "./style.css" with { type: "text" };

/**
 * Shows the help of the provider that is selected in the list. In CSS, it works without a script, and the script has
 * only to set the selection.
 */
const helpRules = presets
  .map(({ id }) => `form:has(option[value="${id}"]:checked) [data-help="${id}"]`)
  .join(",");

export const style = `${base}${forms}${decisions}${helpRules}{display:block}`;
