/** Writes of a soak or a crash run, and the comparison of what was answered with what the mail servers have. */
import type { MailServerKit, User } from "../test/support/mail-server.ts";

/** sent: the answer said so. maybe: it said that it does not know, or there was no answer. none: it said not sent. */
export type SendOutcome = "sent" | "maybe" | "none";

export type SendRecord = {
  /** Notes the answer to one attempt at the email with this subject. */
  record(subject: string, outcome: SendOutcome): void;
  count(): number;
  /** Compares with the submitted emails. One line per email that was lost, doubled, or sent in spite of the answer. */
  findProblems(submittedSubjects: readonly string[]): string[];
};

export function createSendRecord(): SendRecord {
  const answers = new Map<string, SendOutcome[]>();
  return {
    record: (subject, outcome) => answers.set(subject, [...(answers.get(subject) ?? []), outcome]),
    count: () => answers.size,
    findProblems(submittedSubjects) {
      const counts = new Map<string, number>();
      for (const subject of submittedSubjects) counts.set(subject, (counts.get(subject) ?? 0) + 1);
      return [...answers].flatMap(([subject, outcomes]) => {
        const submitted = counts.get(subject) ?? 0;
        const problem =
          submitted > 1
            ? "doubled"
            : outcomes.includes("sent") && submitted === 0
              ? "lost"
              : outcomes.every((outcome) => outcome === "none") && submitted > 0
                ? "sent although the answer denied it"
                : undefined;
        return problem === undefined ? [] : [`${subject}: ${problem} (${outcomes.join(", ")}; ${submitted})`];
      });
    },
  };
}

/** Converts the answer of send_email. `text` has the code of a failure in brackets at its end. */
export function toSendOutcome({ isError, text }: { isError: boolean; text: string }): SendOutcome {
  if (!isError) return "sent";
  return /\(maybe_sent\)|\(internal_error\)/.test(text) ? "maybe" : "none";
}

/** The subjects that the submission server accepted, each as often as it did. */
export function submittedSubjects(kit: MailServerKit): string[] {
  return kit.submission.submitted.map(({ raw }) => /^Subject: (.*)$/m.exec(raw)?.[1]?.trim() ?? "");
}

/** Emails of one user that are not exactly once in these mailboxes, one line each. */
export async function findMoveProblems(
  kit: MailServerKit,
  user: User,
  { subjects, mailboxes }: { subjects: readonly string[]; mailboxes: readonly string[] },
): Promise<string[]> {
  const stored = (await Promise.all(mailboxes.map((mailbox) => kit.read(user, mailbox)))).flat();
  return subjects.flatMap((subject) => {
    const copies = stored.filter((email) => email.subject === subject && !email.flags.includes("\\Deleted"));
    return copies.length === 1 ? [] : [`${user.address}, ${subject}: ${copies.length} copies`];
  });
}
