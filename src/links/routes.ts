/**
 * The pages behind one-time links. The secret is part of the path; logs contain the pattern of a route, never its path.
 */
import { Hono } from "hono";
import type { AppEnv } from "../http/guard.ts";
import { createDownloadRoutes, type DownloadRoutesDeps } from "./download-routes.ts";
import { createUploadRoutes, type UploadRoutesDeps } from "./upload-routes.ts";

export type LinkRoutesDeps = DownloadRoutesDeps & UploadRoutesDeps;

export function createLinkRoutes(deps: LinkRoutesDeps) {
  return new Hono<AppEnv>().route("/", createDownloadRoutes(deps)).route("/", createUploadRoutes(deps));
}
