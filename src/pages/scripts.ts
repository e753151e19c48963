/** The scripts of pages that have one, inline, and known to the policy by their hash. */
import connect from "./connect.client.js" with { type: "text" };
import landing from "./landing.client.js" with { type: "text" };
import upload from "./upload.client.js" with { type: "text" };

export const scripts = { connect, landing, upload } as const;
