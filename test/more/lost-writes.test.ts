/** Connections lost at every command of every write, on four kinds of server; the call is then repeated. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import {
  dovecotAs,
  loseEachCommand,
  loseTwice,
  type ServerKind,
  serverKinds,
  writes,
} from "../support/lost-writes.ts";

describeMail.each(Object.keys(serverKinds) as ServerKind[])("A server with %s", (kind) => {
  for (const write of Object.keys(writes))
    test(`${write}: a lost connection and a repeated call double nothing, lose nothing and say nothing false`, async () => {
      const trials = await loseEachCommand(await dovecotAs(kind), write);
      expect(trials.length).toBeGreaterThan(1);
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
    }, 300_000);

  for (const write of ["move_email", "delete_email", "undo", "draft_email"])
    test(`${write}: a connection lost twice, a restart and a repeated call double nothing, lose nothing and say nothing false`, async () => {
      const trials = await loseTwice(await dovecotAs(kind), write);
      expect(trials.length).toBeGreaterThan(1);
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
    }, 600_000);
});
