/** A short attack by a scripted model; the long one is in test/more. */

import { attackAtApprove, attackAtSend } from "../support/attack-story.ts";
import { mailTest } from "../support/installed.ts";
import { wideRates } from "../support/person.ts";
import { startPublicProduct } from "../support/person-browser.ts";

mailTest(
  "Y04: a model that calls every tool with all it can read makes nothing leave; at send only to known people",
  async () => {
    const product = await startPublicProduct({ rates: wideRates });
    try {
      // Of claude.ai, which keeps _meta from its model.
      await attackAtApprove(product, 30, { showsCards: true, readsMeta: false });
      await attackAtSend(product, 30);
    } finally {
      await product.stop();
    }
  },
);
