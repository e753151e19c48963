/**
 * A proxy in front of the tests' Dovecot that understands as much IMAP as it takes to change what is said: commands
 * line by line, answers one by one with their literals. For servers that Dovecot is not: without an extension, with
 * one of its own, or with a fault in its answers.
 */
import { createServer, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { MailServer } from "../../src/credentials.ts";
import { trustedAuthority } from "./authority.ts";
import type { MailServerKit } from "./mail-server.ts";

export type ImapRewrite = {
  /**
   * A command as Dovecot is to get it, or what the client gets instead of it, TAG standing for its tag. Comes with its
   * tag and without line end; in SEARCH, SORT and THREAD what came as literal is a quoted string. Octets as letters.
   */
  command?: (command: string) => string | { say: string };
  /** One answer as the client is to get it, with its literals and its last line end; empty: not at all. */
  answer?: (answer: string, session: { loggedIn: boolean }) => string;
};

export type ImapProxy = {
  imap: MailServer;
  /** Every command over all connections as the client wrote it, without its tag; literals as above. */
  commands: readonly string[];
  stop(): Promise<void>;
};

/** In these a literal is read before the command is passed on. */
const searches = /^\S+ (UID )?(SEARCH|SORT|THREAD) /i;

export async function startImapProxy(kit: MailServerKit, rewrite: ImapRewrite): Promise<ImapProxy> {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const sockets = new Set<TLSSocket>();
  const commands: string[] = [];

  const server = createServer({ cert, key }, (near) => {
    const far = tlsConnect({ host: "localhost", port: kit.imap.port });
    const session = { loggedIn: false };
    let typed = "";
    /** The beginning of a search, and how long the literal is that comes next. */
    let begun = "";
    let wanted: number | undefined;
    /** Octets that follow and are nobody's business. */
    let passing = 0;
    let said = "";

    function take(line: string): void {
      const literal = /\{(\d+)(\+?)\}$/.exec(line);
      if (literal && !searches.test(begun + line)) {
        passing = Number(literal[1]);
        far.write(`${line}\r\n`, "latin1");
        return;
      }
      if (literal) {
        if (!literal[2]) near.write("+ go ahead\r\n");
        begun += line.slice(0, literal.index);
        wanted = Number(literal[1]);
        return;
      }
      const command = begun + line;
      begun = "";
      commands.push(command.replace(/^\S+ /, ""));
      const changed = rewrite.command?.(command) ?? command;
      if (typeof changed === "string") far.write(`${changed}\r\n`, "latin1");
      else near.write(changed.say.replaceAll("TAG", command.split(" ", 1)[0] ?? ""), "latin1");
    }

    near.on("data", (chunk: Buffer) => {
      typed += chunk.toString("latin1");
      for (;;) {
        if (wanted !== undefined) {
          if (typed.length < wanted) return;
          begun += `"${typed.slice(0, wanted).replace(/["\\]/g, "\\$&")}"`;
          typed = typed.slice(wanted);
          wanted = undefined;
        }
        if (passing > 0) {
          const part = typed.slice(0, passing);
          far.write(part, "latin1");
          passing -= part.length;
          typed = typed.slice(part.length);
          if (passing > 0) return;
        }
        const end = typed.indexOf("\r\n");
        if (end < 0) return;
        const line = typed.slice(0, end);
        typed = typed.slice(end + 2);
        take(line);
      }
    });

    far.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      for (let from = 0; ; ) {
        const end = said.indexOf("\r\n", from);
        if (end < 0) return;
        const literal = /\{(\d+)\}$/.exec(said.slice(from, end));
        if (literal) {
          from = end + 2 + Number(literal[1]);
          continue;
        }
        const answer = said.slice(0, end + 2);
        said = said.slice(end + 2);
        from = 0;
        session.loggedIn ||= /^\S+ OK .*Logged in/i.test(answer);
        near.write(rewrite.answer?.(answer, session) ?? answer, "latin1");
      }
    });

    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    imap: { host: "localhost", port: address.port, security: "tls" },
    commands,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
