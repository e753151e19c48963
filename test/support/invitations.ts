/** Invitations as other organizers' programs write them, for ann@example.test. */

type Invitation = { program: string; calendar: string; organizer: string };

const zone = `BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
`;

export const invitations: readonly Invitation[] = [
  {
    program: "Google Calendar",
    organizer: "ben@corp.test",
    calendar: `BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VEVENT
DTSTART:20261201T090000Z
DTEND:20261201T100000Z
DTSTAMP:20261120T101500Z
ORGANIZER;CN=Ben Böhm:mailto:ben@corp.test
UID:5k2m9p@google.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE
 ;CN=Ben Böhm;X-NUM-GUESTS=0:mailto:ben@corp.test
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=
 TRUE;CN=ann@example.test;X-NUM-GUESTS=0:mailto:ann@example.test
CREATED:20261120T101400Z
DESCRIPTION:-::~:~::~
LAST-MODIFIED:20261120T101400Z
SEQUENCE:0
STATUS:CONFIRMED
SUMMARY:Quarterly review
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
`,
  },
  {
    program: "Outlook",
    organizer: "Ben.Boehm@corp.test",
    calendar: `BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
${zone}BEGIN:VEVENT
ORGANIZER;CN=Ben Boehm:mailto:Ben.Boehm@corp.test
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Ann Lee:mai
 lto:Ann@example.test
DESCRIPTION;LANGUAGE=en-US:See you there\\n
UID:040000008200E00074C5B7101A82E00800000000A0
SUMMARY;LANGUAGE=en-US:Budget
DTSTART;TZID=Europe/Berlin:20261201T090000
DTEND;TZID=Europe/Berlin:20261201T093000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20261120T101500Z
SEQUENCE:2
STATUS:CONFIRMED
X-MICROSOFT-CDO-APPT-SEQUENCE:2
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
`,
  },
  {
    program: "Apple Calendar",
    organizer: "ben@icloud.test",
    calendar: `BEGIN:VCALENDAR
CALSCALE:GREGORIAN
PRODID:-//Apple Inc.//macOS 15.1//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
ATTENDEE;CN="Ann, Lee";CUTYPE=INDIVIDUAL;EMAIL="ann@example.test";PARTSTAT=
 NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:ann@example.test
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20261225
DTSTAMP:20261120T101500Z
ORGANIZER;CN="Ben";EMAIL="ben@icloud.test":mailto:ben@icloud.test
SEQUENCE:1
SUMMARY:Dinner
UID:6D1F0C1E-1B1B-4D7B
END:VEVENT
END:VCALENDAR
`,
  },
  {
    program: "Nextcloud, one date of a series",
    organizer: "ben@cloud.test",
    calendar: `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//IDN nextcloud.com//Calendar app 5.0//EN
METHOD:REQUEST
${zone}BEGIN:VEVENT
UID:9f1c-nextcloud
DTSTAMP:20261120T101500Z
RECURRENCE-ID;TZID=Europe/Berlin:20261208T090000
DTSTART;TZID=Europe/Berlin:20261208T110000
DTEND;TZID=Europe/Berlin:20261208T120000
SEQUENCE:3
SUMMARY:Standup
ORGANIZER;CN=Ben:mailto:ben@cloud.test
ATTENDEE;CN=ann@example.test;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=R
 EQ-PARTICIPANT;RSVP=TRUE;LANGUAGE=en:mailto:ann@example.test
END:VEVENT
END:VCALENDAR
`,
  },
  {
    program: "Zimbra",
    organizer: "ben@zimbra.test",
    calendar: `BEGIN:VCALENDAR
PRODID:Zimbra-Calendar-Provider
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:7a6e3b6a-zimbra
SUMMARY:Handover
ATTENDEE;CN=Ann Lee;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:ma
 ilto:ann@example.test
ATTENDEE;CN=Cleo;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailt
 o:cleo@zimbra.test
ORGANIZER;CN=Ben:mailto:ben@zimbra.test
DTSTART:20261202T130000Z
DURATION:PT1H
STATUS:CONFIRMED
DTSTAMP:20261120T101500Z
SEQUENCE:0
END:VEVENT
END:VCALENDAR
`,
  },
];

/** An email with an invitation, as calendars send it. */
export function toInvitationEmail(
  calendar: string,
  { from, more = "" }: { from: string; more?: string },
): string {
  return `${more}From: ${from}\nTo: ann@example.test\nSubject: Invitation\nMessage-ID: <invitation@corp.test>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="alt"\n\n--alt\nContent-Type: text/plain; charset=utf-8\n\nYou are invited.\n--alt\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\nContent-Transfer-Encoding: 8bit\n\n${calendar}\n--alt--\n`;
}
