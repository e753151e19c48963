/** What stands behind one-time links: a download, the upload page. The secret is in the path, which no log shows. */
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type AppEnv, extendIdleTimeout, limitBody } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { File } from "../mail/mail-account.ts";
import { pageHeaders } from "../pages/headers.ts";
import { noticePage } from "../pages/notice.tsx";
import { toLanguage } from "../pages/text/language.ts";
import { type UploadPageProps, uploadPage } from "../pages/upload.tsx";
import type { Downloads } from "./downloads.ts";
import { maxUploadBytes, type Uploads } from "./uploads.ts";

export type LinksDeps = {
  uploads: Uploads;
  downloads: Downloads;
  config: Pick<Config, "trustedProxies">;
  limits: Pick<Limits, "consume">;
};

/** How long a download may take. */
const downloadMs = 600_000;

/**
 * Always a file to be kept, of no kind in particular, whatever its sender called it (RFC 6266): nothing that came by
 * mail is ever shown as a page of ours.
 */
function fileHeaders(name: string): Record<string, string> {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16)}`,
  );
  return {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
  };
}

/** Chat programs that draw a picture of each link that is written in them, by what they call themselves. */
const previewers =
  /\b(slackbot|twitterbot|telegrambot|discordbot|linkedinbot|googlebot|bingbot|skypeuripreview|bingpreview|facebookexternalhit|whatsapp|mattermost|iframely|embedly)\b/i;

/** Not a person who wants the file: a browser that loads what may be clicked next, or a chat's preview. */
function isLook(c: Context<AppEnv>): boolean {
  const purpose = ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].map((name) => c.req.header(name) ?? "");
  return (
    /prefetch|prerender|preview/i.test(purpose.join()) || previewers.test(c.req.header("User-Agent") ?? "")
  );
}

/** Uploads read at once: each is held in memory while it is sealed. */
const maxAtOnce = 4;
const formBytes = maxUploadBytes + 500_000;

export function createLinkRoutes({ uploads, downloads, config, limits }: LinksDeps) {
  let underWay = 0;

  const show = (
    c: Context<AppEnv>,
    props: Omit<UploadPageProps, "language">,
    status: 200 | 400 | 410 | 413 | 503,
  ) =>
    c.body(
      uploadPage({ language: toLanguage(c.req.header("Accept-Language")), ...props }),
      status,
      pageHeaders,
    );

  /** Before any body is read: a link that is none gets no memory of ours. */
  const requireOpen = createMiddleware<AppEnv>(async function requireOpen(c, next) {
    limits.consume("page", identifyPeer(c, config));
    try {
      if (uploads.look(c.req.param("secret") ?? "").received)
        return show(c, { state: "received" }, c.req.method === "GET" ? 200 : 410);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "link_expired") throw error;
      return show(c, { state: "over" }, 410);
    }
    await next();
  });

  return new Hono<AppEnv>()
    .get("/download/:secret{[0-9a-f]{64}}", async (c) => {
      limits.consume("page", identifyPeer(c, config));
      const secret = c.req.param("secret");
      try {
        // A link works once, and a look spends nothing.
        if (c.req.method === "HEAD" || isLook(c)) {
          downloads.look(secret);
          return c.body(null, c.req.method === "HEAD" ? 200 : 204, fileHeaders("attachment"));
        }
        const signal = AbortSignal.any([c.var.arrived.signal, AbortSignal.timeout(downloadMs)]);
        const { name, body } = await downloads.open(secret, signal);
        // A browser that writes slowly must not be cut off by the server's patience.
        extendIdleTimeout(c, 255);
        return c.body(body, 200, fileHeaders(name));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const language = toLanguage(c.req.header("Accept-Language"));
        const notice = error.code === "link_expired" ? "not_found" : "failed";
        return c.body(
          noticePage({ language, notice }),
          error.code === "link_expired" ? 410 : 502,
          pageHeaders,
        );
      }
    })
    .get("/upload/:secret{[0-9a-f]{64}}", requireOpen, (c) => show(c, { state: "open" }, 200))
    .post(
      "/upload/:secret{[0-9a-f]{64}}",
      requireOpen,
      async (c, next) => {
        try {
          return await limitBody(formBytes)(c, next);
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== "too_large") throw error;
          return show(c, { state: "open", problem: "tooLarge" }, 413);
        }
      },
      async (c) => {
        if (underWay >= maxAtOnce) {
          c.header("Retry-After", "30");
          return show(c, { state: "open", problem: "failed" }, 503);
        }
        underWay += 1;
        try {
          await uploads.receive(c.req.param("secret"), await readFiles(c));
          return c.redirect(c.req.path, 303);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          if (error.code === "link_expired") return show(c, { state: "over" }, 410);
          if (error.code === "too_large") return show(c, { state: "open", problem: "tooLarge" }, 413);
          return show(c, { state: "open", problem: "failed" }, 400);
        } finally {
          underWay -= 1;
        }
      },
    );
}

/** The form's files. Throws invalid_input for a body that is no form, too_large as the body limit does. */
async function readFiles(c: Context<AppEnv>): Promise<File[]> {
  let form: FormData;
  try {
    form = await c.req.formData();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_input", "This is not a form with files.", { cause: error });
  }
  // A browser sends an empty one without a name where none was chosen.
  const chosen = form.getAll("files").filter((value) => typeof value !== "string");
  return Promise.all(
    chosen
      .filter(({ name, size }) => size > 0 || name)
      .map(async (file) => ({
        // Under Bun undefined where the form gives an empty one.
        name: file.name || "file",
        type: file.type.split(";")[0] ?? "",
        content: new Uint8Array(await file.arrayBuffer()),
      })),
  );
}
