/**
 * A hostile IMAP server. By default it is a small correct one with an INBOX of `exists` emails that accepts any login;
 * at each stage it can be told to misbehave in one of the ways below.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { MailServer } from "../../src/credentials.ts";
import { type Certificate, trustedAuthority } from "./authority.ts";

/** The greeting, or a command's name without UID: LOGIN, LIST, SELECT, FETCH, … */
export type ImapStage =
  | "greeting"
  | "CAPABILITY"
  | "STARTTLS"
  | "LOGIN"
  | "NAMESPACE"
  | "LIST"
  | "STATUS"
  | "SELECT"
  | "SEARCH"
  | "FETCH"
  | "APPEND"
  | "COPY"
  | "MOVE"
  | "STORE"
  | "NOOP";

export type Misdeed =
  /** Sends nothing more, and keeps the connection open. */
  | "stall"
  /** Closes the connection. */
  | "cut"
  /** Sends `* BYE` and closes the connection. */
  | "bye"
  /** Sends an endless line, as fast as it is read. */
  | "endless line"
  /** Announces a literal of 4 GB and sends it. */
  | "huge literal"
  /** Sends one byte every 20 ms, without end. */
  | "drip"
  /** Sends endless unsolicited EXISTS, EXPUNGE and FETCH lines, and never the tagged response. */
  | "flood"
  /** Sends bytes that are not IMAP. */
  | "garbage"
  /** Sends 100,000 nested parentheses. */
  | "nesting"
  /** Sends these bytes, with TAG replaced by the command's tag. */
  | { say: string };

export type HostileScript = {
  /** bare: a plain socket without STARTTLS, which `server` describes as starttls. Default tls. */
  security?: "tls" | "starttls" | "bare";
  certificate?: Certificate;
  /** Maximum TLS version, for one that is too old. */
  maxVersion?: "TLSv1.1";
  exists?: number;
  /** Sent in clear right after the OK to STARTTLS, as an attacker on the network would. */
  beforeTls?: string;
  on?: Partial<Record<ImapStage, Misdeed>>;
  /** Misdeeds of the first connection alone. */
  onFirst?: Partial<Record<ImapStage, Misdeed>>;
};

export type HostileImap = {
  server: MailServer;
  /** All command lines received, over all connections; LOGIN lines include the password. */
  commands: readonly string[];
  connections(): number;
  open(): number;
  /** Changes the behavior from now on, also of open connections. */
  become(on: HostileScript["on"]): void;
  /** Closes all connections. */
  dropAll(): void;
  stop(): Promise<void>;
};

const greeting = "* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE] ready\r\n";

/** The responses of a correct server, in which TAG stands for the command's tag. */
function honest(name: string, exists: number): string {
  const told: Readonly<Record<string, string>> = {
    CAPABILITY: "* CAPABILITY IMAP4rev1 UIDPLUS MOVE\r\n",
    LIST: '* LIST (\\HasNoChildren) "/" INBOX\r\n',
    LSUB: '* LSUB (\\HasNoChildren) "/" INBOX\r\n',
    STATUS: `* STATUS INBOX (MESSAGES ${exists} UIDNEXT ${exists + 1} UIDVALIDITY 7 UNSEEN 0)\r\n`,
    SELECT: [
      "* FLAGS (\\Seen \\Flagged \\Deleted \\Answered \\Draft)",
      "* OK [PERMANENTFLAGS (\\Seen \\*)] ok",
      `* ${exists} EXISTS`,
      "* 0 RECENT",
      "* OK [UIDVALIDITY 7] ok",
      `* OK [UIDNEXT ${exists + 1}] ok`,
      "",
    ].join("\r\n"),
    SEARCH: `* SEARCH${Array.from({ length: Math.min(exists, 50) }, (_, index) => ` ${index + 1}`).join("")}\r\n`,
    NAMESPACE: '* NAMESPACE (("" "/")) NIL NIL\r\n',
    LOGOUT: "* BYE see you\r\n",
  };
  return `${told[name] ?? ""}TAG OK done\r\n`;
}

