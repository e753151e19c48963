/** Searches for the emails of a thread in one mailbox: by the Message-IDs that they name, and by their subject. */
import type { ImapFlow } from "imapflow";
import { toBaseSubject } from "../../email/subject.ts";
import { AppError } from "../../errors.ts";
import { atom, ignoreRefusal, type SearchToken, searchString, uidThread } from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";
import { knownFacts } from "../../imap/server-memory.ts";
import { uidSearch } from "../../imap/uid-search.ts";

/**
 * SEARCH keys, any of which may match. `answers` are those for In-Reply-To: some programs name nothing but the parent.
 */
export type ThreadQuery = { ids: SearchKey[]; answers: SearchKey[]; subjects: SearchKey[] };
export type SearchKey = readonly SearchToken[];

/** Octets of the keys: servers accept lines of 8,192 octets (RFC 7162 section 4). */
const maxOctets = 6_000;
const maxSubjects = 3;
/** Characters of a subject that are searched for: longer header lines are folded, which servers undo differently. */
const subjectCharacters = 60;
/** Emails of one subject up to which all are candidates; beyond it the ids decide which are. */
const maxCandidates = 50;
/** Emails of a mailbox up to which In-Reply-To is searched at once; each header field costs a pass over all of them. */
const maxQuick = 50_000;
/** Emails of a mailbox up to which THREAD is used: imapflow refuses answers of over 200,000 tokens, 2–3 an email. */
const maxThreaded = 50_000;

type LinkedEmail = { messageId: string; ids: readonly string[]; subject: string; at: number };

/** Ids and subjects already searched for, and whether all emails with these subjects were candidates. */
export type SearchedSoFar = { words: Set<string>; wholeSubjects: boolean };

const header = (field: string, id: string): SearchKey => [atom("HEADER"), atom(field), searchString(id)];

/**
 * True when a finished search has found the answers to an email along with it: they name what it names (RFC 5322
 * section 3.6.4), or have its subject where a program names only the parent.
 */
function isAnswered({ messageId, ids, subject }: LinkedEmail, asked: SearchedSoFar): boolean {
  const isNamed = ids.some((id) => id !== messageId && asked.words.has(id));
  return isNamed && asked.wholeSubjects && asked.words.has(beginningOf(toBaseSubject(subject)));
}

/** The search for what `asked` does not hold yet; adds it there. Undefined when nothing is left to search for. */
export function toThreadQuery(linked: readonly LinkedEmail[], asked: SearchedSoFar): ThreadQuery | undefined {
  const isFirst = asked.words.size === 0;
  const inHand = new Set(linked.map(({ messageId }) => messageId));
  const newestFirst = [...linked].sort((a, b) => b.at - a.at);
  const open = newestFirst.filter((email) => !isAnswered(email, asked));
  const named = linked.flatMap(({ ids }) => ids).filter((id) => !inHand.has(id));
  let left = maxOctets;
  const ids: SearchKey[] = [];
  const answers: SearchKey[] = [];
  // First emails that others name and that were not fetched, with their answers; then answers to fetched emails.
  for (const id of [...named, ...open.map(({ messageId }) => messageId)]) {
    const fields = ["References", ...(inHand.has(id) ? [] : ["Message-ID"])];
    const cost = (fields.length + 1) * (id.length + 25);
    if (id === "" || left < cost || asked.words.has(id)) continue;
    asked.words.add(id);
    left -= cost;
    ids.push(...fields.map((field) => header(field, id)));
    answers.push(header("In-Reply-To", id));
  }
  const bases = newestFirst.map(({ subject }) => beginningOf(toBaseSubject(subject)));
  const wanted = [...new Set(bases)]
    .filter((base) => base !== "" && !asked.words.has(base))
    .slice(0, maxSubjects);
  for (const base of wanted) asked.words.add(base);
  const subjects = wanted.map((base): SearchKey => [atom("SUBJECT"), searchString(base)]);
  if (ids.length === 0 && subjects.length === 0) return undefined;
  // Answers found only by In-Reply-To have the subject as a rule. Some servers do not find encoded subjects.
  const haveSubject = isFirst && subjects.length > 0 && wanted.every((base) => /^[ -~]*$/.test(base));
  return { ids: haveSubject ? ids : [...ids, ...answers], answers: haveSubject ? answers : [], subjects };
}

/** Cuts at whole code points: a server finds nothing for half of one. */
const beginningOf = (base: string) => [...base].slice(0, subjectCharacters).join("").trim();

/**
 * UIDs of emails that may belong to the thread: all with the subject when they are few (`wholeSubjects`). When they are
 * many, those that name the ids, with the server's threads around these and `own` where it has THREAD (RFC 5256), unless
 * that is more than `most`. `refused`: the server does not search for ids. In a very large mailbox an answer under another subject without References is not found.
 */
export async function findCandidates(
  imap: ImapFlow,
  { ids, answers, subjects }: ThreadQuery,
  { own, most }: { own: readonly number[]; most: number },
): Promise<{ uids: number[]; wholeSubjects: boolean; refused: boolean }> {
  let refused = false;
  const byIds = async () => {
    if (ids.length === 0) return [];
    const found = await uidSearch(imap, anyOf([...ids, ...answers])).catch(ignoreUnsearchable);
    refused ||= found === undefined;
    return found ?? [];
  };
  if (subjects.length === 0) return { uids: await byIds(), wholeSubjects: true, refused };
  const isQuick = requireSelected(imap).exists <= maxQuick;
  const keys = anyOf([...ids, ...(isQuick ? answers : []), ...subjects]);
  const all =
    (await uidSearch(imap, keys).catch(ignoreUnsearchable)) ??
    // Without HEADER the subject leads to the emails, and their own headers tell which belong together.
    (await uidSearch(imap, anyOf(subjects)).catch(ignoreUnsearchable));
  refused ||= knownFacts(imap).has("refuses_header");
  if (all && all.length <= maxCandidates) return { uids: all, wholeSubjects: true, refused };
  const named = await byIds();
  const seeds = new Set([...named, ...own]);
  const threads = all ? await findThreads(imap, keys) : [];
  const around = threads.filter((thread) => thread.some((uid) => seeds.has(uid))).flat();
  const wider = [...new Set([...named, ...around])];
  return { uids: wider.length <= most ? wider : named, wholeSubjects: false, refused };
}

/** Catches the refusal of a search, or of one of its keys. */
function ignoreUnsearchable(error: unknown): undefined {
  if (error instanceof AppError && error.code === "unsupported_query") return undefined;
  return ignoreRefusal(error);
}

/** The threads of all matches; none where the server has no THREAD or refuses it. Costs twice as much as a search. */
async function findThreads(imap: ImapFlow, keys: SearchKey): Promise<number[][]> {
  const has = (name: string) => imap.capabilities.has(`THREAD=${name}`);
  // REFERENCES joins unrelated emails of the same subject, REFS does not.
  const algorithm = has("REFS") ? "REFS" : has("REFERENCES") ? "REFERENCES" : undefined;
  if (!algorithm || requireSelected(imap).exists > maxThreaded) return [];
  return (await uidThread(imap, algorithm, keys).catch(ignoreRefusal)) ?? [];
}

/** A key that matches any of them. OR takes two keys (RFC 3501 section 6.4.4); halving keeps the nesting shallow. */
function anyOf(keys: readonly SearchKey[]): SearchKey {
  const [first = []] = keys;
  if (keys.length < 2) return first;
  const half = Math.ceil(keys.length / 2);
  return [atom("OR"), ...anyOf(keys.slice(0, half)), ...anyOf(keys.slice(half))];
}
