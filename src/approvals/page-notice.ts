/** A page for what a person cannot correct in a form. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Config } from "../config.ts";
import { pageHeaders } from "../pages/headers.ts";
import { noticePage } from "../pages/notice.tsx";
import type { NoticePageProps } from "../pages/props.ts";
import { toLanguage } from "../pages/text/language.ts";

export function showNotice(
  c: Context,
  { operator }: Pick<Config, "operator">,
  notice: NoticePageProps["notice"],
  status: ContentfulStatusCode,
  retryAfterSeconds?: number,
): Response {
  const language = toLanguage(c.req.header("Accept-Language"));
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  return c.body(noticePage({ language, operator, notice, retryAfterSeconds }), status, pageHeaders);
}
