/** Documents in which a domain names its mail servers, as anyone may publish them. */
import fc from "fast-check";
import { shortTexts, texts } from "./text.ts";

const fields = fc.constantFrom("hostname", "port", "socketType", "username", "authentication", "restriction");
const values = fc.oneof(
  fc.constantFrom(
    "imap.%EMAILDOMAIN%",
    "127.0.0.1",
    "localhost",
    "993",
    "-1",
    "1e3",
    "SSL",
    "STARTTLS",
    "plain",
    "%EMAILADDRESS%",
    "%EMAILLOCALPART%",
  ),
  shortTexts,
);
const server = fc
  .tuple(
    fc.constantFrom("incomingServer", "outgoingServer", "incomingServer"),
    fc.constantFrom("imap", "smtp", "pop3", "__proto__"),
    fc.array(fc.tuple(fields, values), { maxLength: 6 }),
    fc.boolean(),
  )
  .map(([tag, type, all, closed]) => {
    const inside = all.map(([name, value]) => `<${name}>${value}</${name}>`).join("");
    return `<${tag} type="${type}">${inside}${closed ? `</${tag}>` : ""}`;
  });

export const autoconfigs: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(server, { maxLength: 5 })
      .map(
        (all) =>
          `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">${all.join("")}</emailProvider>`,
      ),
  },
  { weight: 1, arbitrary: texts },
  { weight: 1, arbitrary: fc.nat(40_000).map((times) => "<a>".repeat(times)) },
);
