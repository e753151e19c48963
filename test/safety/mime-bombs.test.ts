/** Emails that are expensive to parse (SECURITY.md, P01), in the formats that differ most; test:more reads the others. */
import { describeMimeBombs } from "../support/mime-bomb-tests.ts";
import { expensiveMimeBombs, mimeBombs } from "../support/mime-bombs.ts";

describeMimeBombs(Object.keys(mimeBombs), (name) =>
  expensiveMimeBombs.includes(name) ? ["markdown"] : ["markdown", "html"],
);
