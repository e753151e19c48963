/** The sockets under imapflow: its own kind (TCP, TLS, STARTTLS), read no faster than the process allows. */

import { connect as connectPlain, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { ImapTransport, ImapTransportSocket } from "imapflow";
import type { CertificateJudge } from "../outbound/server-certificate.ts";
import type { Throttle } from "../throttle.ts";

/** Maximum octets that are passed on at once. */
const pieceBytes = 32 * 1024;

/** Octets of commands that are gathered into one write: each write is a TLS record and a system call. */
const gatheredBytes = 4 * 1024;

type Paced = ImapTransportSocket & {
  /** Stops reading and returns the socket for TLS. Undefined when unsolicited bytes are left. */
  release(): Socket | undefined;
};

/**
 * Creates the transport of one connection. Its destination is the vetted address that the client was given. `judge`
 * decides about the certificate before imapflow learns that the connection is secure.
 */
export function createPacedTransport(throttle: Throttle, judge?: CertificateJudge): ImapTransport {
  let plain: Paced | undefined;
  const secure = (options: Parameters<typeof connectTls>[0], onSecure: () => void) => {
    const socket = connectTls(options, () => {
      const refusal = judge?.(socket);
      if (refusal) socket.destroy(refusal);
      else onSecure();
    });
    return toPaced(socket, throttle);
  };
  return {
    connect({ host, port, servername, tls, secure: isSecure }, onConnect) {
      if (!isSecure) {
        plain = toPaced(connectPlain({ host, port }, onConnect), throttle);
        return plain;
      }
      return secure({ ...tls, host, port, servername }, onConnect);
    },

    upgrade(_socket, { host, port, servername, tls }, onSecure) {
      const socket = plain?.release();
      // RFC 9051 section 6.2.1: nothing may come between the OK and the handshake.
      if (!socket) throw new Error("bytes before the TLS handshake");
      return secure({ ...tls, socket, host, port, servername }, onSecure);
    },
  };
}

function toPaced(inner: Socket | TLSSocket, throttle: Throttle): Paced {
  const pieces: Buffer[] = [];
  /** The reader asked for more; a piece waits for the throttle; the other side has ended. */
  let isWanted = false;
  let passing = false;
  let ended = false;
  let released = false;
  /** Commands of this turn of the event loop. */
  let unsent: Buffer[] = [];
  let unsentBytes = 0;
  let sending: ReturnType<typeof setImmediate> | undefined;

  const outer = new Duplex({
    allowHalfOpen: false,
    read() {
      isWanted = true;
      passOn();
    },
    write(chunk: Buffer, _encoding, done) {
      unsent.push(chunk);
      unsentBytes += chunk.length;
      if (unsentBytes > gatheredBytes) {
        send(done);
        return;
      }
      sending ??= setImmediate(() => send());
      done();
    },
    final(done) {
      send();
      // A socket that the other side has ended cannot be ended again.
      inner.end(() => done());
    },
    destroy(error, done) {
      pieces.length = 0;
      clearImmediate(sending);
      inner.destroy();
      done(error);
    },
  });

  /** Writes the commands that were gathered; calls `done` when the socket has taken them. */
  function send(done?: (error?: Error | null) => void): void {
    clearImmediate(sending);
    sending = undefined;
    const [first, ...others] = unsent;
    unsent = [];
    unsentBytes = 0;
    if (first) inner.write(others.length > 0 ? Buffer.concat([first, ...others]) : first, done);
  }

  /** Passes the next piece on when the reader wants it and the throttle allows it; reads more when none is left. */
  function passOn(): void {
    if (passing || !isWanted || outer.destroyed) return;
    const piece = pieces.shift();
    if (piece) {
      passing = true;
      throttle.schedule(piece.length, () => {
        passing = false;
        if (outer.destroyed) return;
        isWanted = outer.push(piece);
        passOn();
      });
    } else if (ended) setImmediate(finish);
    else if (!released) inner.resume();
  }

  function finish(): void {
    if (!outer.destroyed && !outer.readableEnded) outer.push(null);
  }

  function onBytes(bytes: Buffer): void {
    inner.pause();
    for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
    passOn();
  }

  // Octets before the end are still passed on, and the end one turn later: the reader must see a BYE, which gives the
  // reason for the end, before it closes.
  function onEnd(): void {
    ended = true;
    if (!passing && pieces.length === 0) finish();
    else passOn();
  }

  inner.on("data", onBytes);
  inner.on("end", onEnd);
  inner.on("close", () => (ended ? undefined : onEnd()));
  inner.on("error", (error) => outer.destroy(error));
  inner.on("timeout", () => outer.emit("timeout"));

  return Object.assign(outer, {
    setTimeout: (ms: number) => inner.setTimeout(ms),
    setKeepAlive: (enable?: boolean, delay?: number) => inner.setKeepAlive(enable, delay),
    getCipher: () => ("getCipher" in inner ? inner.getCipher() : null),
    release() {
      released = true;
      send();
      inner.pause();
      inner.removeListener("data", onBytes);
      inner.removeListener("end", onEnd);
      return pieces.length > 0 || passing ? undefined : inner;
    },
  });
}
