/** All routes of the product, with the middleware in front of them. Receives every dependency and opens nothing. */
import { type Context, Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ApproveRoutesDeps, createApproveRoutes } from "./approvals/approve-routes.ts";
import { createConnectionRoutes } from "./approvals/connection-routes.ts";
import type { ConnectionRoutesDeps } from "./approvals/connection-view.ts";
import type { Config } from "./config.ts";
import { createExchangeLog } from "./http/exchange-log.ts";
import { type AppEnv, createCors, createGuard, createRequireKnownOrigin, limitBody } from "./http/guard.ts";
import { createRequireLoopbackHost } from "./http/loopback.ts";
import { createNotFound, createOnError, refuseMethod } from "./http/on-error.ts";
import { createOperatorRoutes, type OperatorDeps } from "./http/operator.ts";
import { toSecurityTxt } from "./http/security-txt.ts";
import { createLinkRoutes, type LinkRoutesDeps } from "./links/routes.ts";
import type { Log } from "./log.ts";
import { createMcpRoutes, type McpDeps } from "./mcp/routes.ts";
import { createRequireGrant } from "./oauth/bearer.ts";
import type { Grants } from "./oauth/grants.ts";
import { createOAuthRoutes, type OAuthDeps } from "./oauth/routes.ts";
import { faviconIco, faviconSvg } from "./pages/favicon.ts";
import { pageHeaders } from "./pages/headers.ts";
import { noticePage } from "./pages/notice.tsx";
import type { NoticePageProps, PageFrame } from "./pages/props.ts";
import { toLanguage } from "./pages/text/language.ts";

type AppDeps = {
  config: Config;
  log: Log;
  grants: Grants;
  oauth: OAuthDeps;
  mcp: Omit<McpDeps, "config" | "requireKnownOrigin" | "requireGrant">;
  links: LinkRoutesDeps;
  approvals: ApproveRoutesDeps & ConnectionRoutesDeps;
  operator: OperatorDeps;
};

const cacheHeaders = { "Cache-Control": "public, max-age=86400" };

/** Maximum body size of a form or token request, in bytes. */
const maxFormBytes = 16 * 1024;

export function createApp({ config, log, grants, oauth, mcp, links, approvals, operator }: AppDeps) {
  const requireGrant = createRequireGrant({ grants, config, limits: oauth.limits });
  const requireKnownOrigin = createRequireKnownOrigin({ config });
  const limitForm = limitBody(maxFormBytes);

  const frameOf = (c: Context): PageFrame => ({
    language: toLanguage(c.req.header("Accept-Language")),
    operator: config.operator,
  });
  const showNotice = (
    c: Context,
    { status, ...props }: Omit<NoticePageProps, keyof PageFrame> & { status: ContentfulStatusCode },
  ) => c.body(noticePage({ ...frameOf(c), ...props }), status, pageHeaders);

  // Not strict: a trailing slash in a typed URL is ignored.
  const app = new Hono<AppEnv>({ strict: false });
  if (config.logLevel === "debug") app.use(createExchangeLog({ log }));
  return (
    app
      .onError(createOnError({ log, showPage: showNotice }))
      .notFound(
        createNotFound({ config, showPage: (c) => showNotice(c, { notice: "not_found", status: 404 }) }),
      )
      .use(createGuard({ log }))
      .use(createRequireLoopbackHost({ config }))
      .use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }))

      // CORS, for the endpoints that programs in a browser call.
      .on(
        "ALL",
        ["/mcp", "/oauth/*", "/.well-known/*", "/authorize", "/token", "/register", "/revoke"],
        createCors({ config }),
      )

      // The landing page, for a person who opens the connector's URL in a browser.
      .get("/mcp", (c, next) =>
        c.req.header("Sec-Fetch-Mode") === "navigate" ? Promise.resolve(c.redirect("/", 303)) : next(),
      )

      // MCP: /mcp (POST, GET, DELETE).
      .route("/", createMcpRoutes({ ...mcp, config, requireKnownOrigin, requireGrant }))

      // OAuth: /oauth/authorize, connect, token, revoke, register, meta, their root aliases, /.well-known/…
      .use("/oauth/*", limitForm)
      .on("POST", ["/token", "/register", "/revoke"], limitForm)
      .route("/", createOAuthRoutes(oauth))

      // One-time links: /upload/… and /download/….
      .route("/", createLinkRoutes(links))

      // The actions that wait for a person: /approve/….
      .route("/", createApproveRoutes(approvals))

      // The person's own pages: /connection and /connection/….
      .route("/", createConnectionRoutes(approvals))

      // For the operator: /health, /ready, /metrics.
      .route("/", createOperatorRoutes(operator))

      // The contact for reports of vulnerabilities (RFC 9116).
      .get("/.well-known/security.txt", (c) => {
        const { publicUrl } = config;
        const { contacts } = config.operator;
        if (contacts.length === 0) return c.notFound();
        return c.text(toSecurityTxt({ contacts, publicUrl, nowMs: operator.clock.now() }));
      })

      // The landing page, the privacy page, and the icons.
      .get("/", async (c) => {
        const { landingPage } = await import("./pages/landing.tsx");
        const props = { ...frameOf(c), connectorUrl: `${config.publicUrl}/mcp` };
        return c.body(landingPage(props), 200, pageHeaders);
      })
      .get("/privacy", async (c) => {
        const { privacyPage } = await import("./pages/privacy.tsx");
        return c.body(privacyPage(frameOf(c)), 200, pageHeaders);
      })
      .get("/favicon.svg", (c) =>
        c.body(faviconSvg, 200, { ...cacheHeaders, "Content-Type": "image/svg+xml" }),
      )
      .get("/favicon.ico", (c) =>
        c.body(faviconIco, 200, { ...cacheHeaders, "Content-Type": "image/x-icon" }),
      )
  );
}

export type App = ReturnType<typeof createApp>;
