/** The differences of real servers' answers from Dovecot's in the story, each with its reason. */

/** `toDovecots` replaces what differs in an answer by what Dovecot's answer has there. `name`: the step of the story. */
export type Difference = { because: string; toDovecots(answer: string, name: string): string };

/** Applies all differences to an answer. */
export const toDovecots = (differences: readonly Difference[], answer: string, name: string): string =>
  differences.reduce((text, difference) => difference.toDovecots(text, name), answer);

export const courierDifferences: readonly Difference[] = [
  {
    because: "its personal namespace is below INBOX, so every other path begins with INBOX.",
    toDovecots: (answer) => answer.replace(/\bINBOX\.(?=\S)/g, ""),
  },
  {
    because: "its levels are separated by a full stop, which a path shows as the server has it",
    toDovecots: (answer) => answer.replaceAll("Projects.2026", "Projects/2026"),
  },
  {
    because: "a name with a full stop would be two levels there, and is refused",
    toDovecots: (answer) =>
      answer
        .replace(/^refused: This mail server separates levels by ".*$/s, 'Created. Its path is "v1.2".')
        .replace(/^Searched: .*Projects\/2026/m, "$&, v1.2")
        .replace(/^Projects\/2026: .*$/m, "$&\nv1.2: 0, 0 unread"),
  },
];

/** Replaces in the steps whose names match; each `from` that does not occur changes nothing. */
function inSteps(steps: RegExp, ...edits: (readonly [from: RegExp, to: string])[]): Difference["toDovecots"] {
  return (answer, name) =>
    steps.test(name) ? edits.reduce((text, [from, to]) => text.replace(from, to), answer) : answer;
}

/** Applies several edits, one after the other. */
const each =
  (...edits: Difference["toDovecots"][]): Difference["toDovecots"] =>
  (answer, name) =>
    edits.reduce((text, edit) => edit(text, name), answer);

/** Octets of the emails as Dovecot keeps them. */
const sizes: Readonly<Record<string, number>> = {
  "Größe der Brücke": 356,
  Invoice: 612,
  "Re: Plan": 331,
  Plan: 277,
  Invitation: 619,
  Spring: 246,
};

/** Puts the rows of these subjects before the others, and numbers all rows anew. */
function putFirst(answer: string, subjects: readonly string[]): string {
  const rows = answer.match(/^\d+\. .*\n {3}\[id of .*$/gm) ?? [];
  const rank = (row: string) => {
    const at = subjects.findIndex((subject) => row.includes(`>: ${subject} [`));
    return at < 0 ? subjects.length : at;
  };
  const sorted = rows.toSorted((a, b) => rank(a) - rank(b));
  let next = 0;
  return answer.replace(/^\d+\. .*\n {3}\[id of .*$/gm, () => {
    next += 1;
    return (sorted[next - 1] ?? "").replace(/^\d+/, String(next));
  });
}

const movedSteps = /^get_recent_emails after undo: (move_email|delete_email)$/;

export const mailutilsDifferences: readonly Difference[] = [
  {
    because: "its mbox keeps UIDs and flags in header fields, which count as octets of the email",
    toDovecots: (answer) =>
      answer
        .replace(/(?<=>: (.+?) \[.*)\b\d+(?= B\]$)/gm, (octets, subject) => String(sizes[subject] ?? octets))
        .replace(/^366 B(?=, unread\.$)/m, "356 B"),
  },
  {
    because:
      "flags reach the mbox, and other clients, some time later, at the latest when the mailbox is closed",
    toDovecots: each(
      inSteps(/^INBOX after mark_as_read$/, [/^(Invoice|Plan)$/gm, "$1 \\Seen"]),
      inSteps(/^INBOX after undo: move_email$/, [/ \\Deleted$/gm, ""]),
      inSteps(/^INBOX after (send_email|undo: delete_email permanently)$/, [
        /^(Plan|Invitation)$/gm,
        "$1 \\Answered",
      ]),
      inSteps(/^list_mailboxes at the end$/, [/(?<=^Sent .*: 2, )1(?= unread)/m, "0"]),
    ),
  },
  {
    because: "an mbox keeps no keywords",
    toDovecots: each(
      inSteps(/^flag_email$/, [
        /^refused: This mailbox does not keep \$work\..*$/,
        "2 of 2 emails changed.\nTo put it back within 24 hours: undo with operation_id [operation].",
      ]),
      inSteps(/^INBOX after flag_email$/, [/^(Invoice|Plan)$/gm, "$1 $work \\Flagged"]),
      inSteps(/^undo: flag_email$/, [/^refused: .*$/, "2 of 2 emails put back (flag_email)."]),
    ),
  },
  {
    because: "an mbox holds emails and no mailboxes",
    toDovecots: each(
      inSteps(/^create_mailbox: Projects\/2026$/, [
        /^refused: "Projects" cannot hold other mailboxes\..*$/,
        'Created. Its path is "Projects/2026".',
      ]),
      inSteps(/^search_emails after move_email$/, [/(?<=^Searched: .*Projects)(?=, v1)/m, ", Projects/2026"]),
      inSteps(/^list_mailboxes at the end$/, [/^Projects: .*$/m, "$&\nProjects/2026: 0, 0 unread"]),
    ),
  },
  {
    because: "it has no MOVE and cannot expunge single emails (UIDPLUS): originals stay, marked as deleted",
    toDovecots: each(
      inSteps(/^move_email$/, [
        /copied to "Projects", and the originals marked as deleted/,
        'moved to "Projects"',
      ]),
      inSteps(/^delete_email$/, [/emails marked as deleted/, "emails moved to Trash"]),
      inSteps(/^(move|delete)_email$/, [/^This mail server cannot move: .*\n/m, ""]),
      inSteps(
        /^search_emails after move_email$/,
        [/^1\. .* marked as deleted, .*\n.*\n2/m, "1"],
        [/^2 of 2(?= that)/m, "1 of 1"],
      ),
      inSteps(
        /^get_thread after move_email$/,
        [/^1\. .* \[unread, marked as deleted\]\n[\s\S]*?---\n\n2/m, "1"],
        [/^2 of 2(?= emails)/m, "1 of 1"],
      ),
      inSteps(/^send_email: the draft$/, [/\nThis mail server cannot erase .*"Drafts".*/, ""]),
      inSteps(/^Drafts after send_email$/, [/^Re: Plan .*$/, ""]),
      inSteps(/^list_mailboxes at the end$/, [/(?<=^Drafts .*: )1(?=,)/m, "0"]),
    ),
  },
  {
    because: "undo takes the mark off the originals, which never left, and their copies stay",
    toDovecots: each(
      inSteps(/^undo: (move_email|delete_email)$/, [
        /^The copies in ".*" stay there\.$/m,
        "New ids, in the order of the old ones, - where there is none:\n  [id of Plan]\n  [id of Invoice]",
      ]),
      (answer, name) => (movedSteps.test(name) ? putFirst(answer, ["Invoice", "Plan"]) : answer),
      (answer, name) =>
        name === "get_recent_emails after undo: delete_email permanently"
          ? putFirst(answer, ["Spring", "Invitation", "Größe der Brücke", "Invoice", "Plan"])
          : answer,
      inSteps(/^list_mailboxes at the end$/, [/(?<=^(Trash .*|Projects): )2, 2(?= unread)/gm, "0, 0"]),
    ),
  },
  {
    because: "it cannot erase a single email, so that undo can take the mark off it again",
    toDovecots: each(
      inSteps(/^delete_email permanently$/, [
        /^1 of 1 email marked as deleted\.\n[\s\S]*$/m,
        "1 of 1 email erased forever.",
      ]),
      inSteps(/^undo: delete_email permanently$/, [
        /^1 of 1 email put back .*$/m,
        "refused: There is nothing to undo under this id. Operations can be undone for 24 hours, once. (operation_unknown)",
      ]),
      inSteps(/^INBOX after undo: delete_email permanently$/, [/^Größe der Brücke\n/m, ""]),
      inSteps(
        /^get_recent_emails after undo: delete_email permanently$/,
        [/6 of 6/, "5 of 5"],
        [/^3\. .*\n.*\n4(\. [\s\S]*)\n5(\. [\s\S]*)\n6\. /m, "3$1\n4$2\n5. "],
      ),
    ),
  },
];
