/** The forms of the values of settings: what zod has no word for. */
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";

export const webOrigin = (text: string) => {
  try {
    const url = new URL(text);
    return (url.protocol === "https:" || url.protocol === "http:") && url.origin === text;
  } catch {
    return false;
  }
};

/** Describes the origin that was meant: paths, capital letters and default ports are not part of an origin. */
export const describeExpectedOrigin = (text: string) => {
  const origin = URL.canParse(text) ? new URL(text).origin : "null";
  return origin === "null"
    ? "an origin such as https://mail.example.org, without a path"
    : `an origin and nothing else: ${origin}`;
};

/** Splits a comma-separated list. */
export const toEntries = (text: string): string[] =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");

/** A comma-separated list. Each entry must pass `isValid`; otherwise the error is `problem`. */
export const listOf = (isValid: (entry: string) => boolean, problem: string) =>
  z
    .string()
    .default("")
    .transform(toEntries)
    .refine((entries) => entries.every(isValid), problem);

export const isAddressOrDomain = (text: string) => /^[^\s@]*@[^\s@.]+(?:\.[^\s@.]+)+$/.test(text);

/** An address, or a URI of a kind that RFC 9116 section 2.5.3 names. */
export const isContact = (text: string) =>
  isMailAddress(text) || (/^(https:|mailto:|tel:)\S+$/.test(text) && URL.canParse(text));
export const isMailAddress = (text: string) => /^[^\s@:/]+@[^\s@:/.]+(?:\.[^\s@:/.]+)+$/.test(text);

export const isKeyRing = (text: string) =>
  text
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .every((entry) => /^[0-9a-f]{64}$/i.test(entry) || Buffer.from(entry, "base64").length === 32);

export const seconds = (fallback: number, max: number) =>
  z.coerce
    .number("must be a whole number of seconds")
    .int("must be a whole number of seconds")
    .min(1, "must be at least 1")
    .max(max, `must be at most ${max}`)
    .default(fallback);

export const wholeNumber = (max: number) =>
  z.coerce
    .number("must be a whole number")
    .int("must be a whole number")
    .min(1, "must be at least 1")
    .max(max, `must be at most ${max}`);

export const amount = (fallback: number, max: number) => wholeNumber(max).default(fallback);

export const port = z.coerce
  .number("must be a port, 0 to 65535")
  .int("must be a port, 0 to 65535")
  .min(0, "must be a port, 0 to 65535")
  .max(65535, "must be a port, 0 to 65535");

export const loopback = (text: string) =>
  ["localhost", "127.0.0.1", "[::1]"].includes(new URL(text).hostname);

/**
 * Accepts absolute URIs without a fragment (RFC 6749 section 3.1.2). Private-use schemes of native apps are allowed
 * (RFC 8252 section 7.1), schemes that a browser executes are not.
 */
export const redirectUri = (text: string) => {
  if (!URL.canParse(text) || text.includes("#")) return false;
  const { protocol } = new URL(text);
  if (protocol === "http:") return loopback(text);
  return !["javascript:", "data:", "file:", "blob:", "about:", "vbscript:"].includes(protocol);
};

/** Shorter names have near neighbors among the variables of every system: HOST and HOME. */
const minComparedLength = 8;

/**
 * Finds variables of the environment that look like a setting: `misspelled` ones are at most two letters away from a
 * known name, `unknown` ones begin like known ones (`ACME_…`). Variables of other programs are in neither.
 */
export function findUnknownSettings(
  names: readonly string[],
  known: readonly string[],
): { misspelled: { name: string; nearest: string }[]; unknown: string[] } {
  // A word that several programs use is no prefix of ours.
  const common = ["DATA", "LOG", "HTTP", "HTTPS", "GOOGLE", "MICROSOFT", "SESSION", "PUBLIC", "ACCESS"];
  const prefixes = new Set(
    known
      .filter((name) => name.includes("_"))
      .map((name) => name.split("_", 1)[0] ?? "")
      .filter((word) => !common.includes(word)),
  );
  const strangers = names.filter((name) => !known.includes(name));
  const near = (name: string) => {
    if (name.length < minComparedLength) return undefined;
    const nearest = closest(name.toUpperCase(), [...known]);
    return distance(name.toUpperCase(), nearest) <= 2 ? nearest : undefined;
  };
  const compared = strangers.map((name) => ({ name, nearest: near(name) }));
  return {
    misspelled: compared.flatMap(({ name, nearest }) => (nearest === undefined ? [] : [{ name, nearest }])),
    unknown: compared.flatMap(({ name, nearest }) => {
      const isLikeOurs = name.includes("_") && prefixes.has(name.split("_", 1)[0] ?? "");
      return nearest === undefined && isLikeOurs ? [name] : [];
    }),
  };
}

export const databaseUrl = z.url({
  protocol: /^postgres(?:ql)?$/,
  error: "must be postgres://user:password@host:port/database",
});

/** The operator's client at an issuer. */
export type ClientRegistration = Readonly<{ clientId: string; clientSecret: string }>;

/** Joins a client id and secret; undefined without both. */
export function toRegistration<T extends object>(
  clientId: string | undefined,
  clientSecret: string | undefined,
  more: T,
): (ClientRegistration & T) | undefined {
  return clientId !== undefined && clientSecret !== undefined
    ? { clientId, clientSecret, ...more }
    : undefined;
}

/** Returns each setting of a schema with its description and its default. */
export function describeShape(
  shape: z.ZodRawShape,
): { name: string; description: string; fallback: string | undefined }[] {
  return Object.entries(shape).map(([name, schema]) => {
    const fallback = z.safeParse(schema, undefined);
    const value = fallback.success && !Array.isArray(fallback.data) ? fallback.data : undefined;
    return {
      name,
      description: z.globalRegistry.get(schema)?.description ?? "",
      fallback: value === undefined ? undefined : String(value),
    };
  });
}

export const onOff = (fallback: "on" | "off") => z.enum(["on", "off"], "must be on or off").default(fallback);
