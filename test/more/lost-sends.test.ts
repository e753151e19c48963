/**
 * send_email with its connection lost at every command of the submission and of IMAP, on real servers: Dovecot with
 * Postfix, and Cyrus and Courier; the call is then repeated.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startCourier, unpackCourier } from "../support/courier.ts";
import { startCyrus, unpackCyrus } from "../support/cyrus.ts";
import type { Unpacked } from "../support/debian-packages.ts";
import { hasMailServer } from "../support/installed.ts";
import { loseEachSend, type SendingServer } from "../support/lost-sends.ts";
import { mailServer } from "../support/mail-server.ts";
import { startPostfix, unpackPostfix } from "../support/postfix.ts";

type Running = SendingServer & { stop(): Promise<void> };

async function startDovecotWithPostfix(root: string): Promise<Running> {
  const kit = await mailServer();
  const postfix = await startPostfix(root, kit.dovecot.ports.lmtp);
  return {
    kit: { ...kit, smtp: postfix.smtp },
    toPath: (name) => name,
    addUser: (user) => postfix.addUser(user),
    stop: () => postfix.stop(),
  };
}

type Candidate = { unpack(): Unpacked; start(root: string): Promise<Running> };

const candidates: Readonly<Record<string, Candidate>> = {
  "Dovecot with Postfix": {
    unpack: () => (hasMailServer ? unpackPostfix() : { missing: "Dovecot, to deliver to, is not installed" }),
    start: startDovecotWithPostfix,
  },
  Cyrus: {
    unpack: unpackCyrus,
    async start(root) {
      const kit = await startCyrus(root);
      return { kit, toPath: (name) => name, stop: () => kit.stop() };
    },
  },
  Courier: {
    unpack: unpackCourier,
    async start(root) {
      const kit = await startCourier(root);
      return { kit, toPath: (name) => `INBOX.${name}`, stop: () => kit.stop() };
    },
  },
};

for (const [name, { unpack, start }] of Object.entries(candidates)) {
  const { root, missing } = unpack();
  if (missing !== undefined) process.stderr.write(`\n${name} is not tested: ${missing}\n\n`);

  describe.skipIf(missing !== undefined)(name, () => {
    let running: Running | undefined;

    beforeAll(async () => {
      running = await start(root ?? "");
    });

    afterAll(() => running?.stop(), 180_000);

    for (const protocol of ["smtp", "imap"] as const)
      for (const draft of [false, true])
        test(`${draft ? "a draft" : "an email"}: a lost ${protocol.toUpperCase()} connection and a repeated call send once, file once and say nothing false`, async () => {
          if (!running) throw new Error(`${name} did not start`);
          const trials = await loseEachSend(running, { protocol, draft });
          process.stderr.write(`${trials.length} trials\n`);
          expect(trials.length).toBeGreaterThan(4);
          expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
        }, 600_000);
  });
}
