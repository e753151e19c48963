/** A mail account on the tests' mail server, and tool calls on it without HTTP and OAuth. */

import { systemClock } from "../../src/clock.ts";
import { localComposer } from "../../src/compose/composer.ts";
import { readDocument, readPictures } from "../../src/documents/read-document.ts";
import type { DocumentReader } from "../../src/documents/sandbox.ts";
import { openImap } from "../../src/imap/connect.ts";
import { type Connections, createConnections } from "../../src/imap/connections.ts";
import { type Access, createAccess } from "../../src/mail/access.ts";
import { createMailAccount } from "../../src/mail/create-mail-account.ts";
import type { MailAccount } from "../../src/mail/mail-account.ts";
import { createSenderProfiles } from "../../src/mail/sending/kept-profiles.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { presets } from "../../src/providers/presets.ts";
import { createLocalRenderer } from "../../src/readable/render-task.ts";
import { newKey, newToken } from "../../src/secrets.ts";
import { openSmtp } from "../../src/smtp/connect.ts";
import { createSubmissions } from "../../src/smtp/submissions.ts";
import type { ToolContext } from "../../src/tools/context.ts";
import type { Tool, ToolContent } from "../../src/tools/define-tool.ts";
import { createFence } from "../../src/tools/fence.ts";
import type { MailServerKit, User } from "./mail-server.ts";

export type Reader = {
  mail: MailAccount;
  /** The access that its operations use. */
  access: Access;
  connections: Connections;
  /** Calls a tool as the MCP server does; `text` is all text content, joined by line ends. */
  call(
    tool: Tool,
    input: Record<string, unknown>,
  ): Promise<{ text: string; structured: Record<string, unknown>; content: ToolContent[] }>;
};

/** Reads documents in this process; the child process that the product uses costs 150 ms of CPU for each document. */
const readInProcess: DocumentReader = {
  async read(bytes, signal) {
    signal.throwIfAborted();
    return readDocument(bytes);
  },
  async readPictures(bytes, pages, signal) {
    signal.throwIfAborted();
    return readPictures(bytes, pages);
  },
};

/** Renders in this process, for tests that are about something else. */
export const localRenderer = createLocalRenderer(readInProcess);

/** Opens an account. `imap` is the address of a proxy, if any. The caller closes `connections`. */
export function openReader(
  kit: MailServerKit,
  user: User,
  imap = kit.imap,
  documents = readInProcess,
): Reader {
  const clock = systemClock;
  const outbound = createOutbound({ allowPrivateHosts: ["localhost", "127.0.0.0/8"] });
  const connections = createConnections({
    open: (credentials, signal) => openImap(credentials, { outbound, signal }),
    clock,
  });
  const submissions = createSubmissions({
    open: (credentials, signal) => openSmtp(credentials, { outbound, signal }),
  });
  const signal = AbortSignal.timeout(120_000);
  const owner = {
    grantId: "grt_00000000000000000000000000000000",
    accountId: "acc_0123456789abcdef0123456789abcdef",
    credentials: {
      address: user.address,
      username: user.address,
      password: user.password,
      provider: "generic",
      imap,
      smtp: kit.smtp,
    },
  };
  const mail = createMailAccount({
    renderer: createLocalRenderer(documents),
    composer: localComposer,
    owner,
    connections,
    signal,
    clock,
    submissions,
    own: [user.address],
    filesSentMail: false,
    profile: createSenderProfiles({ clock }).forAccount(newKey(), owner.accountId),
  });
  const context: Pick<
    ToolContext,
    "accounts" | "accountFor" | "grant" | "signal" | "progress" | "providers" | "downloads"
  > = {
    providers: presets,
    downloads: { create: async () => ({ url: "https://here.example/download/secret", expiresAt: 0 }) },
    accounts: [mail],
    accountFor: () => mail,
    grant: { id: owner.grantId, level: "send" },
    signal,
    progress: () => {},
  };
  return {
    mail,
    access: createAccess({ owner, connections, signal, clock, renderer: createLocalRenderer(documents) }),
    connections,
    async call(tool, input) {
      const answer = await tool.call(input, context as ToolContext, createFence(newToken(8)));
      const text = answer.content.map((item) => (item.type === "text" ? item.text : "")).join("\n");
      return { text, structured: answer.structured, content: answer.content };
    },
  };
}

/** Runs `work` with a reader and closes its connections. */
export async function withReader<T>(
  kit: MailServerKit,
  user: User,
  work: (reader: Reader) => Promise<T>,
  documents?: DocumentReader,
): Promise<T> {
  const reader = openReader(kit, user, kit.imap, documents);
  try {
    return await work(reader);
  } finally {
    await reader.connections.close();
  }
}
