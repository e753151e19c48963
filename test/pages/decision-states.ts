/** The states of the pages on which a person decides, and of those of their connections, with sample values. */
import { type ApprovePageProps, approvePage } from "../../src/pages/approve.tsx";
import { type ConnectionPageProps, connectionListPage, connectionPage } from "../../src/pages/connection.tsx";
import type { PageFrame } from "../../src/pages/props.ts";

const sampleMs = Date.UTC(2027, 0, 15, 9, 30);
const path = `/approve/${"0".repeat(64)}`;
const ana = { name: "Ana Example", address: "ana@example.org" };

const email = {
  from: ana,
  to: [
    { name: "Ben", address: "ben@example.com" },
    { address: "somebody.with.a.rather.long.address@a-long-domain.example.net" },
  ],
  cc: [],
  bcc: [],
  subject: "The minutes of Tuesday",
  text: "Hello Ben,\n\nhere are the minutes.\n\nAna",
  attachments: [{ name: "minutes-of-the-meeting-of-tuesday.pdf", type: "application/pdf", size: 182_000 }],
  newPeople: ["ben@example.com"],
  notes: [],
};

const erasure = {
  permanently: true,
  emails: [
    { from: "News <news@example.com>", subject: "Offers of the week", date: "2026-12-01", mailbox: "INBOX" },
    { from: "shop@example.net", subject: "", date: "2026-11-02", mailbox: "Archive/2026" },
  ],
};

/** The pages with sample values, of which a state gives some. */
function createSamples(frame: PageFrame) {
  const approve = (props: Partial<ApprovePageProps> & Pick<ApprovePageProps, "view">) =>
    approvePage({ ...frame, path, kind: "send", state: "waiting", ...props });
  const decision = { show: "decision", account: ana.address, needsProof: false, passkey: "none" } as const;
  const connection = (props: Partial<ConnectionPageProps>) =>
    connectionPage({
      ...frame,
      path: `/connection/grt_${"0".repeat(32)}`,
      redirectHost: "claude.ai",
      accounts: [{ id: "acc_1", address: ana.address, canSend: true, privateMailboxes: [], signature: true }],
      level: "approve",
      asksForNewPeople: true,
      passkeys: { isOffered: true, listed: [], eachTime: false },
      waiting: [],
      deeds: [],
      createdAt: sampleMs,
      lastUsedAt: sampleMs,
      failedGuesses: 0,
      wrongProofs: 0,
      ...props,
    });
  return { approve, decision, connection };
}

export function renderDecisionStates(frame: PageFrame): Readonly<Record<string, string>> {
  const { approve, decision, connection } = createSamples(frame);
  return {
    "approve-send": approve({ view: { ...decision, content: { email } } }),
    "approve-erase": approve({ kind: "erase", view: { ...decision, content: { erasure } } }),
    "approve-passkey": approve({
      view: { ...decision, content: { email }, passkey: "required", passkeyProblem: "needed" },
    }),
    "approve-proof": approve({ view: { show: "proof", problem: "wrong", hasPasskey: true } }),
    "approve-done": approve({
      state: "done",
      view: { show: "state", answer: { accepted: ["ben@example.com"] } },
    }),
    connection: connection({
      proof: "sealed",
      accounts: [
        { id: "acc_1", address: ana.address, canSend: true, privateMailboxes: [], signature: true },
        {
          id: "acc_2",
          address: "the-office-of-ana@a-rather-long-name-of-a-domain.example.org",
          canSend: false,
          privateMailboxes: [],
          signature: true,
        },
      ],
      waiting: [{ kind: "send", path, expiresAt: sampleMs, subject: "The minutes of Tuesday" }],
      deeds: [
        { at: sampleMs, deed: "moved", count: 12, undo: { operationId: "op_1", isUndone: false } },
        { at: sampleMs, deed: "sent", count: 1 },
      ],
      wrongProofs: 2,
    }),
    "connection-passkeys": connection({
      proof: "sealed",
      passkeys: {
        isOffered: true,
        listed: [
          { id: "pky_1", createdAt: sampleMs, lastUsedAt: sampleMs },
          { id: "pky_2", createdAt: sampleMs, lastUsedAt: null },
        ],
        eachTime: true,
      },
    }),
    "connection-unproven": connection({ problem: "wrong" }),
    connections: connectionListPage({
      ...frame,
      connections: [
        { path: "/connection/grt_1", redirectHost: "claude.ai", addresses: [ana.address], level: "approve" },
      ],
    }),
  };
}

/** States whose parts others show already: test/more inspects them. */
export function renderFurtherDecisionStates(frame: PageFrame): Readonly<Record<string, string>> {
  const { approve, decision, connection } = createSamples(frame);
  return {
    "approve-passkey-or-password": approve({
      view: { ...decision, content: { email }, passkey: "instead", problem: "wrong" },
    }),
    "connection-passkey-refused": connection({
      passkeys: {
        isOffered: true,
        listed: [{ id: "pky_1", createdAt: sampleMs, lastUsedAt: null }],
        eachTime: false,
      },
      passkeyFailed: "proof",
    }),
  };
}
