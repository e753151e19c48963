import { expect, test } from "bun:test";
import { AppError } from "../../src/errors.ts";
import { createAccess } from "../../src/mail/access.ts";
import type { ConnectionOwner, Connections } from "../../src/mail/connection/connections.ts";
import type { Submissions } from "../../src/mail/connection/submissions.ts";
import { send } from "../../src/mail/outgoing/sending.ts";
import { createTestClock } from "../support/test-clock.ts";
import { pause } from "../support/waiting.ts";

test("a bug met while Sent is looked for does not end the process when nothing is sent", async () => {
  const address = "ann@example.test";
  const server = { host: "localhost", port: 1, security: "tls" } as const;
  const owner: ConnectionOwner = {
    grantId: "grt_1",
    accountId: "acc_00000001",
    credentials: { address, username: address, password: "x", provider: "generic", imap: server },
  };
  const connections: Connections = {
    use: () => Promise.reject(new TypeError("undefined is not an object")),
    closeGrant() {},
    count: () => 0,
    close: async () => {},
  };
  const submissions: Submissions = {
    async submit() {
      await pause(1);
      throw new AppError("recipient_refused", "No.");
    },
    closeGrant() {},
    close: async () => {},
  };
  const { signal } = new AbortController();
  const access = createAccess({ owner, connections, signal, clock: createTestClock() });
  const composed = {
    ...{ messageId: "<1@example.test>", recipients: ["ben@example.test"], content: "", notes: [] },
    ...{ raw: new Uint8Array(1), copy: new Uint8Array(1) },
    preview: { from: { address }, to: [], cc: [], bcc: [], subject: "", text: "", attachments: [] },
  };
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on("unhandledRejection", hear);
  try {
    const deps = { owner, submissions, signal, access, afterwards: () => access, filesSentMail: false };
    expect(await send(deps, composed, undefined).catch(({ code }) => code)).toBe("recipient_refused");
    await pause(10);
    expect(unheard).toEqual([]);
  } finally {
    process.off("unhandledRejection", hear);
  }
});
