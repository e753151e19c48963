/** vCards (RFC 6350 and older versions) as text. Never throws. */
import ICAL from "ical.js";
import { toVcard30 } from "./vcard-21.ts";

const maxCards = 200;

const labels: Readonly<Record<string, string>> = {
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

/** Describes each card by lines of text; a card that cannot be parsed is returned as it is. */
export function vcardsToLines(text: string): string[] {
  const cards = text.split(/^(?=BEGIN:VCARD\s*$)/im).filter((card) => /^BEGIN:VCARD/i.test(card));
  if (cards.length === 0) return text.split(/\r?\n/);
  const lines = cards.slice(0, maxCards).flatMap((card) => [...cardToLines(card), ""]);
  return cards.length > maxCards ? [...lines, `[${cards.length - maxCards} more contacts]`] : lines;
}

function cardToLines(card: string): string[] {
  try {
    const isVersion21 = /^VERSION:2\.1\s*$/im.test(card);
    const parsed = ICAL.parse((isVersion21 ? toVcard30(card) : card).trim());
    return describeCard(new ICAL.Component(parsed as ConstructorParameters<typeof ICAL.Component>[0]));
  } catch {
    return card.split(/\r?\n/);
  }
}

function describeCard(card: ICAL.Component): string[] {
  const lines = card.getAllProperties().flatMap((property) => {
    const label = labels[property.name];
    if (!label) return [];
    const type = property.getFirstParameter("type");
    const value = property
      .getValues()
      .flat(2)
      .map(String)
      .filter((part) => part.trim() !== "")
      .join(", ")
      .replace(/\s+/g, " ");
    const kind = typeof type === "string" && type ? ` (${type.toLowerCase()})` : "";
    return value ? [`${label}${kind}: ${value}`] : [];
  });
  const name = lines.some((line) => line.startsWith(`${labels.fn}: `)) ? "" : composeName(card);
  return name ? [`${labels.fn}: ${name}`, ...lines] : lines;
}

/** Composes the name from the property N, whose order is family, given and further names, prefix, suffix. */
function composeName(card: ICAL.Component): string {
  const [family, given, additional, prefix, suffix] = card.getFirstProperty("n")?.getValues().flat(1) ?? [];
  return [prefix, given, additional, family, suffix]
    .flat()
    .map((part) => String(part ?? "").trim())
    .filter((part) => part !== "")
    .join(" ")
    .replace(/\s+/g, " ");
}
