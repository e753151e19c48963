/** The inline scripts of the pages; the Content-Security-Policy names their hashes. */
import connect from "./connect.client.js" with { type: "text" };
import landing from "./landing.client.js" with { type: "text" };
import passkey from "./passkey.client.js" with { type: "text" };
import upload from "./upload.client.js" with { type: "text" };

export const scripts = { connect, landing, passkey, upload } as const;
