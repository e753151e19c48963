/** Plans of the strings in an answer, made once of its schema: walking a schema beside every answer costs more than cleaning. */
import { z } from "zod";

/** The kind of a string: one line from mail, longer text from mail, or a sentence of ours. */
type StringKind = "line" | "text" | "words";

export type Plan = {
  /** The kind of a string at this position; "own" for a value of an enumeration, which holds nothing foreign. */
  kind: StringKind | "own";
  /** The plan of an array's elements. */
  element?: Plan;
  fields?: ReadonlyMap<string, Plan>;
  /** The plan of fields that `fields` does not name. */
  others?: Plan;
  /** False when no string at or below this position can be "text". */
  holdsText: boolean;
};

/** For values that no schema describes: all their strings are words. */
const undescribed: Plan = { kind: "words", holdsText: false };

/** Plans the strings of a schema. `kindOf`: the kind that a string schema is registered with. */
export function planStrings(type: unknown, kindOf: (type: z.ZodString) => "line" | "text" | undefined): Plan {
  if (type instanceof z.ZodOptional || type instanceof z.ZodNullable || type instanceof z.ZodDefault)
    return planStrings(type.unwrap(), kindOf);
  if (type instanceof z.ZodString) {
    const kind = kindOf(type) ?? "words";
    return { kind, holdsText: kind === "text" };
  }
  if (type instanceof z.ZodEnum) return { kind: "own", holdsText: false };
  if (type instanceof z.ZodArray) {
    const element = planStrings(type.element, kindOf);
    return { kind: "words", element, holdsText: element.holdsText };
  }
  if (type instanceof z.ZodRecord) {
    const others = planStrings(type.valueType, kindOf);
    return { kind: "words", others, holdsText: others.holdsText };
  }
  if (!(type instanceof z.ZodObject)) return undescribed;
  const shape: Record<string, unknown> = type.shape;
  const fields = new Map(Object.entries(shape).map(([name, field]) => [name, planStrings(field, kindOf)]));
  return { kind: "words", fields, holdsText: [...fields.values()].some(({ holdsText }) => holdsText) };
}

/** Copies a value with every string replaced, but for those of enumerations. */
export function mapStrings(
  plan: Plan,
  value: unknown,
  replace: (text: string, kind: StringKind) => string,
): unknown {
  if (typeof value === "string") return plan.kind === "own" ? value : replace(value, plan.kind);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const element = plan.element ?? undescribed;
    return value.map((item) => mapStrings(element, item, replace));
  }
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const replaced = mapStrings(plan.fields?.get(name) ?? plan.others ?? undescribed, item, replace);
    // A plain assignment would set the prototype.
    if (name === "__proto__") Object.defineProperty(copy, name, { value: replaced, enumerable: true });
    else copy[name] = replaced;
  }
  return copy;
}

/** Replaces the strings that are "text". Values without any are the same in the result and not copied. */
export function mapTexts(plan: Plan, value: unknown, replace: (text: string) => string): unknown {
  if (!plan.holdsText || value === undefined || value === null) return value;
  if (typeof value === "string") return plan.kind === "text" ? replace(value) : value;
  if (Array.isArray(value)) {
    const { element } = plan;
    return element ? value.map((item) => mapTexts(element, item, replace)) : value;
  }
  if (typeof value !== "object") return value;
  const copy: Record<string, unknown> = { ...value };
  for (const [name, item] of Object.entries(copy)) {
    const field = plan.fields?.get(name) ?? plan.others;
    if (field?.holdsText) copy[name] = mapTexts(field, item, replace);
  }
  return copy;
}
