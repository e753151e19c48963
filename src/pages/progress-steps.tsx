/** @jsxImportSource hono/jsx */
/** How far the logins are; shown by the script while they run. */
import type { Texts } from "./text/en.ts";

export function ProgressSteps({ text }: { text: Texts }) {
  const { label, ...steps } = text.connect.steps;
  return (
    <div id="progress" class="progress" role="status" aria-label={label} tabindex={-1} hidden>
      <ol>
        {Object.entries(steps).map(([step, words]) => (
          <li data-step={step}>{words}</li>
        ))}
      </ol>
    </div>
  );
}
