import { version } from "../package.json";

/** The version in package.json. Reported by the command `version`, by /health and in MCP's initialize. */
export const productVersion: string = version;
