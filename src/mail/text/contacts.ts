/** vCards (RFC 6350 and older) as a person reads them. Never throws. */
import ICAL from "ical.js";

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

/** Lines of text; what is no vCard is given back as it is. */
export function contactsToLines(text: string): string[] {
  try {
    const parsed: unknown = ICAL.parse(text.trim());
    const list = Array.isArray(parsed) && Array.isArray(parsed[0]) ? parsed : [parsed];
    const cards = list.map(
      (card) => new ICAL.Component(card as ConstructorParameters<typeof ICAL.Component>[0]),
    );
    const lines = cards.slice(0, maxCards).flatMap((card) => [...ofCard(card), ""]);
    return cards.length > maxCards ? [...lines, `[${cards.length - maxCards} more contacts]`] : lines;
  } catch {
    return text.split(/\r?\n/);
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
