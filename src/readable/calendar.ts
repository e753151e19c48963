/** Calendar parts (RFC 5545, RFC 5546) as a person reads them: what, when, where, who. Never throws. */
import ICAL from "ical.js";
import { htmlToMarkdown } from "../html/markdown.ts";
import { recurrence } from "./recurrence.ts";

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
  const description = toWords(text(event, "description").trim());
  return [
    `**${cancelled ? "Cancelled" : heading}: ${text(event, "summary") || "(no title)"}**`,
    `When: ${when(event)}`,
    ...named("One date of a series", time(event.getFirstProperty("recurrence-id")) ?? ""),
    ...named("Repeats", recurrence(event)),
    ...named("Not on", exceptions(event)),
    ...named("Where", text(event, "location")),
    ...named("Organizer", event.getAllProperties("organizer").slice(0, 1).map(person).join("")),
    ...named(
      "Attendees",
      people.slice(0, maxPeople).map(person).join(", ") +
        (people.length > maxPeople ? `, and ${people.length - maxPeople} more` : ""),
    ),
    ...event
      .getAllProperties("comment")
      .flatMap((comment) => named("Comment", String(comment.getFirstValue()))),
    ...named("Link", links.map((name) => text(event, name)).find((url) => url !== "") ?? ""),
    ...(description ? ["", description] : []),
  ];
}

/** Where the event is to be seen, else where it takes place. */
const links = ["url", "conference", "x-google-conference", "x-microsoft-skypeteamsmeetingurl"];

/** Google's calendar writes HTML, though the property is for plain text. */
function toWords(description: string): string {
  return /<(br|p|b|i|u|a|ul|ol|li|div|span|html-blob)\b[^<>]*>/i.test(description)
    ? htmlToMarkdown(description.replace(/\n/g, "<br>")).lines.join("\n").trim()
    : description;
}

const maxExceptions = 20;

function exceptions(event: ICAL.Component): string {
  const times = event
    .getAllProperties("exdate")
    .flatMap((property) => property.getValues().map((value) => ofTime(value)));
  const more = times.length > maxExceptions ? [`and ${times.length - maxExceptions} more dates`] : [];
  return [...times.slice(0, maxExceptions), ...more].filter((date) => date !== undefined).join(", ");
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
  const isWholeDay = !begins.includes("T");
  const end = event.getFirstProperty("dtend") ?? event.getFirstProperty("due");
  const ends = time(end, "last");
  const zone = start?.getFirstParameter("tzid");
  const duration = text(event, "duration");
  const until =
    ends && !(isWholeDay && ends <= begins)
      ? ` to ${ends}`
      : duration
        ? ` for ${duration.replace(/^P/, "").replace("T", "").toLowerCase()}`
        : "";
  return `${begins}${until}${isWholeDay ? " (all day)" : ""}${zone ? ` (${String(zone)})` : ""}`;
}

/**
 * A day, or a time with its own offset; without one when the zone is not known. The end of whole days is the day
 * after the last one (RFC 5545 section 3.6.1): `last` gives that one.
 */
function time(property: ICAL.Property | null | undefined, end?: "last"): string | undefined {
  return ofTime(property?.getFirstValue(), end);
}

function ofTime(value: unknown, end?: "last"): string | undefined {
  if (!(value instanceof ICAL.Time)) return undefined;
  const shown = value.clone();
  if (shown.isDate && end === "last") shown.adjust(-1, 0, 0, 0);
  const day = [String(shown.year).padStart(4, "0"), two(shown.month), two(shown.day)].join("-");
  if (shown.isDate) return day;
  const local = `${day}T${two(shown.hour)}:${two(shown.minute)}`;
  if (shown.zone === ICAL.Timezone.utcTimezone) return `${local}Z`;
  if (shown.zone === ICAL.Timezone.localTimezone) return local;
  const minutes = Math.round(shown.utcOffset() / 60);
  return `${local}${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

const two = (part: number) => String(part).padStart(2, "0");
