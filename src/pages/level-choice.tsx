/** @jsxImportSource hono/jsx */
/** What Claude may do, as three radio buttons; the grant holds the answer. */
import type { Level } from "../grant.ts";
import { fieldNames } from "./connect-form.ts";
import type { Texts } from "./text/en.ts";

export function LevelChoice({ text, level }: { text: Texts; level: Level }) {
  const words = text.connect.level;
  const choices = [
    { value: "read", name: words.read, more: words.readMore },
    { value: "organise", name: words.organise, more: words.organiseMore },
    { value: "send", name: words.send, more: words.sendMore },
  ] as const;
  return (
    <fieldset class="levels credentials">
      <legend>{words.legend}</legend>
      {choices.map(({ value, name, more }) => (
        <label class="level">
          <input type="radio" name={fieldNames.level} value={value} checked={value === level} />
          <span>
            <b>{name}</b>
            <small>{more}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
