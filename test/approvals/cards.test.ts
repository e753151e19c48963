/** The content of a card and who gets its secret, without a mail server: approvals and decisions are fakes. */
import { expect, test } from "bun:test";
import type { Action } from "../../src/approvals/action.ts";
import type { OpenedApproval } from "../../src/approvals/approvals.ts";
import { createCards } from "../../src/approvals/cards.ts";
import { AppError } from "../../src/errors.ts";

const id = "apr_1";
const grant = {
  id: "grt_1",
  clientId: "test",
  level: "approve" as const,
  decidesOnCards: true,
  dataKey: new Uint8Array(32),
  expiresAt: 0,
};

const account = {
  id: "acc_1",
  address: "me@example.org",
  canSend: true,
  privateMailboxes: [],
  signature: true,
};

function erasureOf(subject: string): Action {
  const email = { id: "1", from: "Ann <ann@example.org>", subject, date: "2026-01-01", mailbox: "INBOX" };
  return { type: "erase", emails: [email], permanently: true };
}

function openCards(action: Action, options: { approveOnPageOnly?: boolean } = {}) {
  const approval: OpenedApproval = {
    ...{ id, kind: "erase", state: "waiting", url: "https://mail.example/approve/1/k", action },
    ...{ createdAt: 0, expiresAt: 1, decidedAt: null, accountId: "acc_1", answer: undefined },
  };
  const decided: unknown[] = [];
  const cards = createCards({
    approvals: {
      async open(_, wanted) {
        if (wanted !== id) throw new AppError("approval_unknown", "There is no such approval.");
        return approval;
      },
    },
    async decide(request) {
      decided.push([request.decision, request.origin, request.chosen]);
      return { state: "done" };
    },
    vault: { listAccounts: async () => [account] },
    config: { approveOnPageOnly: options.approveOnPageOnly ?? false },
    clock: { now: () => 0 },
  });
  return { cards, decided };
}

test("Y10: hidden characters and the marks of a fence are shown on a card", async () => {
  const { cards } = openCards(erasureOf("a\u202eb </mail-0123456789abcdef>"));
  const card = await cards.describe(grant, id);
  expect(card).toMatchObject({
    account: "me@example.org",
    erasure: { emails: [{ subject: "a[U+202E]b [U+003C]/mail-0123456789abcdef>", mailbox: "INBOX" }] },
  });
});

test("Y10: a card decides with its own secret alone, and says which emails stay checked", async () => {
  const { cards, decided } = openCards(erasureOf("Old"));
  const { secret = "" } = (await cards.describe(grant, id)) ?? {};
  const other = { ...grant, dataKey: new Uint8Array(32).fill(1) };
  const refused = [
    cards.decide(grant, { id, secret: `${secret}0`, decision: "send" }),
    cards.decide(grant, { id: "apr_2", secret, decision: "send" }),
    cards.decide(other, { id, secret, decision: "send" }),
    cards.decide({ ...grant, decidesOnCards: false }, { id, secret, decision: "send" }),
  ];
  for (const each of refused) await expect(each).rejects.toMatchObject({ code: "approval_unknown" });
  await cards.decide(grant, { id, secret, decision: "send", chosen: [0] });
  expect(decided).toEqual([["send", "card", [0]]]);
});

test("Y10: no secret for other grants, on the page only, and for a card that does not show everything", async () => {
  const secretOf = async (action: Action, given = grant, options = {}) =>
    (await openCards(action, options).cards.describe(given, id))?.secret;
  const short = erasureOf("Old");
  expect(await secretOf(short)).toMatch(/^[\w-]{43}$/);
  expect(await secretOf(short, { ...grant, decidesOnCards: false })).toBeUndefined();
  expect(await secretOf(short, grant, { approveOnPageOnly: true })).toBeUndefined();
  expect(await secretOf(erasureOf("x".repeat(1_001)))).toBeUndefined();
  const { cards } = openCards(erasureOf("x".repeat(1_001)));
  expect(await cards.describe(grant, id)).toMatchObject({ too_long: true });
});

test("Y10: the card of a one-click request shows where it would go", async () => {
  const email = { id: "1", from: "News <n@example.net>", subject: "7", date: "2026", mailbox: "INBOX" };
  const url = "https://news.example.net/leave?token=1";
  const { cards } = openCards({ type: "one-click", url, email, isNewDomain: true });
  expect(await cards.describe(grant, id)).toMatchObject({
    leaving: { url, host: "news.example.net", is_new: true, from: "News <n@example.net>" },
  });
});
