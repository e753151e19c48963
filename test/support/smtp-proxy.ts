/** A TLS proxy in front of a submission server that closes the connection at one of its commands. */
import { createServer, type TLSSocket, connect as tlsConnect } from "node:tls";
import type { MailServer } from "../../src/credentials.ts";
import { trustedAuthority } from "./authority.ts";
import { tieSockets } from "./tied-sockets.ts";

/** `at` counts the client's commands over all connections; the message with its final dot is one. */
export type SmtpCut = { at: number; when: "before" | "after" };

export type SmtpProxy = {
  smtp: MailServer;
  /** The command at which the connection was closed; undefined when it was not reached. */
  command(): string | undefined;
  stop(): Promise<void>;
};

/** Closes one connection: before the server gets the command, or after it answered it, without passing that on. */
export async function startSmtpProxy(server: MailServer, cut?: SmtpCut): Promise<SmtpProxy> {
  const { cert, key } = trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const sockets = new Set<TLSSocket>();
  let count = 0;
  let command: string | undefined;

  const listener = createServer({ cert, key }, (near) => {
    const far = tlsConnect({ host: "localhost", port: server.port });
    let typed = "";
    let said = "";
    let inMessage = false;
    let isCutting = false;

    /** Counts a command. Answers false when the connection ends before it. */
    function admit(line: string): boolean {
      count += 1;
      if (!cut || count !== cut.at || command !== undefined) return true;
      command = line;
      isCutting = cut.when === "after";
      if (!isCutting) near.destroy();
      return isCutting;
    }

    near.on("data", (chunk: Buffer) => {
      typed += chunk.toString("latin1");
      for (;;) {
        const end = typed.indexOf(inMessage ? "\r\n.\r\n" : "\r\n");
        if (end < 0) return;
        const text = typed.slice(0, end + (inMessage ? 5 : 2));
        typed = typed.slice(text.length);
        const line = inMessage ? "the message" : text.slice(0, 4).toUpperCase();
        inMessage = !inMessage && line === "DATA";
        if (!admit(line)) return;
        far.write(text, "latin1");
      }
    });

    far.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      // The last line of a reply has a space after its code (RFC 5321 section 4.2.1).
      const isWhole = /^\d{3} .*\r\n$/m.test(said);
      if (!isWhole) return;
      if (isCutting) near.destroy();
      else near.write(said, "latin1");
      said = "";
    });

    tieSockets(near, far, sockets);
  });
  listener.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    smtp: { host: "localhost", port: address.port, security: "tls" },
    command: () => command,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
