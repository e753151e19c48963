/** @jsxImportSource hono/jsx */
/** The choice of the level of access, as radio buttons. */
import type { Level } from "../grant.ts";
import { fieldNames } from "./connect-form.ts";
import type { Texts } from "./text/en.ts";

export function LevelChoice({ text, level }: { text: Texts; level: Level }) {
  const levels = text.connect.level;
  const choices = [
    { value: "read", name: levels.read, details: levels.readMore },
    { value: "organise", name: levels.organise, details: levels.organiseMore },
    { value: "send", name: levels.send, details: levels.sendMore },
  ] as const;
  return (
    <fieldset class="levels credentials">
      <legend>{levels.legend}</legend>
      {choices.map(({ value, name, details }) => (
        <label class="level">
          <input type="radio" name={fieldNames.level} value={value} checked={value === level} />
          <span>
            <b>{name}</b>
            <small>{details}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
