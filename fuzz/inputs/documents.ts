/** Attachments: office files built of random XML, RTF and PDF of random commands, and mutated files of every format. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { strToU8, unzipSync, zipSync } from "fflate";
import { packRtf, winmail } from "../../test/fixtures/make/tnef.ts";
import {
  archive,
  docx,
  docxOf,
  drawnPdf,
  odt,
  openDocument,
  pdf,
  pptx,
  xlsx,
  xlsxOf,
} from "../../test/support/documents.ts";
import { outlookMessage, pptText, presentation } from "../../test/support/legacy-files.ts";
import { mutate, mutated, mutations } from "./bytes.ts";
import { shortTexts } from "./text.ts";

export type Attached = { type: string; bytes: Uint8Array };

const folder = join(import.meta.dir, "../../test/fixtures/documents");
const legacy = readdirSync(folder)
  .sort()
  .map((name) => new Uint8Array(readFileSync(join(folder, name))));
const builtPdf = pdf(["One page", "Another"]);
const zips = [docx(), xlsx(), pptx(), odt(), archive()].map((bytes) => new Uint8Array(bytes));
const whole = [
  ...legacy,
  ...zips,
  builtPdf,
  outlookMessage({ 55: "subject", 4096: "body" }),
  presentation([{ id: 1, records: [pptText("words")] }]),
];

const escapeXml = (text: string) => text.replace(/[<&]/g, (one) => (one === "<" ? "&lt;" : "&amp;"));

/** Elements of these names, nested at random, with attributes of these names. */
function xmlOf(elements: string, attributes: string): fc.Arbitrary<string> {
  const names = fc.constantFrom(...elements.split(" "));
  const attribute = fc.tuple(
    fc.constantFrom(...attributes.split(" ")),
    fc.oneof(
      shortTexts,
      fc.constantFrom("1", "0", "-1", "99999999", "rId1", "A1", "XFD1048576", "s", "true", "50"),
    ),
  );
  const { content } = fc.letrec<{ content: string; element: string }>((tie) => ({
    content: fc
      .array(fc.oneof({ maxDepth: 6 }, shortTexts.map(escapeXml), tie("element")), { maxLength: 6 })
      .map((all) => all.join("")),
    element: fc
      .tuple(
        names,
        fc.array(attribute, { maxLength: 3 }),
        tie("content"),
        fc.constantFrom(true, true, true, true, false),
      )
      .map(([name, all, inside, closed]) => {
        const given = all
          .map(([key, value]) => ` ${key}="${escapeXml(value).replaceAll('"', "&quot;")}"`)
          .join("");
        return `<${name}${given}>${inside}${closed ? `</${name}>` : ""}`;
      }),
  }));
  return content;
}

const wordXml = xmlOf(
  "w:p w:r w:t w:pPr w:pStyle w:numPr w:numId w:ilvl w:tbl w:tr w:tc w:tcPr w:gridSpan w:vMerge w:del w:ins w:delText w:hyperlink w:sdt w:sdtContent w:txbxContent mc:AlternateContent mc:Fallback w:fldSimple w:instrText w:tab w:br w:footnoteReference w:vanish w:rPr w:b w:sym m:oMath m:t",
  "w:val r:id w:id w:fill w:instr w:char w:type",
);
const sheetXml = xmlOf("row c v f is t r", "r t s hidden ht ref");
const textXml = xmlOf(
  "text:p text:h text:span text:s text:a text:list text:list-item table:table table:table-row table:table-cell table:covered-table-cell text:note office:annotation draw:frame draw:text-box text:section text:line-break",
  "text:c text:outline-level xlink:href table:number-columns-repeated table:number-rows-repeated office:value office:value-type table:number-columns-spanned text:style-name",
);

/** A ZIP whose members are mutated before they are packed again. */
const innerMutated = fc.tuple(fc.nat(zips.length - 1), fc.nat(20), mutations).map(([index, which, all]) => {
  const members = unzipSync(zips[index] ?? new Uint8Array());
  const names = Object.keys(members);
  const name = names[which % names.length] ?? "";
  return zipSync({ ...members, [name]: new Uint8Array(mutate(members[name] ?? new Uint8Array(), all)) });
});

