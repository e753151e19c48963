/** An inbox as people have it, for the tests of everyday jobs: 2,000 emails of lists, people and machines. */
import type { Delivery } from "./mailbox-access.ts";

const dayMs = 86_400_000;

const lists = [
  "Morning Brief",
  "The Weekly Climb",
  "Deals by Harbor",
  "City Library News",
  "Quantum Gazette",
  "Nordic Recipes",
  "Garden Almanac",
  "Startup Ledger",
  "Museum Friends",
  "Trail Running Monthly",
  "Code and Coffee",
  "Local Theater",
];

const slug = (name: string) => name.toLowerCase().replaceAll(" ", "-");

type InboxEmail = { raw: string } & Delivery;

function toEmail(from: string, subject: string, headers: string, ageDays: number, now: number): InboxEmail {
  const date = new Date(now - ageDays * dayMs);
  const id = `${slug(subject).replace(/[^a-z0-9-]/g, "")}-${ageDays}@example.test`;
  return {
    raw: `From: ${from}\nTo: ann@example.test\nSubject: ${subject}\nDate: ${date.toUTCString().replace("GMT", "+0000")}\nMessage-ID: <${id}>\n${headers}\n${subject}: all of it is in here.\n`,
    date,
    flags: ageDays > 20 ? ["\\Seen"] : [],
  };
}

/**
 * Emails in the order of their arrival: `perList` old newsletters of each of 12 lists and 3 recent ones, and
 * `personal` emails of 40 people, one a day and person.
 */
export function toInbox({
  perList,
  personal,
  now,
}: {
  perList: number;
  personal: number;
  now: number;
}): InboxEmail[] {
  const news = lists.flatMap((name) => {
    const headers = `List-Id: ${name} <${slug(name)}.lists.example.test>\nList-Unsubscribe: <https://lists.example.test/${slug(name)}>\n`;
    return Array.from({ length: perList + 3 }, (_, at) =>
      toEmail(
        `${name} <news@${slug(name)}.example.test>`,
        `${name} number ${at + 1}`,
        headers,
        at < perList ? 40 + at : 1 + at - perList,
        now,
      ),
    );
  });
  const people = Array.from({ length: personal }, (_, at) => {
    const person = `person${at % 40}`;
    return toEmail(
      `Person ${at % 40} <${person}@people.example.test>`,
      `Question ${at}`,
      "",
      2 + (at % 300),
      now,
    );
  });
  return [...news, ...people].sort((a, b) => Number(a.date) - Number(b.date));
}
