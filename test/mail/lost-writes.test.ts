/** Connections lost during a move, on the two servers that differ most; test/more has all writes and servers. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { loseEachCommand } from "../support/lost-writes.ts";

describeMail("A move whose connection is lost at any of its commands", () => {
  for (const kind of ["MOVE and UIDPLUS", "neither"] as const)
    test(`doubles and loses nothing when it is repeated, on a server with ${kind}`, async () => {
      const trials = await loseEachCommand(kind, "move_email");
      expect(trials.length).toBeGreaterThan(1);
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
    });
});
