/** The emails that are most expensive to parse, in the formats in which test/safety does not read them. */
import { describeMimeBombs, emailFormats } from "../support/mime-bomb-tests.ts";
import { expensiveMimeBombs } from "../support/mime-bombs.ts";

describeMimeBombs(expensiveMimeBombs, () => emailFormats.filter((format) => format !== "markdown"));
