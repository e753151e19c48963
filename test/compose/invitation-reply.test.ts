/** Answers to invitations of other programs, as RFC 5546 asks for them. */
import { expect, test } from "bun:test";
import { type InvitationAnswer, replyToInvitation } from "../../src/compose/invitation-reply.ts";
import { AppError } from "../../src/errors.ts";
import { calendarToLines } from "../../src/readable/calendar.ts";
import { invitations } from "../support/invitations.ts";

const now = Date.UTC(2026, 10, 23, 9, 30, 5);
const answer = (calendar: string, value: InvitationAnswer = "accept", comment?: string) =>
  replyToInvitation({ calendar, own: ["ann@example.test"], answer: value, comment, now });

test.each(invitations.map((one) => [one.program, one] as const))(
  "RFC 5546 section 3.2.3: the answer to an invitation by %s is exactly this",
  (_, { calendar, organizer }) => {
    const reply = answer(calendar);
    expect(reply.organizer.address).toBe(organizer);
    expect(reply.calendar).toMatchSnapshot();
    const lines = reply.calendar.replace(/\r\n /g, "").split("\r\n");
    expect(lines.filter((line) => line.startsWith("ATTENDEE"))).toHaveLength(1);
    for (const once of ["METHOD:REPLY", "UID:", "DTSTAMP:20261123T093005Z", "ORGANIZER", "SEQUENCE:"])
      expect(lines.filter((line) => line.startsWith(once))).toHaveLength(1);
    expect(lines.find((line) => line.startsWith("ATTENDEE"))).toContain("PARTSTAT=ACCEPTED");
    expect(reply.calendar).not.toMatch(/RSVP|VALARM/);
    // A line has at most 75 octets (RFC 5545 section 3.1).
    for (const line of reply.calendar.split("\r\n")) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    // get_email shows the answer in Sent.
    expect(calendarToLines(reply.calendar).join("\n")).toContain("(accepted)");
  },
);

test("declines, accepts tentatively, and carries a comment that cannot end its line", () => {
  const [{ calendar = "" } = {}] = invitations;
  const unfolded = (value: InvitationAnswer, comment?: string) =>
    answer(calendar, value, comment).calendar.replace(/\r\n /g, "");
  expect(unfolded("decline")).toContain("PARTSTAT=DECLINED");
  const tentative = unfolded("tentative", "Late;\nATTENDEE:mailto:eve@evil.test");
  expect(tentative).toContain("PARTSTAT=TENTATIVE");
  expect(tentative.match(/^ATTENDEE/gm)).toHaveLength(1);
  expect(tentative).toContain("COMMENT:Late\\;\\nATTENDEE:mailto:eve@evil.test");
});

test.each([
  ["invites somebody else", (text: string) => text.replaceAll("ann@example.test", "eve@example.test")],
  ["is cancelled", (text: string) => text.replace("METHOD:REQUEST", "METHOD:CANCEL")],
  ["is published for everybody", (text: string) => text.replace("METHOD:REQUEST\n", "")],
  ["names no organizer", (text: string) => text.replace(/^ORGANIZER.*\n/m, "")],
  ["names an organizer who is no address", (text: string) => text.replace(/^ORGANIZER.*$/m, "ORGANIZER:x y")],
  ["is no calendar", () => "hello"],
])("an invitation that %s is not answered", (_, change) => {
  const [{ calendar = "" } = {}] = invitations;
  expect(() => answer(change(calendar))).toThrow(AppError);
});
