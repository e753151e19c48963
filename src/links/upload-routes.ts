/** /upload/{secret}: the page on which a person uploads files for an email. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { type AppEnv, limitBody } from "../http/guard.ts";
import { identifyPeer } from "../http/peer.ts";
import type { Limits } from "../http/rate-limit.ts";
import type { AttachedFile } from "../mail/mail-account.ts";
import { pageHeaders } from "../pages/headers.ts";
import { toLanguage } from "../pages/text/language.ts";
import type { UploadPageProps } from "../pages/upload.tsx";
import { maxUploadBytes, type Uploads } from "./uploads.ts";

export type UploadRoutesDeps = {
  uploads: Uploads;
  config: Pick<Config, "trustedProxies" | "operator">;
  limits: Pick<Limits, "consume">;
};

/** Maximum number of concurrent uploads: each is held in memory while it is sealed. */
const maxConcurrentUploads = 4;
/** The files, and room for the multipart headers. */
const maxFormBytes = maxUploadBytes + 500_000;

export function createUploadRoutes(deps: UploadRoutesDeps) {
  const showPage = createShowPage(deps);
  const requireOpen = createRequireOpen(deps, showPage);
  const limitForm = createLimitForm(showPage);
  let running = 0;
  return new Hono<AppEnv>()
    .get("/upload/:secret{[0-9a-f]{64}}", requireOpen, (c) => showPage(c, { state: "open" }, 200))
    .post("/upload/:secret{[0-9a-f]{64}}", requireOpen, limitForm, async (c) => {
      if (running >= maxConcurrentUploads) {
        c.header("Retry-After", "30");
        return showPage(c, { state: "open", problem: "failed" }, 503);
      }
      running += 1;
      try {
        return await receiveForm(c, { secret: c.req.param("secret"), uploads: deps.uploads, showPage });
      } finally {
        running -= 1;
      }
    });
}

/** Refuses a used or unknown link before the body is read, so that only a valid link occupies memory. */
function createRequireOpen(
  { uploads, config, limits }: UploadRoutesDeps,
  showPage: ShowPage,
): MiddlewareHandler<AppEnv> {
  return async function requireOpen(c, next) {
    await limits.consume("page", identifyPeer(c, config));
    try {
      const { received } = await uploads.readState(c.req.param("secret") ?? "");
      if (received) return showPage(c, { state: "received" }, c.req.method === "GET" ? 200 : 410);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "link_expired") throw error;
      return showPage(c, { state: "over" }, 410);
    }
    await next();
  };
}

/** Shows the page with an explanation when the form is too large. */
function createLimitForm(showPage: ShowPage): MiddlewareHandler<AppEnv> {
  return async function limitForm(c, next) {
    try {
      return await limitBody(maxFormBytes)(c, next);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "too_large") throw error;
      return showPage(c, { state: "open", problem: "tooLarge" }, 413);
    }
  };
}

async function receiveForm(
  c: Context<AppEnv>,
  { secret, uploads, showPage }: { secret: string; uploads: Uploads; showPage: ShowPage },
): Promise<Response> {
  try {
    await uploads.receive(secret, await parseFiles(c));
    return c.redirect(c.req.path, 303);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "link_expired") return showPage(c, { state: "over" }, 410);
    if (error.code === "too_large") return showPage(c, { state: "open", problem: "tooLarge" }, 413);
    return showPage(c, { state: "open", problem: "failed" }, 400);
  }
}

type ShowPage = ReturnType<typeof createShowPage>;

function createShowPage({ config }: Pick<UploadRoutesDeps, "config">) {
  return async function showPage(
    c: Context<AppEnv>,
    props: Pick<UploadPageProps, "state" | "problem">,
    status: 200 | 400 | 410 | 413 | 503,
  ): Promise<Response> {
    const { uploadPage } = await import("../pages/upload.tsx");
    const language = toLanguage(c.req.header("Accept-Language"));
    const html = uploadPage({ language, operator: config.operator, ...props });
    return c.body(html, status, pageHeaders);
  };
}

/** The files of the form. Throws invalid_input for a body that is no form, and too_large of the body limit. */
async function parseFiles(c: Context<AppEnv>): Promise<AttachedFile[]> {
  let form: FormData;
  try {
    form = await c.req.formData();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_input", "This is not a form with files.", { cause: error });
  }
  const files = form.getAll("files").filter((value) => typeof value !== "string");
  return Promise.all(
    files
      // Without a chosen file, a browser sends an empty one without a name.
      .filter(({ name, size }) => size > 0 || name)
      .map(async (file) => ({
        // Bun gives undefined where the form has an empty name.
        name: file.name || "file",
        type: file.type.split(";")[0] ?? "",
        content: new Uint8Array(await file.arrayBuffer()),
      })),
  );
}
