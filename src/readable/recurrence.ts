/** When an event comes again (RFC 5545 section 3.3.10), as a person says it. */
import type ICAL from "ical.js";

const days: Record<string, string> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};
const places: Record<string, string> = { 1: "first", 2: "second", 3: "third", 4: "fourth", "-1": "last" };
const months = "January February March April May June July August September October November December".split(
  " ",
);

const place = (number: string) => places[number.replace("+", "")] ?? number;

/** `2TU` -> the second Tuesday. */
function day(text: string): string {
  const [, which = "", name = ""] = /^([+-]?\d*)([A-Z]{2})$/.exec(text.trim().toUpperCase()) ?? [];
  return days[name] ? `${which === "" ? "" : `the ${place(which)} `}${days[name]}` : text;
}

const dayOfMonth = (number: string) => (number === "-1" ? "the last day" : `day ${number}`);

/** Empty when it does not. */
export function recurrence(event: ICAL.Component): string {
  const rule = event.getFirstPropertyValue("rrule");
  if (!rule) return "";
  const parts = new Map(
    String(rule)
      .split(";")
      .map((part) => part.split("=") as [string, string]),
  );
  const list = (name: string) => (parts.get(name) ?? "").split(",").filter((item) => item !== "");
  const frequency = (parts.get("FREQ") ?? "").toLowerCase();
  const interval = Number(parts.get("INTERVAL") ?? 1);
  const among = list("BYSETPOS").map((number) => `the ${place(number)} of `);
  const on = [...list("BYDAY").map(day), ...list("BYMONTHDAY").map(dayOfMonth)];
  const until = (parts.get("UNTIL") ?? "").replace(/^(\d{4})-?(\d\d)-?(\d\d).*$/, "$1-$2-$3");
  return [
    interval > 1 ? `every ${interval} ${frequency.replace(/ly$/, "").replace("dai", "day")}s` : frequency,
    on.length > 0 ? `on ${among.join("and ")}${on.join(", ")}` : "",
    list("BYMONTH")
      .map((number) => `in ${months[Number(number) - 1] ?? number}`)
      .join(", "),
    parts.has("COUNT") ? `${parts.get("COUNT")} times` : "",
    until === "" ? "" : `until ${until}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}
