/** The upload page behind its one-time link. The link's secret is in the path, which no log shows. */
import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type Door, limitBody } from "../http/guard.ts";
import { type Limits, toPeer } from "../http/rate-limit.ts";
import type { File } from "../mail/mail.ts";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import { type UploadPageProps, uploadPage } from "../pages/upload.tsx";
import { maxUploadBytes, type Uploads } from "./uploads.ts";

export type LinksDeps = {
  uploads: Uploads;
  config: Pick<Config, "trustedProxies">;
  limits: Pick<Limits, "spend">;
};

/** Uploads read at once: each is held in memory while it is sealed. */
const maxAtOnce = 4;
const formBytes = maxUploadBytes + 500_000;

export function createLinkRoutes({ uploads, config, limits }: LinksDeps) {
  let underWay = 0;

  const show = (
    c: Context<Door>,
    props: Omit<UploadPageProps, "language">,
    status: 200 | 400 | 410 | 413 | 503,
  ) =>
    c.body(
      uploadPage({ language: toLanguage(c.req.header("Accept-Language")), ...props }),
      status,
      pageHeaders,
    );

  /** Before any body is read: a link that is none gets no memory of ours. */
  const requireOpen = createMiddleware<Door>(async function requireOpen(c, next) {
    const remote = c.env?.server?.requestIP(c.var.arrived)?.address;
    limits.spend("page", toPeer(remote, c.req.header("X-Forwarded-For"), config.trustedProxies));
    try {
      if (uploads.look(c.req.param("secret") ?? "").received)
        return show(c, { state: "received" }, c.req.method === "GET" ? 200 : 410);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "link_expired") throw error;
      return show(c, { state: "over" }, 410);
    }
    await next();
  });

  return new Hono<Door>()
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
async function readFiles(c: Context<Door>): Promise<File[]> {
  let form: FormData;
  try {
    form = await c.req.formData();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_input", "This is not a form with files.", { cause: error });
  }
  const files = form.getAll("files").filter((value) => value instanceof Blob && value.size > 0);
  return Promise.all(
    files.map(async (file) => {
      if (!(file instanceof Blob)) throw new AppError("invalid_input", "A file is missing.");
      return {
        name: "name" in file && typeof file.name === "string" ? file.name : "file",
        type: file.type.split(";")[0] || "application/octet-stream",
        content: new Uint8Array(await file.arrayBuffer()),
      };
    }),
  );
}
