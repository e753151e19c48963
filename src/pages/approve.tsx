/** @jsxImportSource hono/jsx */
/** The page on which a person sees exactly what would happen, and decides. Every word of it that came from mail is escaped. */
import { formatSize, writePerson } from "./approve-words.ts";
import { DecisionForm, type PasskeyUse } from "./decision-form.tsx";
import { showHidden } from "./hidden-characters.ts";
import { Layout, toDocument } from "./layout.tsx";
import { PasskeyProofForm } from "./passkey-parts.tsx";
import { ProofForm, type ProofProblem } from "./proof-form.tsx";
import type { PageFrame } from "./props.ts";
import { scripts } from "./scripts.ts";
import { type ApproveTexts, approveTextsFor } from "./text/approve.ts";
import { passkeyTextsFor } from "./text/passkey.ts";

type Person = { name?: string | undefined; address: string };

/** An email as its recipients get it. */
type ShownEmail = {
  from: Person;
  to: readonly Person[];
  cc: readonly Person[];
  bcc: readonly Person[];
  subject: string;
  text: string;
  /** The text of the HTML part, where its words are others. */
  formattedText?: string | undefined;
  /** `size` in octets. */
  attachments: readonly { name: string; type: string; size: number }[];
  /** Addresses to which the person has never written, in lower case. */
  newPeople: readonly string[];
  notes: readonly string[];
};

type ShownErasure = {
  permanently: boolean;
  emails: readonly { from: string; subject: string; date: string; mailbox: string }[];
};

/** The one-click request by which a mailing list would be left. */
type ShownOneClick = {
  url: string;
  host: string;
  /** The email of the list. */
  email: { from: string; subject: string; date: string };
  /** The person has never written to anybody of the host's domain. */
  isNewDomain: boolean;
};

/** The subject of a decision. */
export type ShownContent = { email: ShownEmail } | { erasure: ShownErasure } | { oneClick: ShownOneClick };

type ApprovalState =
  | "waiting"
  | "deciding"
  | "done"
  | "maybe_done"
  | "failed"
  | "kept_as_draft"
  | "declined"
  | "expired";

export type ApprovePageProps = PageFrame & {
  /** The path of the page, for its forms. */
  path: string;
  kind: "send" | "erase" | "answer" | "unsubscribe";
  state: ApprovalState;
  /** The issuer at which the person proves themselves; undefined for an account with a password. */
  issuerName?: string | undefined;
  view:
    | {
        show: "proof";
        problem?: ProofProblem | undefined;
        retryAfterSeconds?: number | undefined;
        /** The person has a passkey, which opens the page, too. */
        hasPasskey: boolean;
        passkeyFailed?: boolean;
      }
    | {
        show: "decision";
        /** The connected account's address. */
        account: string;
        content: ShownContent;
        /** Goes along with the decision; undefined where the browser is known by its cookie. */
        proof?: string | undefined;
        /** The person has to prove a password before they can decide. */
        needsProof: boolean;
        passkey: PasskeyUse;
        /** The passkey did not verify, or was missing where nothing else decides. */
        passkeyProblem?: "failed" | "needed" | undefined;
        problem?: ProofProblem | undefined;
        /** Why the last decision was not carried out: our own sentence, or until when the send limit lasts. */
        failure?: { message: string } | { limitedUntil: string } | undefined;
        retryAfterSeconds?: number | undefined;
      }
    /** Decided, expired, or being prepared. */
    | { show: "state"; answer: DecisionAnswer | undefined };
};

/** The outcome of a decision: addresses of an email, counts of an erasure. */
type DecisionAnswer = {
  accepted?: readonly string[] | undefined;
  refused?: readonly { address: string }[] | undefined;
  warnings?: readonly string[] | undefined;
  done?: number | undefined;
  notDone?: number | undefined;
  notes?: readonly string[] | undefined;
  asked?: string | undefined;
};

