/** Calendar parts (RFC 5545, RFC 5546) as text: title, time, place and people. Never throws. */
import ICAL from "ical.js";
import { htmlToMarkdown } from "../html/markdown.ts";
import { describeRecurrence } from "./recurrence.ts";

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

/** Describes each event by lines of text; a calendar that cannot be read by a line that says so. */
export function calendarToLines(text: string): string[] {
  try {
    const parsed: unknown = ICAL.parse(text.trim());
    if (!Array.isArray(parsed)) return unreadable;
    const calendars = Array.isArray(parsed[0]) ? parsed : [parsed];
    const lines = calendars.flatMap((calendar) => describeCalendar(new ICAL.Component(calendar)));
    return lines.length > 0 ? lines : ["[Calendar without events]"];
  } catch {
    return unreadable;
  }
}

const unreadable = ["[Calendar part that cannot be read]"];

function describeCalendar(calendar: ICAL.Component): string[] {
  const method = String(calendar.getFirstPropertyValue("method") ?? "PUBLISH").toUpperCase();
  const items = ["vevent", "vtodo"].flatMap((name) => calendar.getAllSubcomponents(name));
  const lines = items
    .slice(0, maxEvents)
    .flatMap((item) => [...describeEvent(item, headings[method] ?? "Event"), ""]);
  if (items.length > maxEvents) lines.push(`[${items.length - maxEvents} more events]`);
  return lines;
}

function describeEvent(event: ICAL.Component, heading: string): string[] {
  const cancelled = textValue(event, "status").toUpperCase() === "CANCELLED";
  const people = event.getAllProperties("attendee");
  const description = plainDescription(textValue(event, "description").trim());
  return [
    `**${cancelled ? "Cancelled" : heading}: ${textValue(event, "summary") || "(no title)"}**`,
    `When: ${describeTime(event)}`,
    ...field("One date of a series", timeOf(event.getFirstProperty("recurrence-id")) ?? ""),
    ...field("Repeats", describeRecurrence(event)),
    ...field("Not on", listExceptions(event)),
    ...field("Where", textValue(event, "location")),
    ...field("Organizer", event.getAllProperties("organizer").slice(0, 1).map(describePerson).join("")),
    ...field(
      "Attendees",
      people.slice(0, maxPeople).map(describePerson).join(", ") +
        (people.length > maxPeople ? `, and ${people.length - maxPeople} more` : ""),
    ),
    ...event
      .getAllProperties("comment")
      .flatMap((comment) => field("Comment", String(comment.getFirstValue()))),
    ...field("Link", linkProperties.map((name) => textValue(event, name)).find((url) => url !== "") ?? ""),
    ...(description ? ["", description] : []),
  ];
}

/** The page of the event, else the address of its video conference. */
const linkProperties = ["url", "conference", "x-google-conference", "x-microsoft-skypeteamsmeetingurl"];

/** Google Calendar writes HTML into this property, which is plain text (RFC 5545 section 3.8.1.5). */
function plainDescription(description: string): string {
  return /<(br|p|b|i|u|a|ul|ol|li|div|span|html-blob)\b[^<>]*>/i.test(description)
    ? htmlToMarkdown(description.replace(/\n/g, "<br>")).lines.join("\n").trim()
    : description;
}

const maxExceptions = 20;

function listExceptions(event: ICAL.Component): string {
  const times = event
    .getAllProperties("exdate")
    .flatMap((property) => property.getValues().map((value) => formatTime(value)));
  const more = times.length > maxExceptions ? [`and ${times.length - maxExceptions} more dates`] : [];
  return [...times.slice(0, maxExceptions), ...more].filter((date) => date !== undefined).join(", ");
}

const field = (name: string, value: string) =>
  value.trim() ? [`${name}: ${value.replace(/\s+/g, " ").trim()}`] : [];

function textValue(component: ICAL.Component, name: string): string {
  const value: unknown = component.getFirstPropertyValue(name);
  return value === null || value === undefined ? "" : String(value);
}

function describePerson(property: ICAL.Property): string {
  const address = String(property.getFirstValue() ?? "").replace(/^mailto:/i, "");
  const name = String(property.getFirstParameter("cn") ?? "").trim();
  const answer = answers[String(property.getFirstParameter("partstat") ?? "").toUpperCase()];
  return `${name && name !== address ? `${name} <${address}>` : address}${answer ? ` (${answer})` : ""}`;
}

function describeTime(event: ICAL.Component): string {
  const start = event.getFirstProperty("dtstart");
  const begins = timeOf(start);
  const due = timeOf(event.getFirstProperty("due"));
  if (!begins) return due ? `due ${due}` : "no time given";
  const isWholeDay = !begins.includes("T");
  const end = event.getFirstProperty("dtend") ?? event.getFirstProperty("due");
  const ends = timeOf(end, "last");
  const zone = start?.getFirstParameter("tzid");
  const duration = textValue(event, "duration");
  const until =
    ends && !(isWholeDay && ends <= begins)
      ? ` to ${ends}`
      : duration
        ? ` for ${duration.replace(/^P/, "").replace("T", "").toLowerCase()}`
        : "";
  return `${begins}${until}${isWholeDay ? " (all day)" : ""}${zone ? ` (${String(zone)})` : ""}`;
}

/**
 * A date, or a time with its UTC offset; without an offset when the zone is unknown. The end of an all-day event is
 * the day after the last one (RFC 5545 section 3.6.1): `last` returns the last day itself.
 */
function timeOf(property: ICAL.Property | null | undefined, end?: "last"): string | undefined {
  return formatTime(property?.getFirstValue(), end);
}

function formatTime(value: unknown, end?: "last"): string | undefined {
  if (!(value instanceof ICAL.Time)) return undefined;
  const shown = value.clone();
  if (shown.isDate && end === "last") shown.adjust(-1, 0, 0, 0);
  const day = [String(shown.year).padStart(4, "0"), twoDigits(shown.month), twoDigits(shown.day)].join("-");
  if (shown.isDate) return day;
  const local = `${day}T${twoDigits(shown.hour)}:${twoDigits(shown.minute)}`;
  if (shown.zone === ICAL.Timezone.utcTimezone) return `${local}Z`;
  if (shown.zone === ICAL.Timezone.localTimezone) return local;
  const minutes = Math.round(shown.utcOffset() / 60);
  return `${local}${minutes < 0 ? "-" : "+"}${twoDigits(Math.floor(Math.abs(minutes) / 60))}:${twoDigits(Math.abs(minutes) % 60)}`;
}

const twoDigits = (part: number) => String(part).padStart(2, "0");
