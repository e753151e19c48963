/** Connections lost during a move, on the two servers that differ most; test/more has all writes and servers. */
import { expect, test } from "bun:test";
import { describeMail } from "../support/installed.ts";
import { dovecotAs, loseEachCommand, loseWrite } from "../support/lost-writes.ts";

describeMail("A move whose connection is lost after COPY and again while it is finished", () => {
  test("is finished by the repeated call of a new process, and copies nothing twice", async () => {
    const server = await dovecotAs("UIDPLUS without MOVE");
    const trials = await Promise.all(
      [2, 4].map((again) => loseWrite(server, { write: "move_email", at: 4, when: "after", again })),
    );
    for (const { command, cut, first, repeated, problems } of trials) {
      expect(command).toMatch(/^UID COPY/);
      expect(cut).toBe(true);
      expect(first.text).toContain("lost during the change");
      expect(repeated).toMatchObject({ done: true, text: expect.stringContaining("3 of 3 emails moved") });
      expect(problems).toEqual([]);
    }
  });
});

describeMail("A move whose connection is lost at any of its commands", () => {
  for (const kind of ["MOVE and UIDPLUS", "neither"] as const)
    test(`doubles and loses nothing when it is repeated, on a server with ${kind}`, async () => {
      const trials = await loseEachCommand(await dovecotAs(kind), "move_email");
      expect(trials.length).toBeGreaterThan(1);
      expect(trials.filter(({ problems }) => problems.length > 0)).toEqual([]);
    });
});