export function approvePage(props: ApprovePageProps): string {
  const { language, kind, state, view } = props;
  const text = approveTextsFor(language);
  const open = state === "waiting" || state === "failed";
  const title = open ? text.title[kind] : text.states[state].title;
  return toDocument(
    <Layout frame={props} title={title} formOrigin scripts={[scripts.passkey]}>
      <h1 data-state={state}>{title}</h1>
      {view.show === "state" ? <Outcome text={text} state={state} answer={view.answer} /> : null}
      {view.show === "proof" ? (
        <>
          <p>{text.proveFirst}</p>
          <ProofForm
            {...view}
            language={language}
            action={`${props.path}/prove`}
            issuerName={props.issuerName}
          />
          {view.hasPasskey ? (
            <>
              <p>{passkeyTextsFor(language).toSee}</p>
              <PasskeyProofForm language={language} path={props.path} failed={view.passkeyFailed} />
            </>
          ) : null}
        </>
      ) : null}
      {view.show === "decision" ? <DecisionView {...props} {...view} text={text} /> : null}
    </Layout>,
  );
}

function Outcome(props: { text: ApproveTexts; state: ApprovalState; answer: DecisionAnswer | undefined }) {
  const { text, state, answer = {} } = props;
  const { accepted = [], refused = [], warnings = [], notes = [], done, notDone = 0, asked } = answer;
  const lines = [
    ...(accepted.length > 0 ? [text.sentTo(accepted.join(", "))] : []),
    ...refused.map(({ address }) => text.refused(address)),
    ...(asked === undefined ? [] : [text.asked(asked)]),
    ...(done === undefined ? [] : [text.erased(done)]),
    ...(notDone === 0 ? [] : [text.notErased(notDone)]),
    ...warnings,
    ...notes,
  ];
  return (
    <>
      <p>{text.states[state].text}</p>
      {lines.map((line) => (
        <p class="hint">{showHidden(line)}</p>
      ))}
    </>
  );
}

type DecisionProps = Omit<ApprovePageProps, "view"> &
  Extract<ApprovePageProps["view"], { show: "decision" }> & { text: ApproveTexts };

function DecisionView(props: DecisionProps) {
  const { text, content, language, path, needsProof, problem, failure, retryAfterSeconds } = props;
  const { passkeyProblem } = props;
  return (
    <>
      {passkeyProblem === undefined ? null : (
        <p role="alert" class="problem">
          {passkeyTextsFor(language)[passkeyProblem]}
        </p>
      )}
      {failure === undefined ? null : (
        <p role="alert" class="problem">
          {"limitedUntil" in failure
            ? text.overLimit(failure.limitedUntil)
            : `${text.notDone} ${failure.message}`}
        </p>
      )}
      {"email" in content ? <EmailView text={text} email={content.email} /> : null}
      {"oneClick" in content ? <OneClickView text={text} oneClick={content.oneClick} /> : null}
      {needsProof ? (
        <>
          {"erasure" in content ? <ErasureList text={text} erasure={content.erasure} fixed /> : null}
          <p>{text.proveToDecide}</p>
          <ProofForm
            language={language}
            action={`${path}/prove`}
            problem={problem}
            retryAfterSeconds={retryAfterSeconds}
            issuerName={props.issuerName}
          />
        </>
      ) : (
        <DecisionForm {...props}>
          {"erasure" in content ? <ErasureList text={text} erasure={content.erasure} /> : null}
        </DecisionForm>
      )}
    </>
  );
}

