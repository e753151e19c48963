/** Calendar parts (RFC 5545, RFC 5546) as a person reads them: what, when, where, who. Never throws. */
import ICAL from "ical.js";

const maxEvents = 20;
const maxPeople = 40;

const headings: Record<string, string> = {
  REQUEST: "Invitation",
  CANCEL: "Cancelled",
  REPLY: "Answer to an invitation",
  COUNTER: "Proposal of another time",
  DECLINECOUNTER: "Proposal of another time declined",
  PUBLISH: "Event",
  ADD: "Further dates",
  REFRESH: "Request for the latest version",
};

const answers: Record<string, string> = {
  "NEEDS-ACTION": "not answered",
  ACCEPTED: "accepted",
  DECLINED: "declined",
  TENTATIVE: "maybe",
  DELEGATED: "delegated",
};

/** Lines of text; one that says so when it is not a calendar that can be read. */
export function calendarToLines(text: string): string[] {
  try {
    const parsed: unknown = ICAL.parse(text.trim());
    if (!Array.isArray(parsed)) return unreadable;
    const calendars = Array.isArray(parsed[0]) ? parsed : [parsed];
    const lines = calendars.flatMap((calendar) => ofCalendar(new ICAL.Component(calendar)));
    return lines.length > 0 ? lines : ["[Calendar without events]"];
  } catch {
    return unreadable;
  }
}

const unreadable = ["[Calendar part that cannot be read]"];

function ofCalendar(calendar: ICAL.Component): string[] {
  const method = String(calendar.getFirstPropertyValue("method") ?? "PUBLISH").toUpperCase();
  const items = ["vevent", "vtodo"].flatMap((name) => calendar.getAllSubcomponents(name));
  const lines = items
    .slice(0, maxEvents)
    .flatMap((item) => [...ofEvent(item, headings[method] ?? "Event"), ""]);
  if (items.length > maxEvents) lines.push(`[${items.length - maxEvents} more events]`);
  return lines;
}

function ofEvent(event: ICAL.Component, heading: string): string[] {
  const cancelled = text(event, "status").toUpperCase() === "CANCELLED";
  const people = event.getAllProperties("attendee");
  const description = text(event, "description").trim();
  return [
    `**${cancelled ? "Cancelled" : heading}: ${text(event, "summary") || "(no title)"}**`,
    `When: ${when(event)}`,
    ...named("Repeats", recurrence(event)),
    ...named("Where", text(event, "location")),
    ...named("Organizer", event.getAllProperties("organizer").slice(0, 1).map(person).join("")),
    ...named(
      "Attendees",
      people.slice(0, maxPeople).map(person).join(", ") +
        (people.length > maxPeople ? `, and ${people.length - maxPeople} more` : ""),
    ),
    ...named("Link", text(event, "url")),
    ...(description ? ["", description] : []),
  ];
}

const named = (name: string, value: string) =>
  value.trim() ? [`${name}: ${value.replace(/\s+/g, " ").trim()}`] : [];

function text(component: ICAL.Component, name: string): string {
  const value: unknown = component.getFirstPropertyValue(name);
  return value === null || value === undefined ? "" : String(value);
}

function person(property: ICAL.Property): string {
  const address = String(property.getFirstValue() ?? "").replace(/^mailto:/i, "");
  const name = String(property.getFirstParameter("cn") ?? "").trim();
  const answer = answers[String(property.getFirstParameter("partstat") ?? "").toUpperCase()];
  return `${name && name !== address ? `${name} <${address}>` : address}${answer ? ` (${answer})` : ""}`;
}

function when(event: ICAL.Component): string {
  const start = event.getFirstProperty("dtstart");
  const begins = time(start);
  if (!begins) return "no time given";
  const end = event.getFirstProperty("dtend") ?? event.getFirstProperty("due");
  const ends = time(end);
  const zone = start?.getFirstParameter("tzid");
  const duration = text(event, "duration");
  const until = ends
    ? ` to ${ends}`
    : duration
      ? ` for ${duration.replace(/^P/, "").replace("T", "").toLowerCase()}`
      : "";
  return `${begins}${until}${zone ? ` (${String(zone)})` : ""}`;
}

/** A day, or a time with its own offset; without one when the zone is not known. */
function time(property: ICAL.Property | null | undefined): string | undefined {
  const value: unknown = property?.getFirstValue();
  if (!(value instanceof ICAL.Time)) return undefined;
  const day = [String(value.year).padStart(4, "0"), two(value.month), two(value.day)].join("-");
  if (value.isDate) return `${day} (all day)`;
  const local = `${day}T${two(value.hour)}:${two(value.minute)}`;
  if (value.zone === ICAL.Timezone.utcTimezone) return `${local}Z`;
  if (value.zone === ICAL.Timezone.localTimezone) return local;
  const minutes = Math.round(value.utcOffset() / 60);
  return `${local}${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

const two = (part: number) => String(part).padStart(2, "0");

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

/** `2TU` -> second Tuesday (RFC 5545 section 3.3.10). */
function day(text: string): string {
  const [, place = "", name = ""] = /^([+-]?\d*)([A-Z]{2})$/.exec(text.trim().toUpperCase()) ?? [];
  const which = place === "" ? "" : `the ${places[place.replace("+", "")] ?? place} `;
  return days[name] ? `${which}${days[name]}` : text;
}

function recurrence(event: ICAL.Component): string {
  const rule = event.getFirstPropertyValue("rrule");
  if (!rule) return "";
  const parts = String(rule)
    .split(";")
    .map((part) => part.split("="));
  const value = (name: string) => parts.find(([key]) => key === name)?.[1];
  const frequency = (value("FREQ") ?? "").toLowerCase();
  const interval = Number(value("INTERVAL") ?? 1);
  return [
    interval > 1 ? `every ${interval} ${frequency.replace(/ly$/, "").replace("dai", "day")}s` : frequency,
    value("BYDAY") ? `on ${(value("BYDAY") ?? "").split(",").map(day).join(", ")}` : "",
    value("COUNT") ? `${value("COUNT")} times` : "",
    value("UNTIL")
      ? `until ${(value("UNTIL") ?? "").replace(/^(\d{4})-?(\d\d)-?(\d\d).*$/, "$1-$2-$3")}`
      : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}
