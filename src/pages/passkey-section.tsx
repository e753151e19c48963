/** @jsxImportSource hono/jsx */
/** The passkeys of a connection on its page: those there are, "each time", and a new one. */
import { formatMinute } from "./minute.ts";
import { PasskeyField } from "./passkey-parts.tsx";
import type { Language } from "./text/language.ts";
import { type PasskeyTexts, passkeyTextsFor } from "./text/passkey.ts";

export type ShownPasskeys = {
  /** False for a server whose URL names an IP address. */
  isOffered: boolean;
  /** Times in milliseconds since the epoch. */
  listed: readonly { id: string; createdAt: number; lastUsedAt: number | null }[];
  /** Nothing but a passkey decides. */
  eachTime: boolean;
};

/** Passkeys of one connection. */
const maxListed = 5;

type SectionProps = {
  language: Language;
  /** The path of the page. */
  path: string;
  passkeys: ShownPasskeys;
  /** Proves the person for one change; undefined before they have proven themselves. */
  proof: string | undefined;
  /** The last registration did not verify. */
  failed: boolean;
};

export function PasskeySection(props: SectionProps) {
  const { language, path, passkeys, proof, failed } = props;
  const { listed } = passkeys;
  const text = passkeyTextsFor(language);
  if (!passkeys.isOffered && listed.length === 0) return null;
  return (
    <>
      <h2>{text.title}</h2>
      <p class="hint">{text.about}</p>
      <p class="hint">{text.why}</p>
      {failed ? (
        <p role="alert" class="problem">
          {text.failed}
        </p>
      ) : null}
      <PasskeyList {...props} text={text} />
      {listed.length === 0 ? null : <EachTimeForm {...props} text={text} />}
      {proof === undefined ? <p class="hint">{text.prove}</p> : null}
      {proof === undefined || !passkeys.isOffered ? null : listed.length >= maxListed ? (
        <p class="hint">{text.full}</p>
      ) : (
        <form method="post" action={path}>
          <input type="hidden" name="proof" value={proof} />
          <PasskeyField language={language} />
          <div class="actions passkey-only">
            <button
              type="submit"
              name="action"
              value="add_passkey"
              class="quiet"
              data-passkey={`${path}/passkey`}
            >
              {text.add}
            </button>
          </div>
        </form>
      )}
    </>
  );
}

function PasskeyList({ text, path, passkeys, proof }: SectionProps & { text: PasskeyTexts }) {
  if (passkeys.listed.length === 0) return null;
  return (
    <ul class="deeds">
      {passkeys.listed.map(({ id, createdAt, lastUsedAt }, at) => (
        <li>
          <span>
            {text.row(at + 1)}{" "}
            <small>
              {text.registered(formatMinute(createdAt))}
              {lastUsedAt === null ? "" : `, ${text.used(formatMinute(lastUsedAt))}`}
            </small>
          </span>
          {proof === undefined ? null : (
            <form method="post" action={path}>
              <input type="hidden" name="proof" value={proof} />
              <input type="hidden" name="remove" value={id} />
              <button
                type="submit"
                name="action"
                value="remove_passkey"
                class="quiet"
                aria-label={`${text.remove}: ${text.row(at + 1)}`}
              >
                {text.remove}
              </button>
            </form>
          )}
        </li>
      ))}
    </ul>
  );
}

function EachTimeForm({ text, path, passkeys, proof }: SectionProps & { text: PasskeyTexts }) {
  return (
    <form method="post" action={path}>
      {proof === undefined ? null : <input type="hidden" name="proof" value={proof} />}
      <label class="mailbox">
        <input type="checkbox" name="each_time" value="on" checked={passkeys.eachTime} />
        <span>
          {text.eachTime}
          <small>{text.eachTimeHint}</small>
        </span>
      </label>
      <div class="actions">
        <button
          type="submit"
          name="action"
          value="each_time"
          class="quiet"
          aria-label={`${text.saveEachTime}: ${text.eachTime}`}
        >
          {text.saveEachTime}
        </button>
      </div>
    </form>
  );
}
