/** The world of a campaign: a reader process, and the whole product in a process of its own with real mail servers. */
import { grantFor } from "../test/support/grant.ts";
import { type HostileImap, startHostileImap } from "../test/support/hostile-imap.ts";
import { type ImapProxy, type ImapRewrite, startImapProxy } from "../test/support/imap-proxy.ts";
import { type MailServerKit, mailServer, type User } from "../test/support/mail-server.ts";
import { openClient, type TestClient } from "../test/support/mcp-client.ts";
import { type ScriptedSmtp, startScriptedSmtp } from "../test/support/scripted-smtp.ts";
import { type ObservedProduct, startObservedProduct } from "./observed-product.ts";
import { createReaderProcess, type ReaderProcess } from "./reader-process.ts";

/** A connected mailbox. */
export type Mailbox = { user: User; accessToken: string; client: TestClient };

export type World = {
  readers: ReaderProcess;
  /** The running product; a new one after a crash, with everything below. */
  open(): Promise<OpenWorld>;
  /** Ends the product, which is in an unknown state; the next `open` starts another. */
  discard(): Promise<void>;
  close(): Promise<void>;
};

export type OpenWorld = {
  product: ObservedProduct;
  kit: MailServerKit;
  /** On the real servers. */
  mailbox: Mailbox;
  /** Behind a proxy that rewrites the responses of the real IMAP server, and beside a scripted SMTP server. */
  rewritten: Mailbox & { proxy: ImapProxy; rewrite: ImapRewrite };
  scripted: Mailbox & { smtp: ScriptedSmtp; imap: HostileImap };
};

export function createWorld(): World {
  const readers = createReaderProcess();
  let opened: Promise<OpenWorld> | undefined;

  async function discard(): Promise<void> {
    const world = await opened?.catch(() => undefined);
    opened = undefined;
    if (!world) return;
    await world.product.kill();
    await Promise.all([world.rewritten.proxy.stop(), world.scripted.smtp.stop(), world.scripted.imap.stop()]);
  }

  return {
    readers,
    open() {
      opened ??= openWorld();
      return opened;
    },
    discard,
    async close() {
      readers.close();
      await discard();
    },
  };
}

async function openWorld(): Promise<OpenWorld> {
  const kit = await mailServer();
  const product = await startObservedProduct();
  const rewrite: ImapRewrite = {};
  const proxy = await startImapProxy(kit, {
    command: (command) => rewrite.command?.(command) ?? command,
    answer: (answer, session) => rewrite.answer?.(answer, session) ?? answer,
  });
  const [smtp, imap] = [await startScriptedSmtp(), await startHostileImap({ exists: 3 })];

  async function connect(
    user: User,
    servers?: Parameters<typeof grantFor>[2] extends infer Options | undefined ? Options : never,
  ): Promise<Mailbox> {
    const { accessToken } = await grantFor(product, user, servers);
    return { user, accessToken, client: await openClient(product, accessToken) };
  }

  const scriptedUser = { address: "scripted@example.test", password: "any" };
  return {
    product,
    kit,
    mailbox: await connect(await kit.newUser()),
    rewritten: {
      ...(await connect(await kit.newUser(), { servers: { imap: proxy.imap, smtp: kit.smtp } })),
      proxy,
      rewrite,
    },
    scripted: {
      ...(await connect(scriptedUser, { servers: { imap: imap.server, smtp: smtp.server } })),
      smtp,
      imap,
    },
  };
}
