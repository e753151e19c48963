/**
 * The language of the code: retired names are not declared again, doc comments begin with a noun phrase or a verb, and
 * a name of a top-level function or an export means one thing.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

const root = join(import.meta.dir, "..");

type SourceFile = { path: string; text: string };

const files: readonly SourceFile[] = [
  ...new Bun.Glob("{src,test,bench,fuzz,scripts}/**/*.{ts,tsx}").scanSync({ cwd: root }),
]
  .filter((path) => !path.includes("fixtures") && path !== "test/language.test.ts")
  .sort()
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
const source = files.filter(({ path }) => path.startsWith("src/"));

/** Identifiers with a private meaning that were replaced by the terms of the field. */
const retiredIdentifiers: ReadonlySet<string> = new Set(
  `
  Anatomy Door Given GateName Ground Journal Letterhead LinkBook Loosened MailboxNotes NamedServers Noted Offer Pace
  Passage PassageRequest Passages Place PlaceLimits ProbeAnswer Sends Slot Told Wanted
  allGates allowSilence answersElsewhere attentiveServers backUp byExchangers byKnownNames createDoors
  createEndedElsewhere createJournal createMemory createNotes createOwnNameLook createPace createPassages createPlaces
  createRefuseStrangers createSends cuts dieOf doing doors endedElsewhere examineBody examineChallenge examineDocument
  examineProxy examineRedirect examineStream findSlot firstThatWorks formBytes gates hashUnder headersOfEveryResponse
  hintWhenCutOff into isAttentive isNewer isTrusted keepForUs keepHouse keepsOff lastAnswersMs lastWordsMs letterheads
  lookAgain lookEveryMs lookEverywhere lookInto lookMs loosened mailOfAddress mailOfIds mails makeDataDir makeDatabase
  makeEmpty meanwhile newNotes newPlace noteEmail noteUseEveryMs noteWhereItCan offer offerOnce passage placeOf
  proofHoldsMs proveWritable pump purgeLog refuseEvenly refuseStrangers requireFresh requirePublic rewrapAll roster
  sealedProbe sliceSizes slices slicesOf slot spentOf toAnatomy toIsKnown toLetterhead toLetters toMeant toOffer
  toOpened toOriginLike toPeer toPeerOf toPlace toPlaces toReached toWho tooMuch whereLooks withMails withNamed withNews
  wordless
  `
    .trim()
    .split(/\s+/),
);

/** Names of files that were replaced, without their extension. */
const retiredFiles: ReadonlySet<string> = new Set(
  `
  ended-elsewhere freshness journal notes offer pace passage places require-proof rewrap roster second-look slices sends
  `
    .trim()
    .split(/\s+/),
);

test("No retired identifier is declared", () => {
  const declaration = /\b(?:function\*?|const|let|type|class|interface)\s+(\w+)/g;
  const found = files.flatMap(({ path, text }) =>
    [...toCode(text).matchAll(declaration)]
      .map(([, name = ""]) => name)
      .filter((name) => retiredIdentifiers.has(name))
      .map((name) => `${path} declares ${name}`),
  );
  expect(found).toEqual([]);
});

test("No file has a retired name", () => {
  const found = files
    .map(({ path }) => path)
    .filter((path) => retiredFiles.has(basename(path).replace(/(\.test)?\.tsx?$/, "")));
  expect(found).toEqual([]);
});

test("No doc comment begins with a question word", () => {
  const question = /\/\*\*\s*(?:\*\s*)?((?:What|Whether|How|Who|Whoever)\b[^\n]*)/g;
  const found = files.flatMap(({ path, text }) =>
    [...text.matchAll(question)].map(([, line]) => `${path}: ${line}`),
  );
  expect(found).toEqual([]);
});

test("No top-level function name is declared in three or more files", () => {
  const declaration =
    /^(?:export )?(?:async function|function)\*? (\w+)|^(?:export )?const (\w+)(?:: [^=\n]+)? = (?:async )?(?:<[^>\n]*>)?(?:\([^\n]*\)(?:: [^=\n]+)? =>|\w+ =>)/gm;
  const paths = groupPaths(({ text }) =>
    [...text.matchAll(declaration)].map(([, one, two]) => one ?? two ?? ""),
  );
  const found = [...paths]
    .filter(([, at]) => at.length >= 3)
    .map(([name, at]) => `${name}: ${at.join(", ")}`);
  expect(found).toEqual([]);
});

test("No name is exported by two files", () => {
  const declaration =
    /^export (?:declare )?(?:async )?(?:function\*?|const|let|type|class|interface) (\w+)/gm;
  const paths = groupPaths(({ text }) => [...text.matchAll(declaration)].map(([, name = ""]) => name));
  const found = [...paths]
    .filter(([, at]) => at.length >= 2)
    .map(([name, at]) => `${name}: ${at.join(", ")}`);
  expect(found).toEqual([]);
});

/** Maps each name to the files of src that declare it. */
function groupPaths(toNames: (file: SourceFile) => readonly string[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const file of source)
    for (const name of new Set(toNames(file))) paths.set(name, [...(paths.get(name) ?? []), file.path]);
  return paths;
}

/** Removes comments. */
function toCode(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, " ");
}