function EmailView({ text, email }: { text: ApproveTexts; email: ShownEmail }) {
  const people = (label: string, list: readonly Person[]) =>
    list.length === 0 ? null : (
      <>
        <dt>{label}</dt>
        <dd>
          <ul class="people">
            {list.map((person) => (
              <PersonLine text={text} person={person} newPeople={email.newPeople} />
            ))}
          </ul>
        </dd>
      </>
    );
  return (
    <section class="shown">
      <dl class="facts">
        <dt>{text.from}</dt>
        <dd>
          <bdi>{writePerson(email.from)}</bdi>
        </dd>
        {people(text.to, email.to)}
        {people(text.cc, email.cc)}
        {people(text.bcc, email.bcc)}
        <dt>{text.subject}</dt>
        <dd>
          <bdi id="subject">{showHidden(email.subject) || text.noSubject}</bdi>
        </dd>
      </dl>
      <LongText text={text} id="text" words={email.text} />
      {email.formattedText === undefined ? null : (
        <>
          <p class="problem">{text.formattedDiffers}</p>
          <LongText text={text} id="formatted" words={email.formattedText} />
        </>
      )}
      {email.attachments.length === 0 ? null : (
        <>
          <h2>{text.attachments(email.attachments.length)}</h2>
          <ul class="files">
            {email.attachments.map(({ name, size }) => (
              <li>
                <bdi>{showHidden(name)}</bdi> <small>{formatSize(size)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      {email.notes.map((note) => (
        <p class="hint">{showHidden(note)}</p>
      ))}
    </section>
  );
}

function OneClickView({ text, oneClick }: { text: ApproveTexts; oneClick: ShownOneClick }) {
  const { url, host, email, isNewDomain } = oneClick;
  return (
    <section class="shown">
      <p>{text.oneClick(showHidden(host))}</p>
      <dl class="facts">
        <dt>{text.address}</dt>
        <dd class={isNewDomain ? "new" : undefined}>
          <bdi id="url">{showHidden(url)}</bdi>
          {isNewDomain ? <small> {text.newDomain}</small> : null}
        </dd>
        <dt>{text.from}</dt>
        <dd>
          <bdi>{showHidden(email.from)}</bdi>
        </dd>
        <dt>{text.subject}</dt>
        <dd>
          <bdi id="subject">{showHidden(email.subject) || text.noSubject}</bdi>
          <small> {email.date}</small>
        </dd>
      </dl>
    </section>
  );
}

function PersonLine(props: { text: ApproveTexts; person: Person; newPeople: readonly string[] }) {
  const isNew = props.newPeople.includes(props.person.address.toLowerCase());
  return (
    <li class={isNew ? "new" : undefined}>
      <bdi>{writePerson(props.person)}</bdi>
      {isNew ? <small> {props.text.newPerson}</small> : null}
    </li>
  );
}

/** Lines shown before the rest is folded, so that the buttons are near. */
const shownLines = 40;

function LongText({ text, id, words }: { text: ApproveTexts; id: string; words: string }) {
  const lines = showHidden(words).split("\n");
  const rest = lines.slice(shownLines);
  return (
    <div id={id} class="words">
      <pre dir="auto">{lines.slice(0, shownLines).join("\n")}</pre>
      {rest.length === 0 ? null : (
        <details>
          <summary>{text.moreLines(rest.length, rest.join("\n").length)}</summary>
          <pre dir="auto">{rest.join("\n")}</pre>
        </details>
      )}
    </div>
  );
}

/** Subjects shown before the rest is folded. */
const shownSubjects = 50;

/** The emails of an erasure; `fixed`: without check marks, before the person has proven themselves. */
function ErasureList(props: { text: ApproveTexts; erasure: ShownErasure; fixed?: boolean }) {
  const { text, erasure, fixed = false } = props;
  const { emails, permanently } = erasure;
  const item = (at: number) => {
    const email = emails[at];
    if (!email) return null;
    const line = (
      <span>
        <bdi>
          <b>{showHidden(email.subject) || text.noSubject}</b>
        </bdi>
        <small>
          <bdi>{showHidden(email.from)}</bdi> · {email.date} · <bdi>{showHidden(email.mailbox)}</bdi>
        </small>
      </span>
    );
    return (
      <li>
        {fixed ? (
          line
        ) : (
          <label>
            <input type="checkbox" name="email" value={String(at)} checked />
            {line}
          </label>
        )}
      </li>
    );
  };
  const positions = emails.map((_, at) => at);
  const rest = positions.slice(shownSubjects);
  return (
    <section class="shown">
      <p>{permanently ? text.erases(emails.length) : text.trashes(emails.length)}</p>
      {fixed ? null : <input type="hidden" name="list" value="1" />}
      <ul class="erased">{positions.slice(0, shownSubjects).map(item)}</ul>
      {rest.length === 0 ? null : (
        <details>
          <summary>{text.moreEmails(rest.length)}</summary>
          <ul class="erased">{rest.map(item)}</ul>
        </details>
      )}
    </section>
  );
}
