/**
 * An IMAP proxy in front of the tests' Dovecot that rewrites commands and responses, with their literals. It emulates
 * servers that lack an extension, have one of their own, or respond incorrectly.
 */
import { createServer, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { MailServer } from "../../src/credentials.ts";
import { trustedAuthority } from "./authority.ts";
import type { MailServerKit } from "./mail-server.ts";
import { tieSockets } from "./tied-sockets.ts";

export type ImapRewrite = {
  /**
   * Rewrites a command for Dovecot, or returns `say`, the response that the client gets instead, in which TAG stands
   * for its tag. The command has its tag and no line end, one character per octet; literals of SEARCH, SORT and THREAD
   * are quoted strings. Of another command with a literal (APPEND) it sees the first line, which it can only cut off.
   */
  command?: (command: string) => string | { say: string } | "hang up";
  /** Rewrites a response with its literals and its final line end; an empty one is not sent. */
  answer?: (answer: string, session: { loggedIn: boolean }) => string;
  /** Closes the connection instead of passing this answer on. */
  hangUpOn?: (answer: string) => boolean;
};

export type ImapProxy = {
  imap: MailServer;
  /** All commands as the client sent them, without their tags; literals as above, other commands up to their literal. */
  commands: readonly string[];
  /** Closes every open connection. */
  drop(): void;
  stop(): Promise<void>;
};

/** Commands whose literals are read before the command is forwarded. */
const searches = /^\S+ (UID )?(SEARCH|SORT|THREAD) /i;

export async function startImapProxy(
  kit: Pick<MailServerKit, "imap">,
  rewrite: ImapRewrite,
): Promise<ImapProxy> {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const sockets = new Set<TLSSocket>();
  const commands: string[] = [];

  const server = createServer({ cert, key }, (near) => {
    const far = tlsConnect({ host: "localhost", port: kit.imap.port });
    const session = { loggedIn: false };
    let typed = "";
    /** The beginning of a search, and the length of the literal that follows. */
    let begun = "";
    let wanted: number | undefined;
    /** Number of octets that follow and are forwarded unread. */
    let passing = 0;
    /** The next line ends a command with a literal, which is listed already. */
    let isListed = false;
    let said = "";

    function take(line: string): void {
      const literal = /\{(\d+)(\+?)\}$/.exec(line);
      if (literal && !searches.test(begun + line)) {
        if (begun === "" && rewrite.command?.(line) === "hang up") {
          near.destroy();
          return;
        }
        passing = Number(literal[1]);
        if (!isListed) commands.push(line.replace(/^\S+ /, ""));
        isListed = true;
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
      if (!isListed) commands.push(command.replace(/^\S+ /, ""));
      isListed = false;
      const changed = rewrite.command?.(command) ?? command;
      if (changed === "hang up") near.destroy();
      else if (typeof changed === "string") far.write(`${changed}\r\n`, "latin1");
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
        if (rewrite.hangUpOn?.(answer)) {
          near.destroy();
          return;
        }
        session.loggedIn ||= /^\S+ OK .*Logged in/i.test(answer);
        near.write(rewrite.answer?.(answer, session) ?? answer, "latin1");
      }
    });

    tieSockets(near, far, sockets);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  function drop(): void {
    for (const socket of sockets) socket.destroy();
  }

  return {
    imap: { host: "localhost", port: address.port, security: "tls" },
    commands,
    drop,
    async stop() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
