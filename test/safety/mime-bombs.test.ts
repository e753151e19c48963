/** Emails that are expensive to parse (SECURITY.md, P01). The most expensive are read in all formats by test:more. */
import { describeMimeBombs, emailFormats } from "../support/mime-bomb-tests.ts";
import { expensiveMimeBombs, mimeBombs } from "../support/mime-bombs.ts";

describeMimeBombs(Object.keys(mimeBombs), (name) =>
  expensiveMimeBombs.includes(name) ? ["markdown"] : emailFormats,
);
