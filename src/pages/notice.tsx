/** @jsxImportSource hono/jsx */
/** A dead end, said kindly and in our own words. */
import { Layout, toDocument } from "./layout.tsx";
import { toMinutes } from "./problem-text.ts";
import type { NoticePageProps } from "./props.ts";
import { textsFor } from "./text/texts.ts";

export function noticePage({ language, notice, retryAfterSeconds }: NoticePageProps): string {
  const words = textsFor(language).notice;
  const { title, text } = words[notice];
  return toDocument(
    <Layout language={language} title={title}>
      <h1>{title}</h1>
      <p>{text}</p>
      {retryAfterSeconds === undefined ? null : <p>{words.wait(toMinutes(retryAfterSeconds))}</p>}
    </Layout>,
  );
}