const rtf = fc
  .array(
    fc.oneof(
      fc
        .tuple(
          fc.constantFrom(
            ..."par pard b i ul v plain tab line cell row trowd cellx fonttbl f colortbl stylesheet pict bin uc u htmltag mhtmltag htmlrtf fromhtml field fldinst fldrslt ansicpg pntext listtext footnote object objdata info title * '".split(
              " ",
            ),
          ),
          fc.constantFrom("", "0", "1", "-1", "65001", "99999999", "932", "8364"),
        )
        .map(([word, parameter]) => `\\${word}${parameter} `),
      fc.constantFrom("{", "}", "{\\*", "\\'e4", "\\'", "\\~", "\n"),
      shortTexts,
    ),
    { maxLength: 60 },
  )
  .map((pieces) => `{\\rtf1\\ansi ${pieces.join("")}`);

const drawing = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."BT ET Tj TJ Tf Td TD Tm T* q Q cm re f S Do BI ID EI gs sh Tr W n BDC EMC '".split(" "),
      ),
      fc.constantFrom(
        "/F1",
        "12",
        "0",
        "-1",
        "1e99",
        "(text)",
        "<0041>",
        "[(a) -200 (b)]",
        "<< /A 1 >>",
        "/X0",
        "true",
        "null",
      ),
      shortTexts.map((text) => `(${text})`),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(" "));

const winmails = fc
  .record({ subject: shortTexts, body: shortTexts, html: shortTexts, rtf, name: shortTexts })
  .map(
    ({ name, ...fields }) =>
      new Uint8Array(
        winmail({ ...fields, rtf: packRtf(fields.rtf), files: [{ name, content: Buffer.from("x") }] }),
      ),
  );

const bytesOf = (type: string, bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Attached> =>
  bytes.map((one) => ({ type, bytes: new Uint8Array(one) }));
const openXml = "application/vnd.openxmlformats-officedocument";

export const documents: fc.Arbitrary<Attached> = fc.oneof(
  { weight: 3, arbitrary: bytesOf("application/octet-stream; name=a.bin", mutated(whole)) },
  { weight: 3, arbitrary: bytesOf("application/zip; name=a.zip", innerMutated) },
  {
    weight: 2,
    arbitrary: bytesOf(
      `${openXml}.wordprocessingml.document; name=a.docx`,
      wordXml.map((xml) => docxOf(xml)),
    ),
  },
  {
    weight: 2,
    arbitrary: bytesOf(
      `${openXml}.spreadsheetml.sheet; name=a.xlsx`,
      fc
        .tuple(sheetXml, shortTexts)
        .map(([xml, format]) => xlsxOf(xml, { formats: [escapeXml(format), "General"] })),
    ),
  },
  {
    weight: 1,
    arbitrary: bytesOf(
      "application/vnd.oasis.opendocument.text; name=a.odt",
      fc
        .tuple(fc.constantFrom("text", "spreadsheet", "presentation"), textXml)
        .map(([kind, xml]) => openDocument(kind, xml)),
    ),
  },
  {
    weight: 2,
    arbitrary: bytesOf(
      "application/rtf; name=a.rtf",
      rtf.map((text) => strToU8(text, true)),
    ),
  },
  {
    weight: 2,
    arbitrary: bytesOf(
      "application/pdf; name=a.pdf",
      drawing.map((one) => drawnPdf([one])),
    ),
  },
  { weight: 1, arbitrary: bytesOf("application/pdf; name=a.pdf", mutated([builtPdf])) },
  { weight: 2, arbitrary: bytesOf("application/ms-tnef; name=winmail.dat", winmails) },
  {
    weight: 1,
    arbitrary: bytesOf(
      "application/ms-tnef; name=winmail.dat",
      fc.tuple(winmails, mutations).map(([one, all]) => mutate(one, all)),
    ),
  },
);
