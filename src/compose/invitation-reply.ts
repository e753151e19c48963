/** The answer to an invitation as a calendar: METHOD:REPLY (RFC 5546 section 3.2.3), by ical.js. */
import ICAL from "ical.js";
import type { Address } from "../email/address.ts";
import { AppError } from "../errors.ts";
import { toBareAddress, toDisplayName } from "./recipients.ts";
import { withoutTag } from "./reply.ts";

export type InvitationAnswer = "accept" | "tentative" | "decline";

/** `own`: the person's addresses. `now`: milliseconds since the epoch. */
export type InvitationRequest = {
  calendar: string;
  own: readonly string[];
  answer: InvitationAnswer;
  comment?: string | undefined;
  now: number;
};

export type InvitationReply = {
  organizer: Address;
  /** The invited address of the person, as the invitation has it. */
  attendee: string;
  summary: string;
  /** The calendar with CRLF line ends. */
  calendar: string;
};

const states: Readonly<Record<InvitationAnswer, string>> = {
  accept: "ACCEPTED",
  tentative: "TENTATIVE",
  decline: "DECLINED",
};

/** More components than a series has dates that were changed one by one. */
const maxEvents = 50;

/**
 * Answers the invitation of a calendar for the one invited address that is the person's. Throws invalid_input for a
 * calendar that is no invitation, names no organizer, or invites none of the person's addresses.
 */
export function replyToInvitation(request: InvitationRequest): InvitationReply {
  const invitation = requireInvitation(request.calendar);
  const events = invitation.getAllSubcomponents("vevent").slice(0, maxEvents);
  const invited = events.flatMap((event) => {
    const attendee = findOwnAttendee(event, request.own);
    return attendee ? [{ event, attendee }] : [];
  });
  const [first] = invited;
  if (!first) {
    const others = new Set(events.flatMap((event) => event.getAllProperties("attendee").map(addressOf)));
    throw new AppError("invalid_input", "This invitation invites none of the person's own addresses.", {
      hint: `It invites ${[...others].filter(Boolean).slice(0, 5).join(", ") || "nobody by name"}. Nothing was sent.`,
    });
  }
  const organizer = requireOrganizer(first.event);
  const reply = new ICAL.Component("vcalendar");
  reply.addPropertyWithValue("prodid", "-//email-connector//EN");
  reply.addPropertyWithValue("version", "2.0");
  reply.addPropertyWithValue("method", "REPLY");
  const replied = invited.map(({ event, attendee }) => toReplyEvent(event, attendee, request));
  for (const component of [...usedZones(invitation, replied), ...replied]) reply.addSubcomponent(component);
  return {
    organizer,
    attendee: addressOf(first.attendee),
    summary: String(first.event.getFirstPropertyValue("summary") ?? "")
      .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
      .trim()
      .slice(0, 200),
    calendar: `${reply.toString().replace(/\r?\n/g, "\r\n").trimEnd()}\r\n`,
  };
}

/** Throws invalid_input. */
function requireInvitation(text: string): ICAL.Component {
  const noInvitation = new AppError("invalid_input", "This email holds no invitation that can be answered.", {
    hint: "get_email shows what it holds.",
  });
  try {
    const parsed: unknown = ICAL.parse(text.trim());
    const [first]: unknown[] = Array.isArray(parsed) ? parsed : [];
    const calendar = new ICAL.Component((Array.isArray(first) ? first : parsed) as never);
    const method = String(calendar.getFirstPropertyValue("method") ?? "").toUpperCase();
    if (method === "REQUEST" && calendar.getFirstSubcomponent("vevent")) return calendar;
  } catch {
    throw noInvitation;
  }
  throw noInvitation;
}

/** Throws invalid_input. */
function requireOrganizer(event: ICAL.Component): Address {
  const property = event.getFirstProperty("organizer");
  const address = property ? toBareAddress(addressOf(property)) : undefined;
  if (!property || !address)
    throw new AppError("invalid_input", "The invitation names no organizer to answer to.");
  const name = toDisplayName(String(property.getFirstParameter("cn") ?? ""));
  return name ? { name, address } : { address };
}

const addressOf = (property: ICAL.Property) =>
  String(property.getFirstValue() ?? "")
    .replace(/^mailto:/i, "")
    .trim();

/** The attendee that is one of these addresses, exactly rather than apart from a +tag. */
function findOwnAttendee(event: ICAL.Component, own: readonly string[]): ICAL.Property | undefined {
  const attendees = event.getAllProperties("attendee");
  const exact = new Set(own.map((address) => address.toLowerCase()));
  const bare = new Set(own.map(withoutTag));
  return (
    attendees.find((one) => exact.has(addressOf(one).toLowerCase())) ??
    attendees.find((one) => bare.has(withoutTag(addressOf(one))))
  );
}

/** Properties that identify the event, and those by which a person recognizes it. */
const copied = ["uid", "sequence", "recurrence-id", "organizer", "dtstart", "dtend", "duration", "summary"];
/** Parameters of our attendee that belong into an answer; RSVP and scheduling ones do not. */
const kept = ["cn", "cutype", "role", "member", "dir", "language"];

function toReplyEvent(
  event: ICAL.Component,
  attendee: ICAL.Property,
  { answer, comment, now }: InvitationRequest,
): ICAL.Component {
  const reply = new ICAL.Component("vevent");
  for (const name of copied) {
    const property = event.getFirstProperty(name);
    if (property) reply.addProperty(new ICAL.Property(structuredClone(property.toJSON())));
  }
  reply.addPropertyWithValue("dtstamp", ICAL.Time.fromJSDate(new Date(now), true));
  const own = new ICAL.Property("attendee");
  own.setValue(`mailto:${addressOf(attendee)}`);
  for (const name of kept) {
    const value = attendee.getFirstParameter(name);
    if (value) own.setParameter(name, value);
  }
  own.setParameter("partstat", states[answer]);
  reply.addProperty(own);
  if (comment) reply.addPropertyWithValue("comment", comment);
  return reply;
}

/** The definitions of the time zones that the answer names (RFC 5545 section 3.2.19). */
function usedZones(invitation: ICAL.Component, events: readonly ICAL.Component[]): ICAL.Component[] {
  const names = new Set(
    events.flatMap((event) =>
      event.getAllProperties().map((one) => String(one.getFirstParameter("tzid") ?? "")),
    ),
  );
  return invitation
    .getAllSubcomponents("vtimezone")
    .filter((zone) => names.has(String(zone.getFirstPropertyValue("tzid") ?? "")))
    .map((zone) => new ICAL.Component(structuredClone(zone.toJSON())));
}
