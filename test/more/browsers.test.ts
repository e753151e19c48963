/** The stories of the connect page in Firefox, and the longer ones in Chromium, too. */
import { describe } from "bun:test";
import {
  tellCancelStory,
  tellCancelWhileConnectingStory,
  tellSecondMailboxStory,
  tellShortestStory,
} from "../pages/person-story.ts";
import { withFirefox } from "../support/firefox.ts";
import { browserTest, firefoxTest } from "../support/installed.ts";
import { withChromium } from "../support/tab.ts";

describe("A person in Chromium", () => {
  browserTest("goes on to the client without a second mailbox that is not wanted", () =>
    withChromium(tellSecondMailboxStory),
  );
  browserTest("cancels while a mail server keeps the login waiting", () =>
    withChromium(tellCancelWhileConnectingStory),
  );
});

describe("A person in Firefox", () => {
  firefoxTest(
    "with an app password needs at most three fields and two presses, and can go back after the end",
    () => withFirefox(tellShortestStory),
  );
  firefoxTest("goes on to the client without a second mailbox that is not wanted", () =>
    withFirefox(tellSecondMailboxStory),
  );
  firefoxTest("cancels, goes back, and finds what was typed but the password", () =>
    withFirefox(tellCancelStory),
  );
  firefoxTest("cancels while a mail server keeps the login waiting", () =>
    withFirefox(tellCancelWhileConnectingStory),
  );
});
