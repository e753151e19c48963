/** 500 calls of a scripted model that an email instructs, at each level, on a public and on a loopback server. */
import { expect } from "bun:test";
import { attackAtApprove, attackAtSend } from "../support/attack-story.ts";
import { mailTest } from "../support/installed.ts";
import { wideRates } from "../support/person.ts";
import { startPublicProduct } from "../support/person-browser.ts";
import { startProduct } from "../support/product.ts";

const loopback = "http://localhost:6274/oauth/callback";

const settings = { SENDS_PER_HOUR: "1000", SENDS_PER_DAY: "10000" };

mailTest(
  "Y04: 500 calls on a public server: nothing leaves at approve, nothing is erased",
  async () => {
    const product = await startPublicProduct({ rates: wideRates, settings });
    try {
      await attackAtApprove(product, 500);
    } finally {
      await product.stop();
    }
  },
  600_000,
);

/** A program with the token of Claude Code that announces cards, and a model of claude.ai, which sees no _meta. */
const cardClients = [
  ["a loopback grant that announces cards and reads _meta", { redirectUri: loopback, readsMeta: true }],
  ["a model of claude.ai with cards", { readsMeta: false }],
] as const;

for (const [who, attacked] of cardClients)
  mailTest(
    `Y04: 500 calls of ${who}, also of decide_approval: nothing leaves at approve, nothing is erased`,
    async () => {
      const product = await startPublicProduct({ rates: wideRates, settings });
      try {
        await attackAtApprove(product, 500, { ...attacked, showsCards: true });
      } finally {
        await product.stop();
      }
    },
    600_000,
  );

mailTest(
  "Y04: 500 calls on a loopback server: nothing leaves at approve, nothing is erased",
  async () => {
    const product = await startProduct({ rates: wideRates, settings });
    try {
      await attackAtApprove(product, 500);
      expect(product.logged.join()).not.toContain('"outcome":"done","event":"approval_decided"');
    } finally {
      await product.stop();
    }
  },
  600_000,
);

mailTest(
  "Y04: 500 calls at send with the brake: emails leave only to people written to",
  async () => {
    const product = await startPublicProduct({ rates: wideRates, settings });
    try {
      await attackAtSend(product, 500);
    } finally {
      await product.stop();
    }
  },
  600_000,
);
