/** Calendars and contacts (RFC 5545, RFC 6350) with the rules of both broken now and then. */
import fc from "fast-check";
import { runs, shortTexts } from "./text.ts";

const values = fc.oneof(
  { weight: 3, arbitrary: shortTexts },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ..."20240506T101200Z 20240506 00000000T000000 99999999T999999Z PT1H -P1W P99999999D FREQ=DAILY;COUNT=3 FREQ=SECONDLY;INTERVAL=0 FREQ=YEARLY;BYDAY=53MO;UNTIL=1 FREQ=MONTHLY;BYMONTHDAY=-31;BYSETPOS=-1 mailto:a@b.test REQUEST CANCEL ACCEPTED 1 -1 1e9 +0100 Europe/Vienna".split(
        " ",
      ),
    ),
  },
  { weight: 1, arbitrary: runs },
);
const parameters = fc.constantFrom(
  "",
  "",
  ";TZID=Europe/Vienna",
  ";VALUE=DATE",
  ';CN="a;b"',
  ";ENCODING=QUOTED-PRINTABLE",
  ";X=",
  ";CHARSET=x",
);

const lines = (names: string) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...names.split(" ")),
        parameters,
        values,
        fc.constantFrom("\r\n", "\r\n", "\n", ""),
      ),
      {
        maxLength: 20,
      },
    )
    .map((all) => all.map(([name, more, value, end]) => `${name}${more}:${value}${end}`).join(""));

const event = lines(
  "SUMMARY DESCRIPTION LOCATION DTSTART DTEND DURATION RRULE RDATE EXDATE RECURRENCE-ID UID SEQUENCE STATUS ORGANIZER ATTENDEE URL BEGIN END TZID TZOFFSETFROM TZOFFSETTO CLASS",
);

export const calendars: fc.Arbitrary<string> = fc
  .tuple(
    lines("METHOD PRODID VERSION X-WR-CALNAME"),
    fc.array(
      fc.tuple(fc.constantFrom("VEVENT", "VTODO", "VTIMEZONE", "STANDARD", "VALARM", "VFREEBUSY"), event),
      { maxLength: 4 },
    ),
    fc.boolean(),
  )
  .map(([head, parts, closed]) => {
    const body = parts.map(([kind, content]) => `BEGIN:${kind}\r\n${content}\r\nEND:${kind}\r\n`).join("");
    return `BEGIN:VCALENDAR\r\n${head}\r\n${body}${closed ? "END:VCALENDAR\r\n" : ""}`;
  });

export const contacts: fc.Arbitrary<string> = fc
  .array(
    lines("FN N EMAIL TEL ADR ORG TITLE NOTE PHOTO BDAY URL item1.EMAIL item1.X-ABLabel VERSION BEGIN"),
    { maxLength: 3 },
  )
  .map((cards) => cards.map((card) => `BEGIN:VCARD\r\n${card}\r\nEND:VCARD\r\n`).join(""));
