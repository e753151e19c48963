/** vCards (RFC 6350 and older) as a person reads them. Never throws. */
import ICAL from "ical.js";
import { toNewerCard } from "./contacts-old.ts";

const maxCards = 200;

const names: Record<string, string> = {
  fn: "Name",
  org: "Organisation",
  title: "Title",
  role: "Role",
  email: "Email",
  tel: "Telephone",
  adr: "Address",
  url: "Web",
  bday: "Birthday",
  note: "Note",
  nickname: "Nickname",
};

/** Lines of text; a card that cannot be read is given back as it is. */
export function contactsToLines(text: string): string[] {
  const cards = text.split(/^(?=BEGIN:VCARD\s*$)/im).filter((card) => /^BEGIN:VCARD/i.test(card));
  if (cards.length === 0) return text.split(/\r?\n/);
  const lines = cards.slice(0, maxCards).flatMap((card) => [...toLines(card), ""]);
  return cards.length > maxCards ? [...lines, `[${cards.length - maxCards} more contacts]`] : lines;
}

function toLines(card: string): string[] {
  try {
    const isOld = /^VERSION:2\.1\s*$/im.test(card);
    const parsed = ICAL.parse((isOld ? toNewerCard(card) : card).trim());
    return ofCard(new ICAL.Component(parsed as ConstructorParameters<typeof ICAL.Component>[0]));
  } catch {
    return card.split(/\r?\n/);
  }
}

function ofCard(card: ICAL.Component): string[] {
  return card.getAllProperties().flatMap((property) => {
    const name = names[property.name];
    if (!name) return [];
    const kind = property.getFirstParameter("type");
    const value = property
      .getValues()
      .flat(2)
      .map(String)
      .filter((part) => part.trim() !== "")
      .join(", ")
      .replace(/\s+/g, " ");
    return value
      ? [`${name}${typeof kind === "string" && kind ? ` (${kind.toLowerCase()})` : ""}: ${value}`]
      : [];
  });
}
