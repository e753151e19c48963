/** @jsxImportSource hono/jsx */
/** The choice of the level of access, as radio buttons. */
import type { Level } from "../grant.ts";
import { fieldNames } from "./connect-form.ts";
import type { Texts } from "./text/en.ts";

export function LevelChoice(props: { text: Texts; level: Level; asksForNewPeople: boolean }) {
  const levels = props.text.connect.level;
  const choices = [
    { value: "read", name: levels.read, details: levels.readMore },
    { value: "organise", name: levels.organise, details: levels.organiseMore },
    { value: "approve", name: levels.approve, details: levels.approveMore },
    { value: "send", name: levels.send, details: levels.sendMore },
  ] as const;
  return (
    <fieldset class="levels credentials">
      <legend>{levels.legend}</legend>
      {choices.map(({ value, name, details }) => (
        <label class="level">
          <input type="radio" name={fieldNames.level} value={value} checked={value === props.level} />
          <span>
            <b>{name}</b>
            <small>{details}</small>
          </span>
        </label>
      ))}
      <label class="level beneath">
        <input
          type="checkbox"
          name={fieldNames.askForNewPeople}
          value="on"
          checked={props.asksForNewPeople}
        />
        <span>{levels.askForNewPeople}</span>
      </label>
    </fieldset>
  );
}
