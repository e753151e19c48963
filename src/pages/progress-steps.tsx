/** @jsxImportSource hono/jsx */
/** The progress of the logins; the page's script shows it while they run. */
import type { Texts } from "./text/en.ts";

export function ProgressSteps({ text }: { text: Texts }) {
  const { label, ...steps } = text.connect.steps;
  return (
    <div id="progress" class="progress" role="status" aria-label={label} tabindex={-1} hidden>
      <ol>
        {Object.entries(steps).map(([step, name]) => (
          <li data-step={step}>{name}</li>
        ))}
      </ol>
    </div>
  );
}
