/** /download/{secret}: streams an attachment to the person's browser, once. */
import { type Context, Hono } from "hono";
import { withDeadline } from "../abort.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type AppEnv, extendIdleTimeout } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import { pageHeaders } from "../pages/headers.ts";
import { noticePage } from "../pages/notice.tsx";
import { toLanguage } from "../pages/text/language.ts";
import type { Downloads } from "./downloads.ts";

export type DownloadRoutesDeps = {
  downloads: Downloads;
  config: Pick<Config, "trustedProxies" | "operator">;
  limits: Pick<Limits, "consume">;
};

/** Maximum duration of a download. */
const downloadMs = 600_000;

/** User agents of chat programs that load a link in a message to show a preview of it. */
const previewAgents =
  /\b(slackbot|twitterbot|telegrambot|discordbot|linkedinbot|googlebot|bingbot|skypeuripreview|bingpreview|facebookexternalhit|whatsapp|mattermost|iframely|embedly)\b/i;

export function createDownloadRoutes({ downloads, config, limits }: DownloadRoutesDeps) {
  return new Hono<AppEnv>().get("/download/:secret{[0-9a-f]{64}}", async (c) => {
    await limits.consume("page", identifyPeer(c, config));
    const secret = c.req.param("secret");
    try {
      // A link works once, so a preview must not redeem it.
      if (c.req.method === "HEAD" || isPreview(c)) {
        await downloads.requireUnused(secret);
        return c.body(null, c.req.method === "HEAD" ? 200 : 204, toFileHeaders("attachment"));
      }
      const signal = withDeadline(c.var.arrived.signal, downloadMs);
      const { name, body } = await downloads.open(secret, signal);
      // A browser that reads slowly would otherwise be disconnected after the usual idle timeout.
      extendIdleTimeout(c, 255);
      return c.body(body, 200, toFileHeaders(name));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const language = toLanguage(c.req.header("Accept-Language"));
      const expired = error.code === "link_expired";
      const notice = expired ? "link_expired" : "failed";
      const page = noticePage({ language, operator: config.operator, notice });
      return c.body(page, expired ? 410 : 502, pageHeaders);
    }
  });
}

/** True for a request that no person made: a browser's prefetch, or a chat program's link preview. */
function isPreview(c: Context<AppEnv>): boolean {
  const purpose = ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].map((name) => c.req.header(name) ?? "");
  return (
    /prefetch|prerender|preview/i.test(purpose.join()) || previewAgents.test(c.req.header("User-Agent") ?? "")
  );
}

/**
 * Headers that make a browser save the file (RFC 6266), whatever its type: an attachment is never shown as a page under
 * our origin.
 */
function toFileHeaders(name: string): Record<string, string> {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  // RFC 8187 section 3.2.1: these four are not attr-char, and encodeURIComponent leaves them.
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
  };
}
