/**
 * A submission server that follows a script: refuses at any stage, is slow, or closes the connection before or after
 * it accepted the email. Speaks implicit TLS, STARTTLS, or neither; accepts any password.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { MailServer } from "../../src/credentials.ts";
import { type Certificate, trustedAuthority } from "./authority.ts";

export type SmtpStage =
  | "greeting"
  | "EHLO"
  | "STARTTLS"
  | "AUTH"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "RSET"
  | "message";

export type SmtpScript = {
  /** `bare`: a plain socket without STARTTLS. Default tls. */
  security?: "tls" | "starttls" | "bare";
  /** Default: a valid one for localhost. */
  certificate?: Certificate;
  /** Extensions announced in the response to EHLO besides 8BITMIME and AUTH. */
  extensions?: readonly string[];
  /** Replies by stage, such as `{ AUTH: "535 5.7.8 No" }`. */
  replies?: Partial<Record<Exclude<SmtpStage, "RCPT">, string>>;
  /** Returns the reply that refuses a recipient; undefined accepts it. */
  refuseRecipient?: (address: string) => string | undefined;
  /** Closes the connection at this stage, without a reply. */
  cutAt?: Exclude<SmtpStage, "message">;
  /** Closes the connection after this number of bytes of the message, before its final dot. */
  cutBeforeDotAfter?: number;
  /** Closes the connection after the final dot, without a reply, the email accepted or not. */
  cutAfterDot?: "taken" | "lost";
  /** Sends nothing from this stage on, and keeps the connection open. */
  stallAt?: SmtpStage;
  /** Delay before each reply, in milliseconds; before the replies of one stage where that is named. */
  slowMs?: number;
  slowAt?: SmtpStage;
};

export type Taken = { from: string; recipients: string[]; raw: string };

export type ScriptedSmtp = {
  /** The address of the server; its security is starttls for `bare` too. */
  server: MailServer;
  /** Accepted emails, oldest first. */
  taken: readonly Taken[];
  /** All command lines received, over all connections. */
  commands: readonly string[];
  connections(): number;
  /** Number of open connections. */
  open(): number;
  /** Replaces the script from now on. */
  become(script: Omit<SmtpScript, "security" | "certificate">): void;
  stop(): Promise<void>;
};

export async function startScriptedSmtp(first: SmtpScript = {}): Promise<ScriptedSmtp> {
  let script: SmtpScript = first;
  const security = first.security ?? "tls";
  const { cert, key } = first.certificate ?? trustedAuthority().issue({ hosts: ["localhost", "127.0.0.1"] });
  const sockets = new Set<Socket>();
  const taken: Taken[] = [];
  const commands: string[] = [];
  let connections = 0;

  function serve(socket: Socket, secured: boolean, greet: boolean): void {
    let envelope: { from: string; recipients: string[] } = { from: "", recipients: [] };
    let message: string | undefined;
    let pending = "";
    let upgraded = false;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client may close the connection at any time.
    socket.on("error", () => {});

    function reply(stage: SmtpStage, usual: string): void {
      if (script.stallAt === stage) return;
      if (script.cutAt === stage) {
        socket.destroy();
        return;
      }
      const text = (stage === "RCPT" ? undefined : script.replies?.[stage]) ?? usual;
      const send = () => socket.writable && socket.write(`${text}\r\n`);
      if (script.slowMs && (script.slowAt ?? stage) === stage) setTimeout(send, script.slowMs);
      else send();
    }

    function upgrade(): void {
      upgraded = true;
      socket.removeAllListeners("data");
      socket.write("220 2.0.0 Go ahead\r\n");
      serve(new TLSSocket(socket, { isServer: true, cert, key }), true, false);
    }

    function command(line: string): void {
      commands.push(line);
      const verb = line.split(" ", 1)[0]?.toUpperCase() ?? "";
      const address = /<([^>]*)>/.exec(line)?.[1] ?? "";
      const offers = security === "starttls" && !secured;
      switch (verb) {
        case "EHLO":
          reply(
            "EHLO",
            [
              "250-localhost",
              ...(offers ? ["250-STARTTLS"] : []),
              "250-8BITMIME",
              ...(first.extensions ?? []).map((name) => `250-${name}`),
              "250 AUTH PLAIN LOGIN",
            ].join("\r\n"),
          );
          break;
        case "STARTTLS":
          if (offers && !script.replies?.STARTTLS && ![script.stallAt, script.cutAt].includes("STARTTLS"))
            upgrade();
          else reply("STARTTLS", "502 5.5.1 Not implemented");
          break;
        case "AUTH":
          reply("AUTH", "235 2.7.0 Welcome");
          break;
        case "MAIL":
          envelope = { from: address, recipients: [] };
          reply("MAIL", "250 2.1.0 Ok");
          break;
        case "RCPT": {
          const refusal = script.refuseRecipient?.(address);
          if (refusal === undefined) envelope.recipients.push(address);
          reply("RCPT", refusal ?? "250 2.1.5 Ok");
          break;
        }
        case "DATA": {
          const ready = envelope.recipients.length > 0 && !script.replies?.DATA;
          if (ready && script.cutAt !== "DATA" && script.stallAt !== "DATA") message = "";
          reply("DATA", ready ? "354 End with a dot" : "554 5.5.1 No valid recipients");
          break;
        }
        case "RSET":
          reply("RSET", "250 2.0.0 Ok");
          break;
        case "QUIT":
          socket.end("221 2.0.0 Bye\r\n");
          break;
        default:
          socket.write(verb === "NOOP" ? "250 2.0.0 Ok\r\n" : "502 5.5.1 Unknown\r\n");
      }
    }

    function endOfMessage(raw: string): void {
      const refused = script.replies?.message !== undefined || script.cutAfterDot === "lost";
      if (!refused) taken.push({ ...envelope, raw: raw.replace(/^\.\./gm, ".") });
      if (script.cutAfterDot) socket.destroy();
      else reply("message", "250 2.0.0 Queued");
    }

    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("latin1");
      for (;;) {
        if (message !== undefined) {
          const whole = `\r\n${pending}`;
          if (script.cutBeforeDotAfter !== undefined && pending.length >= script.cutBeforeDotAfter) {
            socket.destroy();
            return;
          }
          const end = whole.indexOf("\r\n.\r\n");
          if (end < 0) return;
          message = undefined;
          pending = whole.slice(end + 5);
          endOfMessage(Buffer.from(whole.slice(2, end + 2), "latin1").toString("utf8"));
          continue;
        }
        const end = pending.indexOf("\r\n");
        if (end < 0 || upgraded) return;
        const line = Buffer.from(pending.slice(0, end), "latin1").toString("utf8");
        pending = pending.slice(end + 2);
        command(line);
      }
    });
    if (greet) reply("greeting", "220 localhost ESMTP");
  }

  const accept = (secured: boolean) => (socket: Socket) => {
    connections += 1;
    serve(socket, secured, true);
  };
  const server: Server =
    security === "tls" ? createTlsServer({ cert, key }, accept(true)) : createServer(accept(false));
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  return {
    server: { host: "localhost", port: address.port, security: security === "tls" ? "tls" : "starttls" },
    taken,
    commands,
    connections: () => connections,
    open: () => sockets.size,
    become(next) {
      script = next;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
