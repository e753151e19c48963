/** A short attack by a scripted model; the long one is in test/more. */
import { test } from "bun:test";
import { attackAtApprove, attackAtSend } from "../support/attack-story.ts";
import { wideRates } from "../support/person.ts";
import { startPublicProduct } from "../support/person-browser.ts";

test("Y04: a model that calls every tool with all it can read makes nothing leave; at send only to known people", async () => {
  const product = await startPublicProduct({ rates: wideRates });
  try {
    await attackAtApprove(product, 60);
    await attackAtSend(product, 60);
  } finally {
    await product.stop();
  }
});
