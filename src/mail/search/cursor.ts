/** Cursors: where a list goes on, as an opaque string. Keyed on emails, never on offsets, so that mail may arrive. */
import { z } from "zod";
import { AppError } from "../../errors.ts";

/** What was asked, so that a cursor cannot be used for another question. */
const asked = z.string();

/** After which email one mailbox goes on. */
const position = z.object({
  mailbox: z.string(),
  validity: z.string().regex(/^\d+$/),
  uid: z.number().int().positive(),
  /** INTERNALDATE of that email, milliseconds: finds the place when the email itself is gone. */
  receivedAt: z.number(),
});

const cursors = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("list"), asked, at: position }),
  z.object({
    kind: z.literal("search"),
    asked,
    /** The last email shown, whichever mailbox it was in: everything that comes after it is still to come. */
    last: z.object({ uid: z.number().int().positive(), receivedAt: z.number() }),
    /** The last email shown of some mailboxes, which is found faster than a date. */
    at: z.array(position),
  }),
]);

export type Position = z.output<typeof position>;
export type Cursor = z.output<typeof cursors>;

export function toCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor), "utf8").toString("base64url");
}

/** The cursor again. Throws cursor_expired for anything else than a cursor to the same question. */
export function fromCursor<Kind extends Cursor["kind"]>(
  text: string,
  kind: Kind,
  question: string,
): Extract<Cursor, { kind: Kind }> {
  const parsed = cursors.safeParse(toJson(Buffer.from(text, "base64url").toString("utf8")));
  if (!parsed.success || parsed.data.kind !== kind)
    throw new AppError("cursor_expired", "This is not a cursor of this tool.");
  if (parsed.data.asked !== question)
    throw new AppError("cursor_expired", "The cursor belongs to another question.", {
      hint: "Repeat the same arguments with the cursor, or start again without it.",
    });
  return parsed.data as Extract<Cursor, { kind: Kind }>;
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
