/** A person on the connect page in Chromium; test/more tells further stories, and all of them in Firefox. */
import { browserTest, describeBrowser } from "../support/installed.ts";
import { withChromium } from "../support/tab.ts";
import { tellCancelStory, tellShortestStory } from "./person-story.ts";

describeBrowser("A person in Chromium", () => {
  browserTest(
    "with an app password needs at most three fields and two presses, and can go back after the end",
    () => withChromium(tellShortestStory),
  );
  browserTest("cancels, goes back, and finds what was typed but the password", () =>
    withChromium(tellCancelStory),
  );
});
