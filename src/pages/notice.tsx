/** @jsxImportSource hono/jsx */
/** The page for an error that the person cannot correct in a form: what happened, and the next step. */
import { isLocalClient } from "./client-heading.tsx";
import { Layout, toDocument } from "./layout.tsx";
import { toMinutes } from "./problem-text.ts";
import type { NoticePageProps } from "./props.ts";
import { signInTextsFor } from "./text/sign-in.ts";
import { textsFor } from "./text/texts.ts";

/** Maximum number of characters shown of a refused redirect URI, which anybody may have written. */
const maxShownUri = 300;

export function noticePage(props: NoticePageProps): string {
  const { notice, retryAfterSeconds, redirectHost, refusedRedirectUri, closed, link } = props;
  const { notice: notices, localClient } = textsFor(props.language);
  const { title, text } = toNoticeText(props);
  return toDocument(
    <Layout frame={props} title={title}>
      <h1>{title}</h1>
      <p>{text}</p>
      {redirectHost === undefined ? null : (
        <p>{isLocalClient(redirectHost) ? localClient.goBack : notices.goBack(redirectHost)}</p>
      )}
      {refusedRedirectUri === undefined ? null : (
        <>
          <pre>{refusedRedirectUri.slice(0, maxShownUri)}</pre>
          {closed === undefined ? <p>{notices.redirectSetting}</p> : null}
        </>
      )}
      {closed === undefined ? null : (
        <>
          <p>{notices.clientSetting(closed.name)}</p>
          <pre>{closed.setting}</pre>
        </>
      )}
      {retryAfterSeconds === undefined ? null : <p>{notices.wait(toMinutes(retryAfterSeconds))}</p>}
      {link === undefined ? null : <NextStep href={link} text={notices.again} />}
      {notice === "not_found" ? <NextStep href="/" text={notices.home} /> : null}
    </Layout>,
  );
}

function toNoticeText({ notice, language }: NoticePageProps): { title: string; text: string } {
  const signIn = signInTextsFor(language).notice;
  if (notice === "sign_in_other_browser") return signIn.other_browser;
  if (notice === "sign_in_unknown") return signIn.unknown;
  return textsFor(language).notice[notice];
}

function NextStep({ href, text }: { href: string; text: string }) {
  return (
    <p>
      <a href={href}>{text}</a>
    </p>
  );
}
