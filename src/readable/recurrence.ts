/** Recurrence rules (RFC 5545 section 3.3.10) in words. */
import type ICAL from "ical.js";

const dayNames: Record<string, string> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};
const ordinals: Record<string, string> = { 1: "first", 2: "second", 3: "third", 4: "fourth", "-1": "last" };
const monthNames =
  "January February March April May June July August September October November December".split(" ");

const toOrdinal = (number: string) => ordinals[number.replace("+", "")] ?? number;

/** `2TU` -> the second Tuesday. */
function describeDay(text: string): string {
  const [, which = "", name = ""] = /^([+-]?\d*)([A-Z]{2})$/.exec(text.trim().toUpperCase()) ?? [];
  return dayNames[name] ? `${which === "" ? "" : `the ${toOrdinal(which)} `}${dayNames[name]}` : text;
}

const describeDayOfMonth = (number: string) => (number === "-1" ? "the last day" : `day ${number}`);

/** Returns, for example, `weekly on Tuesday 10 times`; empty for an event that does not recur. */
export function describeRecurrence(event: ICAL.Component): string {
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
  const setPositions = list("BYSETPOS").map((number) => `the ${toOrdinal(number)} of `);
  const on = [...list("BYDAY").map(describeDay), ...list("BYMONTHDAY").map(describeDayOfMonth)];
  const until = (parts.get("UNTIL") ?? "").replace(/^(\d{4})-?(\d\d)-?(\d\d).*$/, "$1-$2-$3");
  return [
    interval > 1 ? `every ${interval} ${frequency.replace(/ly$/, "").replace("dai", "day")}s` : frequency,
    on.length > 0 ? `on ${setPositions.join("and ")}${on.join(", ")}` : "",
    list("BYMONTH")
      .map((number) => `in ${monthNames[Number(number) - 1] ?? number}`)
      .join(", "),
    parts.has("COUNT") ? `${parts.get("COUNT")} times` : "",
    until === "" ? "" : `until ${until}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}
