import { version } from "../package.json";

/** What package.json says; told by `version`, /health and the protocol's handshake. */
export const productVersion: string = version;
