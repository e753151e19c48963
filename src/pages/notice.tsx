/** @jsxImportSource hono/jsx */
/** The page for an error that the person cannot correct in a form. */
import { Layout, toDocument } from "./layout.tsx";
import { toMinutes } from "./problem-text.ts";
import type { NoticePageProps } from "./props.ts";
import { textsFor } from "./text/texts.ts";

export function noticePage({ language, notice, retryAfterSeconds }: NoticePageProps): string {
  const notices = textsFor(language).notice;
  const { title, text } = notices[notice];
  return toDocument(
    <Layout language={language} title={title}>
      <h1>{title}</h1>
      <p>{text}</p>
      {retryAfterSeconds === undefined ? null : <p>{notices.wait(toMinutes(retryAfterSeconds))}</p>}
    </Layout>,
  );
}
