/**
 * The card in a conversation (MCP Apps): the facts of the approval's page, and deciding with the card's own secret.
 *
 * The server cannot tell a card's call from a model's: both bear the same token. So a card decides only where its secret
 * reaches nobody but the card: the client announced cards, and the grant's tokens lie at Claude's own servers, which hand
 * `_meta` of a result to the card alone. Everywhere else the card opens the page.
 */
import type { Vault } from "../accounts/vault.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { LiveGrant } from "../grant.ts";
import type { ShownContent } from "../pages/approve.tsx";
import { formatSize, writePerson } from "../pages/approve-words.ts";
import { showHidden } from "../pages/hidden-characters.ts";
import { cardTextsFor } from "../pages/text/card.ts";
import { sameSecret, toKeyedHash } from "../secrets.ts";
import type { Approvals, OpenedApproval } from "./approvals.ts";
import type { Decide, Decision } from "./decide.ts";
import { toContent } from "./shown-action.ts";

/** Characters of a line and of a whole card; what is longer is shown by the page. */
const maxLineCharacters = 1_000;
const maxCharacters = 100_000;

export type Cards = ReturnType<typeof createCards>;

export function createCards(deps: {
  approvals: Pick<Approvals, "open">;
  decide: Decide;
  vault: Pick<Vault, "listAccounts">;
  config: Pick<Config, "approveOnPageOnly">;
  clock: Clock;
}) {
  const { approvals, decide, vault, config, clock } = deps;
  const mayDecide = ({ decidesOnCards = false }: LiveGrant) => decidesOnCards && !config.approveOnPageOnly;

  return {
    /** Describes an approval for its card; undefined when the grant has no such approval. */
    async describe(grant: LiveGrant, id: string) {
      const approval = await find(approvals, grant, id);
      if (!approval) return undefined;
      const { kind, state, url, action } = approval;
      const accounts = await vault.listAccounts(grant.id, grant.dataKey);
      const account = accounts.find((each) => each.id === approval.accountId)?.address ?? "";
      const facts = action && isOpen(approval) ? toFacts(toContent(action)) : undefined;
      const isTooLong = facts !== undefined && isLong(facts);
      const shown = isTooLong ? undefined : facts;
      const secret = shown && mayDecide(grant) ? toSecret(grant, id) : undefined;
      const texts = cardTextsFor(kind);
      return {
        id,
        kind,
        state,
        url,
        account: showAll(account),
        secret,
        too_long: isTooLong,
        ...shown,
        texts,
      };
    },

    /**
     * Decides for the card that has the secret. Returns the approval after that, why it was not done, and until when
     * the send limit lasts. Throws approval_unknown for a wrong secret, an unknown id, and a grant whose cards do not
     * decide, without telling them apart.
     */
    async decide(
      grant: LiveGrant,
      { id, secret, decision, chosen }: CardDecision,
    ): Promise<{ approval: OpenedApproval; problem?: string; limitedUntil?: number }> {
      if (
        !mayDecide(grant) ||
        !sameSecret(secret, toSecret(grant, id)) ||
        !(await find(approvals, grant, id))
      )
        throw new AppError("approval_unknown", "There is no such approval that this card decides.", {
          hint: "Open its page.",
        });
      const { problem } = await decide({ grant, id, decision, origin: "card", chosen });
      const approval = await approvals.open(grant, id);
      if (problem?.code !== "rate_limited") return { approval, problem: problem?.message };
      return { approval, limitedUntil: clock.now() + (problem.retryAfterSeconds ?? 0) * 1000 };
    },
  };
}

type CardDecision = {
  id: string;
  secret: string;
  decision: Decision;
  /** Positions of the emails that are to be erased; undefined: all. */
  chosen?: readonly number[] | undefined;
};

/** The secret of one approval's card: derived from the data key, so that it is stored nowhere. */
function toSecret(grant: LiveGrant, id: string): string {
  return toKeyedHash(grant.dataKey, "card", id);
}

const isOpen = ({ state }: OpenedApproval) => state === "waiting" || state === "failed";

async function find(
  approvals: Pick<Approvals, "open">,
  grant: LiveGrant,
  id: string,
): Promise<OpenedApproval | undefined> {
  try {
    return await approvals.open(grant, id);
  } catch (error) {
    if (error instanceof AppError && error.code === "approval_unknown") return undefined;
    throw error;
  }
}

type Email = Extract<ShownContent, { email: unknown }>["email"];
type Erasure = Extract<ShownContent, { erasure: unknown }>["erasure"];
type OneClick = Extract<ShownContent, { oneClick: unknown }>["oneClick"];

/** The facts of an approval, with every hidden character made visible. */
type CardFacts = ReturnType<typeof toFacts>;

function toFacts(content: ShownContent) {
  if ("email" in content) return { email: toEmailFacts(content.email) };
  if ("erasure" in content) return { erasure: toErasureFacts(content.erasure) };
  return { leaving: toLeavingFacts(content.oneClick) };
}

function toEmailFacts(shown: Email) {
  const { from, to, cc, bcc, subject, text, formattedText, attachments, newPeople, notes } = shown;
  const toRecipients = (people: Email["to"]) =>
    people.map((person) => ({
      name: showAll(writePerson(person)),
      is_new: newPeople.includes(person.address.toLowerCase()),
    }));
  return {
    from: showAll(writePerson(from)),
    to: toRecipients(to),
    cc: toRecipients(cc),
    bcc: toRecipients(bcc),
    subject: showAll(subject),
    text: showAll(text),
    formatted_text: formattedText === undefined ? undefined : showAll(formattedText),
    attachments: attachments.map(({ name, size }) => ({ name: showAll(name), size: formatSize(size) })),
    notes: notes.map(showAll),
  };
}

function toErasureFacts({ permanently, emails }: Erasure) {
  const shown = emails.map(({ from, subject, date, mailbox }) => ({
    from: showAll(from),
    subject: showAll(subject),
    date,
    mailbox: showAll(mailbox),
  }));
  return { permanently, emails: shown };
}

function toLeavingFacts({ url, host, email, isNewDomain }: OneClick) {
  const { from, subject, date } = email;
  return {
    url: showAll(url),
    host: showAll(host),
    is_new: isNewDomain,
    from: showAll(from),
    subject: showAll(subject),
    date,
  };
}

/** Tells whether facts do not fit: a card that cannot show everything does not decide. */
function isLong(facts: CardFacts): boolean {
  const { email, erasure, leaving } = facts;
  const lines = [
    ...(email ? [email.from, email.subject, ...email.attachments.map(({ name }) => name)] : []),
    ...(email ? [...email.to, ...email.cc, ...email.bcc].map(({ name }) => name) : []),
    ...(erasure?.emails ?? []).flatMap(({ from, subject, mailbox }) => [from, subject, mailbox]),
    ...(leaving ? [leaving.url, leaving.from, leaving.subject] : []),
  ];
  return (
    lines.some(({ length }) => length > maxLineCharacters) || JSON.stringify(facts).length > maxCharacters
  );
}

/** Makes hidden characters visible, and the marks of the fence, which it would remove. */
function showAll(text: string): string {
  return showHidden(text).replace(/<(?=\/?mail-[0-9a-f]{16}>)/gi, "[U+003C]");
}
