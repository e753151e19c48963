/** Connections lost at every command of every write, on real Cyrus and Courier; the call is then repeated. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startCourier, unpackCourier } from "../support/courier.ts";
import { startCyrus, unpackCyrus } from "../support/cyrus.ts";
import { type LosingServer, loseEachCommand, loseTwice, writes } from "../support/lost-writes.ts";
import type { RealServer } from "../support/real-server.ts";

const candidates = {
  // MOVE and UIDPLUS.
  Cyrus: { unpack: unpackCyrus, start: startCyrus, toPath: (name: string) => name },
  // UIDPLUS without MOVE, and no UIDNEXT in SELECT.
  Courier: { unpack: unpackCourier, start: startCourier, toPath: (name: string) => `INBOX.${name}` },
};

for (const [name, { unpack, start, toPath }] of Object.entries(candidates)) {
  const { root, missing } = unpack();
  if (missing !== undefined) process.stderr.write(`\n${name} is not tested: ${missing}\n\n`);

  describe.skipIf(missing !== undefined)(name, () => {
    let kit: RealServer | undefined;

    beforeAll(async () => {
      kit = await start(root ?? "");
    });

    // Hundreds of cut connections leave that many processes of the server.
    afterAll(() => kit?.stop(), 180_000);

    const server = (): LosingServer => {
      if (!kit) throw new Error(`${name} did not start`);
      return { kit, toPath };
    };

    for (const write of Object.keys(writes))
      test(`${write}: a lost connection and a repeated call double nothing, lose nothing and say nothing false`, async () => {
        const trials = await loseEachCommand(server(), write);
        expect(trials.length).toBeGreaterThan(1);
        expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
      }, 600_000);

    for (const write of ["move_email", "undo", "draft_email"])
      test(`${write}: a connection lost twice, a restart and a repeated call double nothing`, async () => {
        const trials = await loseTwice(server(), write);
        expect(trials.length).toBeGreaterThan(1);
        expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
      }, 600_000);
  });
}
