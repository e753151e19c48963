/** What one mailbox is asked to find a conversation's emails: by the ids they name, and by their subject. */
import type { ImapFlow } from "imapflow";
import { toBaseSubject } from "../../email/subject.ts";
import {
  atom,
  ignoreRefusal,
  type SearchToken,
  searchString,
  uidSearch,
  uidThread,
} from "../../imap/raw-search.ts";
import { requireSelected } from "../../imap/select.ts";

/** Each key is one for SEARCH. `answers`: by what some programs name, which name nothing but the email before. */
export type Question = { ids: Key[]; answers: Key[]; subjects: Key[] };
export type Key = readonly SearchToken[];

/** Servers take lines of 8,192 octets (RFC 7162 section 4). */
const maxOctets = 6_000;
const maxSubjects = 3;
/** The beginning of a subject says which it is; past it header lines are folded, in ways that servers undo differently. */
const subjectCharacters = 60;
/** A subject that more emails of a mailbox have than this says little; it is then asked by ids which these are. */
const maxCandidates = 50;
/** In more emails than these, one field less to look for is worth more than answers that name nothing else. */
const maxQuick = 50_000;
/** imapflow takes an answer of 200,000 tokens apart and hangs up at a longer one; an email is two or three. */
const maxThreaded = 50_000;

type Linked = { messageId: string; ids: readonly string[]; subject: string; at: number };

/** What was asked already: ids and subjects; and whether everything of these subjects was looked at. */
export type Asked = { words: Set<string>; wholeSubjects: boolean };

const header = (field: string, id: string): Key => [atom("HEADER"), atom(field), searchString(id)];

/**
 * Whether answers to it were found with it. They name what it names (RFC 5322 section 3.6.4), or, where a program names
 * nothing but the email before, have its subject; by another program under another subject it is another conversation.
 */
function isAnswered({ messageId, ids, subject }: Linked, asked: Asked): boolean {
  const isNamed = ids.some((id) => id !== messageId && asked.words.has(id));
  return isNamed && asked.wholeSubjects && asked.words.has(beginningOf(toBaseSubject(subject)));
}

/** What is not in `asked` yet, which it is added to; undefined when nothing is left. */
export function toQuestion(linked: readonly Linked[], asked: Asked): Question | undefined {
  const isFirst = asked.words.size === 0;
  const inHand = new Set(linked.map(({ messageId }) => messageId));
  const newestFirst = [...linked].sort((a, b) => b.at - a.at);
  const open = newestFirst.filter((email) => !isAnswered(email, asked));
  const named = linked.flatMap(({ ids }) => ids).filter((id) => !inHand.has(id));
  let left = maxOctets;
  const ids: Key[] = [];
  const answers: Key[] = [];
  // First the emails that others name and that are not here, each with its answers; then the answers to those here.
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
  const subjects = wanted.map((base): Key => [atom("SUBJECT"), searchString(base)]);
  if (ids.length === 0 && subjects.length === 0) return undefined;
  // Such an answer has the subject, as a rule. But some servers find no subject that is encoded.
  const haveSubject = isFirst && subjects.length > 0 && wanted.every((base) => /^[ -~]*$/.test(base));
  return { ids: haveSubject ? ids : [...ids, ...answers], answers: haveSubject ? answers : [], subjects };
}

/** By whole characters: half of one is found nowhere. */
const beginningOf = (base: string) => [...base].slice(0, subjectCharacters).join("").trim();

/**
 * UIDs of emails that may belong to it: all of the subject when they are few (`wholeSubjects`). When they are many, those
 * that name the ids, with the threads these and `own` are in where the server has THREAD; without these when they are
 * more than `most`. In a very large mailbox an answer under another subject that has no References is not found.
 */
export async function findCandidates(
  imap: ImapFlow,
  { ids, answers, subjects }: Question,
  { own, most }: { own: readonly number[]; most: number },
): Promise<{ uids: number[]; wholeSubjects: boolean }> {
  const byIds = async () => (ids.length > 0 ? uidSearch(imap, anyOf([...ids, ...answers])) : []);
  if (subjects.length === 0) return { uids: await byIds(), wholeSubjects: true };
  const isQuick = requireSelected(imap).exists <= maxQuick;
  const keys = anyOf([...ids, ...(isQuick ? answers : []), ...subjects]);
  const all = await uidSearch(imap, keys).catch(ignoreRefusal);
  if (all && all.length <= maxCandidates) return { uids: all, wholeSubjects: true };
  const named = await byIds();
  const seeds = new Set([...named, ...own]);
  const threads = all ? await findThreads(imap, keys) : [];
  const around = threads.filter((thread) => thread.some((uid) => seeds.has(uid))).flat();
  const wider = [...new Set([...named, ...around])];
  return { uids: wider.length <= most ? wider : named, wholeSubjects: false };
}

/** What matches, by threads: none where the server has none, or cannot answer this. It takes twice what a search does. */
async function findThreads(imap: ImapFlow, keys: Key): Promise<number[][]> {
  const has = (name: string) => imap.capabilities.has(`THREAD=${name}`);
  // REFERENCES joins strangers of the same subject, REFS does not.
  const algorithm = has("REFS") ? "REFS" : has("REFERENCES") ? "REFERENCES" : undefined;
  if (!algorithm || requireSelected(imap).exists > maxThreaded) return [];
  return (await uidThread(imap, algorithm, keys).catch(ignoreRefusal)) ?? [];
}

/** Any of them. OR takes two (RFC 3501 section 6.4.4); halves keep it from nesting deep. */
function anyOf(keys: readonly Key[]): Key {
  const [first = []] = keys;
  if (keys.length < 2) return first;
  const half = Math.ceil(keys.length / 2);
  return [atom("OR"), ...anyOf(keys.slice(0, half)), ...anyOf(keys.slice(half))];
}