export async function startHostileImap(script: HostileScript = {}): Promise<HostileImap> {
  const security = script.security ?? "tls";
  const { cert, key } = script.certificate ?? trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const tlsOptions = {
    ...{ cert, key },
    ...(script.maxVersion ? { minVersion: script.maxVersion, maxVersion: script.maxVersion } : {}),
  };
  const exists = script.exists ?? 0;
  let on = script.on ?? {};
  let connections = 0;
  const sockets = new Set<Socket>();
  const commands: string[] = [];

  /** Writes the results of `piece` as fast as they are read, until the connection closes. */
  function pour(socket: Socket, piece: string): void {
    const more = () => {
      while (socket.writable && socket.write(piece)) {
        if (socket.writableLength > 1_000_000) break;
      }
      if (socket.writable) socket.once("drain", more);
    };
    more();
  }

  function act(socket: Socket, misdeed: Misdeed, tag: string): void {
    if (typeof misdeed === "object") {
      socket.write(misdeed.say.replaceAll("TAG", tag));
      return;
    }
    switch (misdeed) {
      case "stall":
        break;
      case "cut":
        socket.destroy();
        break;
      case "bye":
        socket.end("* BYE Autologout; too much to do\r\n");
        break;
      case "endless line":
        socket.write("* OK ");
        pour(socket, "x".repeat(65_536));
        break;
      case "huge literal":
        socket.write("* 1 FETCH (UID 1 BODY[] {4294967290}\r\n");
        pour(socket, "x".repeat(65_536));
        break;
      case "drip": {
        socket.write("* OK ");
        const timer = setInterval(() => socket.writable && socket.write("x"), 20);
        socket.on("close", () => clearInterval(timer));
        break;
      }
      case "flood":
        pour(socket, "* 5 EXISTS\r\n* 1 EXPUNGE\r\n* 2 FETCH (FLAGS (\\Seen) UID 2)\r\n".repeat(1_000));
        break;
      case "garbage":
        socket.write(Buffer.from("\u0000\u00ff<html>{5}\r\n)((\r\n* 1 FETCH ((\r\n", "latin1"));
        break;
      case "nesting":
        socket.write(`* 1 FETCH (UID 1 BODYSTRUCTURE ${"(".repeat(100_000)}\r\n`);
        break;
    }
  }

  function serve(socket: Socket, secured: boolean): void {
    let pending = "";
    const own = connections === 1 ? script.onFirst : undefined;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});

    function command(line: string): void {
      commands.push(line);
      const [tag = "", verb = "", second = ""] = line.split(" ");
      const name = (verb.toUpperCase() === "UID" ? second : verb).toUpperCase().replace("EXAMINE", "SELECT");
      const misdeed = own?.[name as ImapStage] ?? on[name as ImapStage];
      if (misdeed) act(socket, misdeed, tag);
      else if (name === "STARTTLS" && security === "starttls" && !secured) {
        socket.removeAllListeners("data");
        socket.write(`${tag} OK go ahead\r\n${script.beforeTls ?? ""}`);
        serve(new TLSSocket(socket, { isServer: true, ...tlsOptions }), true);
      } else {
        const answer = honest(name, exists).replaceAll("TAG", tag);
        const offered = security === "starttls" && !secured ? "IMAP4rev1 STARTTLS LOGINDISABLED" : undefined;
        socket.write(offered ? answer.replace("IMAP4rev1", offered) : answer);
        if (name === "LOGOUT") socket.end();
      }
    }

    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      for (;;) {
        const end = pending.indexOf("\r\n");
        if (end < 0) return;
        const line = pending.slice(0, end);
        pending = pending.slice(end + 2);
        // A literal is requested and read as a part of the line.
        if (/\{\d+\}$/.test(line)) {
          pending = `${line}${pending}`.replace(/\{\d+\}$/, "");
          socket.write("+ go on\r\n");
          return;
        }
        command(line);
      }
    });
  }

  function accept(socket: Socket): void {
    connections += 1;
    serve(socket, security === "tls");
    if (on.greeting) act(socket, on.greeting, "*");
    else socket.write(security === "starttls" ? "* OK ready\r\n" : greeting);
  }

  const server: Server = security === "tls" ? createTlsServer(tlsOptions, accept) : createServer(accept);
  server.on("error", () => {});
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    server: { host: "localhost", port: address.port, security: security === "tls" ? "tls" : "starttls" },
    commands,
    connections: () => connections,
    open: () => sockets.size,
    become(next) {
      on = next ?? {};
    },
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
