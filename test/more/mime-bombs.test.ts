/** Emails that are expensive to parse, in the formats in which test/safety does not read them. */
import { describeMimeBombs, emailFormats } from "../support/mime-bomb-tests.ts";
import { expensiveMimeBombs, mimeBombs } from "../support/mime-bombs.ts";

describeMimeBombs(Object.keys(mimeBombs), (name) => {
  const read = expensiveMimeBombs.includes(name) ? ["markdown"] : ["markdown", "html"];
  return emailFormats.filter((format) => !read.includes(format));
});
